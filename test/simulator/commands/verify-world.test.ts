import { expect, test } from 'vitest'
import { createLastWorld } from '#simulator/commands/verify-world.ts'
import type { VerifyCase } from '#simulator/commands/verify-case.ts'
import { instantFromIso } from '#shared/time.ts'

const octets = (...values: number[]) => Uint8Array.from(values)

/** Nothing of it can be read: what is asked here is which readings are made, and when. */
function caseOf(change: Partial<VerifyCase> = {}): VerifyCase {
  return {
    id: 'a',
    chain: [octets(1)],
    trust: [octets(2), octets(3, 4)],
    crls: [octets(5, 6, 7)],
    time: instantFromIso('2027-01-01T00:00:00Z'),
    ...change,
  } as VerifyCase
}

test.each([
  { name: 'the same', change: {} },
  { name: 'another leaf', change: { id: 'b', chain: [octets(9)] as [Uint8Array<ArrayBuffer>] } },
  { name: 'another time', change: { time: instantFromIso('2028-01-01T00:00:00Z') } },
  { name: 'another purpose', change: { purpose: 'server' as const } },
  {
    name: 'other settings of revocation',
    change: { revocation: { mode: 'leaf' as const, unknown: 'accept' as const } },
  },
])('$name is put to what is at hand', async ({ change }) => {
  const worldOf = createLastWorld()
  const first = await worldOf(caseOf())
  expect(await worldOf(caseOf(change as Partial<VerifyCase>))).toBe(first)
})

test.each([
  { name: 'an anchor more', change: { trust: [octets(2), octets(3, 4), octets(8)] } },
  { name: 'an anchor less', change: { trust: [octets(2)] } },
  { name: 'one octet of an anchor', change: { trust: [octets(2), octets(3, 5)] } },
  { name: 'anchors in another order', change: { trust: [octets(3, 4), octets(2)] } },
  { name: 'one octet of a list', change: { crls: [octets(5, 6, 8)] } },
  { name: 'no list', change: { crls: undefined } },
  { name: 'another depth', change: { maxDepth: 1 } },
  { name: 'shorter keys', change: { algs: { minRsaBits: 1024 } } },
  { name: 'SHA-1', change: { algs: { allowSha1: true } } },
])('$name is read anew, and what was at hand is forgotten', async ({ change }) => {
  const worldOf = createLastWorld()
  const first = await worldOf(caseOf())
  const other = await worldOf(caseOf(change as Partial<VerifyCase>))
  expect(other).not.toBe(first)
  expect(await worldOf(caseOf(change as Partial<VerifyCase>))).toBe(other)
  expect(await worldOf(caseOf())).not.toBe(first)
})
