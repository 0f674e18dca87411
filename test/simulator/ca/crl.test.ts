import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import { instantFromIso, shift } from '#shared/time.ts'
import { createDerivedAuthority } from '#simulator/ca/authority.ts'
import { createCrl, type CrlEntry } from '#simulator/ca/crl.ts'
import { Ledger } from '#simulator/ca/ledger.ts'

const at = instantFromIso('2027-01-01T00:00:00Z')
const weekMs = 7 * 86_400_000
const authority = await createDerivedAuthority({
  seed: 7,
  start: at,
  intermediates: 1,
  ledger: new Ledger(),
})
const [issuer] = authority.state.hierarchy.intermediates
if (issuer === undefined) throw new Error('the hierarchy has no issuing authority')
const ca = issuer

const serialOf = (number: number): string => (0x7f000000 + number).toString(16).toUpperCase()
const fields = { number: 300, at, nextUpdateMs: weekMs }

function listOf(entries: readonly CrlEntry[], deltaBase?: number): Crl {
  const base = deltaBase === undefined ? {} : { deltaBase }
  const parsed = parseCrl(createCrl(ca, { ...fields, entries, ...base }))
  if (!parsed.ok) throw new Error(`octet ${parsed.error.offset}: expected ${parsed.error.expected}`)
  return parsed.value
}

const reasons = ['keyCompromise', 'cessationOfOperation', 'privilegeWithdrawn'] as const

test.each([0, 1, 999, 1000, 1001, 5000])(
  'a list of %i entries is read again',
  (count) => {
    const entries = Array.from({ length: count }, (_, number) => ({
      serial: serialOf(number),
      at: shift(at, -1000 * number),
      reason: reasons[number % 3] ?? 'keyCompromise',
    }))
    const crl = listOf(entries)
    expect(crl.index.size).toBe(count)
    expect(crl.number).toBe(300n)
    expect([crl.thisUpdate, crl.nextUpdate]).toEqual([at, shift(at, weekMs)])
    for (const number of [0, count - 1].filter((each) => each >= 0)) {
      const entry = crl.index.find(Buffer.from(serialOf(number), 'hex'))
      expect(entry?.since).toBe(number < count ? shift(at, -1000 * number) : undefined)
    }
    expect(crl.index.find(Buffer.from(serialOf(count), 'hex'))).toBeUndefined()
  },
  30_000,
)

test('a delta names what it is laid over', () => {
  expect(listOf([], 299).deltaBase).toBe(299n)
  expect(listOf([]).deltaBase).toBeUndefined()
})

test('OpenSSL reads it: reasons, serials and number', () => {
  const entries = reasons.map((reason, number) => ({ serial: serialOf(number), at, reason }))
  const der = createCrl(ca, { ...fields, entries })
  const text = execFileSync('openssl', ['crl', '-inform', 'DER', '-noout', '-text'], {
    input: der,
    encoding: 'utf8',
  })
  expect(text).toContain('Key Compromise')
  expect(text).toContain('Cessation Of Operation')
  expect(text).toContain('Privilege Withdrawn')
  expect(text).toContain(`Serial Number: ${serialOf(2)}`)
  expect(text).toContain('X509v3 CRL Number: \n                300')
})
