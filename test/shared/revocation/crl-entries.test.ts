import { array, assert, asyncProperty, constantFrom, record, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import type { CrlIndex } from '#shared/revocation/crl-index.ts'
import { nameKey } from '#shared/x509/name.ts'
import { createCrl, crlOf, reason } from '../crls.ts'
import {
  context,
  explicit,
  generalizedTime,
  integer,
  octets,
  sequence,
  utcTime,
} from '../der/writer.ts'
import { sameKeys } from '../keys.ts'
import { createCa, extension, name } from '../pki.ts'

const ca = await createCa({ keys: await sameKeys('Ed25519') })
const indirect = extension('2.5.29.28', sequence(context(4, octets(0xff))), 'critical')

/** What is written of an entry: few serials and issuers, so that both come again. */
interface Written {
  readonly serial: readonly [number, number]
  readonly issuer: string | undefined
  readonly code: number | undefined
  readonly when: Bytes
}

const written = record({
  serial: tuple(constantFrom(0x40, 0x41), constantFrom(0, 1, 2, 3, 4)),
  issuer: constantFrom(undefined, undefined, undefined, undefined, 'Root', 'Other', 'Third'),
  code: constantFrom(undefined, undefined, undefined, 1, 8),
  when: constantFrom(
    utcTime('260601000000Z'),
    utcTime('240229000000Z'),
    generalizedTime('20500101000000Z'),
  ),
})

function encoded({ serial, issuer, code, when }: Written): Bytes {
  const names = issuer === undefined ? [] : [sequence(explicit(4, name(issuer)))]
  const extensions = [
    ...(code === undefined ? [] : [reason(code)]),
    ...names.map((each) => extension('2.5.29.29', each, 'critical')),
  ]
  return sequence(
    integer(...serial),
    when,
    ...(extensions.length === 0 ? [] : [sequence(...extensions)]),
  )
}

/** RFC 5280 5.3.3 read off the page: whose each entry is, and which of one serial counts. */
function expectedReasons(all: readonly Written[]): ReadonlyMap<string, number> {
  const reasons = new Map<string, number>()
  let current = 'Root'
  for (const { serial, issuer, code = 0 } of all) {
    current = issuer ?? current
    const key = `${current} ${serial.join()}`
    const before = reasons.get(key)
    if (before === undefined || (before === 8 && code !== 8)) reasons.set(key, code)
  }
  return reasons
}

test('usual entries and rarer ones, of issuers in any order, are found where they belong', async () => {
  const holds = asyncProperty(array(written, { maxLength: 60 }), async (all) => {
    const crl = crlOf(await createCrl(ca, { entries: all.map(encoded), extensions: { indirect } }))
    const indexes: Readonly<Record<string, CrlIndex | undefined>> = {
      Root: crl.index,
      Other: crl.indexOfOthers.get(nameKey(name('Other'))),
      Third: crl.indexOfOthers.get(nameKey(name('Third'))),
    }
    const found = new Map<string, number>()
    for (const [issuer, index] of Object.entries(indexes)) {
      for (const first of [0x40, 0x41]) {
        for (let second = 0; second < 6; second += 1) {
          const entry = index?.find(octets(first, second))
          if (entry !== undefined) found.set(`${issuer} ${first},${second}`, entry.reason)
        }
      }
    }
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expectedReasons(all)))
    const sizes = Object.values(indexes).map((index) => index?.size ?? 0)
    expect(sizes.reduce((total, size) => total + size, 0)).toBe(all.length)
  })
  await assert(holds, { seed: 20_260_615, numRuns: 300 })
})
