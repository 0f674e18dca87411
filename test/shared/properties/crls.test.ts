import { lenientFreshness } from '../relying-party.ts'
import { strictFreshness } from '#shared/revocation/freshness.ts'
import { assert, asyncProperty, constantFrom, shuffledSubarray, subarray } from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { context, integer, octets, sequence } from '../der/writer.ts'
import { createCrl, entry, type CrlOverrides } from '../crls.ts'
import { newKeys } from '../keys.ts'
import { at, createCa, extension, issue } from '../pki.ts'
import { codeOf, createWorld, decide, revokedSerial, runs, strictParty } from './worlds.ts'

/** Hundreds of verifications a test: seconds on a machine that does much else as well. */
vi.setConfig({ testTimeout: 120_000 })

const world = await createWorld()
const { issuing, leaf } = world
const revoked = await issue(issuing, { serial: revokedSerial })
const stranger = await createCa({ subject: 'Stranger' })
const all = [entry([0x2a]), entry(revokedSerial), entry([0x11])]

/** RFC 5280 5.2.5: only CAs [2], only attribute certificates [5], only some reasons [3]. */
const scope = (number: number, value: Uint8Array) =>
  extension('2.5.29.28', sequence(context(number, octets(...value))), 'critical')

const unheardOf = extension('1.3.6.1.4.1.99999.1', octets(0x05, 0x00), 'critical')

/** Lists of the issuing CA's name that revoke everybody, or nobody, and have nothing to say. */
const worthless: readonly (CrlOverrides & { readonly name: string })[] = [
  { name: 'of a lower number', number: 6 },
  {
    name: 'of a lower number, with later times',
    number: 1,
    thisUpdate: at('2026-06-15T00:00:00Z'),
  },
  { name: 'forged', number: 99, signedWith: await newKeys() },
  { name: 'signed by the root', number: 99, signedWith: world.root.keys },
  { name: 'for CAs only', number: 99, extensions: { scope: scope(2, octets(0xff)) } },
  { name: 'for attribute certificates', number: 99, extensions: { scope: scope(5, octets(0xff)) } },
  { name: 'for a meaning unheard of', number: 99, extensions: { odd: unheardOf } },
  {
    name: 'a delta of a list that is not at hand',
    number: 99,
    extensions: { base: extension('2.5.29.27', integer(98), 'critical') },
  },
]

/** From tomorrow on: it clears nobody, and whom it names its issuer has revoked. */
const toCome: CrlOverrides = { number: 99, thisUpdate: at('2026-06-16T00:00:00Z') }

async function listsOf(overrides: CrlOverrides): Promise<Bytes[]> {
  return [
    await createCrl(issuing, overrides),
    await createCrl(issuing, { ...overrides, entries: all }),
  ]
}

const beside: readonly Bytes[] = [
  ...(await Promise.all(worthless.map(listsOf))).flat(),
  await createCrl(issuing, toCome),
  await createCrl(stranger, { entries: all }),
  ...world.crls,
]

const policies: readonly VerificationPolicy[] = [
  strictPolicy,
  { ...strictPolicy, revocation: { of: 'leaf', freshness: strictFreshness } },
  { ...strictPolicy, revocation: { of: 'chain', freshness: lenientFreshness } },
]

const devices = [
  { name: 'a device', device: leaf, code: 'accepted' },
  { name: 'a revoked one', device: revoked, code: 'revoked' },
] as const

describe('an older, forged or out-of-scope CRL never changes the decision', () => {
  test.each(devices)('$name: $code', async ({ device, code }) => {
    const lists = shuffledSubarray([...beside]).chain((more) =>
      shuffledSubarray([...world.crls, ...more], { minLength: world.crls.length + more.length }),
    )
    const holds = asyncProperty(lists, constantFrom(...policies), async (crls, policy) => {
      const party = await strictParty(world, crls, { policy })
      expect(codeOf(await decide(device.der, [issuing.der], party))).toBe(code)
    })
    await assert(holds, runs)
  })

  test('without the list that counts they let nobody in', async () => {
    const [roots = octets()] = world.crls
    const holds = asyncProperty(
      subarray(beside.slice(4, -world.crls.length)),
      constantFrom(...devices),
      async (crls, { device }) => {
        const party = await strictParty(world, [roots, ...crls])
        expect(codeOf(await decide(device.der, [issuing.der], party))).toBe('revocation_unknown')
      },
    )
    await assert(holds, runs)
  })
})

test('a list from tomorrow on: whom it names is revoked', async () => {
  const named = await createCrl(issuing, { ...toCome, entries: all })
  const holds = asyncProperty(
    subarray([...beside]),
    constantFrom(...policies),
    async (more, policy) => {
      const party = await strictParty(world, [...world.crls, named, ...more], { policy })
      expect(codeOf(await decide(leaf.der, [issuing.der], party))).toBe('revoked')
    },
  )
  await assert(holds, runs)
})
