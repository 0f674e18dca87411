import { assert, asyncProperty, shuffledSubarray } from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { createCrl, entry } from '../crls.ts'
import { newKeys } from '../keys.ts'
import {
  at,
  basicConstraints,
  createCa,
  issue,
  issueCa,
  keyUsage,
  nameConstraints,
  name as nameOf,
  purposes,
  serverAuth,
} from '../pki.ts'
import { explicit, octets } from '../der/writer.ts'
import { codeOf, decide, revokedSerial, runs, strictParty } from './worlds.ts'

/** Hundreds of verifications a test: seconds on a machine that does much else as well. */
vi.setConfig({ testTimeout: 120_000 })

const root = await createCa()
const upper = await issueCa(root, { subject: 'Upper', serial: [1] })
const lower = await issueCa(upper, { subject: 'Lower', serial: [2] })
const stranger = await createCa({ subject: 'Stranger' })
const ended = at('2026-06-01T00:00:00Z')
const device = await issue(lower)

/** The same name and key as the lower CA, from the upper one, otherwise as the test wants it. */
const twin = async (overrides: Parameters<typeof issueCa>[1]): Promise<Bytes> =>
  (await issueCa(upper, { subject: 'Lower', keys: lower.keys, serial: [3], ...overrides })).der

const elsewhere = explicit(4, nameOf('Elsewhere'))

/** What a device may send along: each is either on no path at all or on one that is not to be taken. */
const distractors: Readonly<Record<string, Bytes>> = {
  anchor: root.der,
  stranger: stranger.der,
  leaf: device.der,
  'an empty sequence': octets(0x30, 0x00),
  nothing: octets(),
  'cut off': lower.der.subarray(0, -1),
  'of another key': (await issueCa(upper, { subject: 'Lower', serial: [4] })).der,
  'by a stranger': (await issueCa(stranger, { subject: 'Upper', keys: upper.keys })).der,
  'upper by lower': (await issueCa(lower, { subject: 'Upper', keys: upper.keys })).der,
  'signed by itself': (await createCa({ subject: 'Lower', keys: lower.keys })).der,
  'issued to itself': (await issueCa(lower, { subject: 'Lower', keys: lower.keys, serial: [5] }))
    .der,
  ended: await twin({ notAfter: ended }),
  forged: await twin({ signedWith: await newKeys() }),
  'no CA': await twin({ extensions: { basicConstraints: undefined } }),
  'without leave': await twin({ extensions: { keyUsage: keyUsage('digitalSignature') } }),
  'for servers': await twin({ extensions: { purposes: purposes(serverAuth) } }),
  narrow: await twin({ extensions: { names: nameConstraints({ permitted: [elsewhere] }) } }),
  short: (await issueCa(root, { subject: 'Upper', extensions: { limit: basicConstraints(0) } }))
    .der,
}

const crls = [
  await createCrl(root),
  await createCrl(upper),
  await createCrl(lower, { entries: [entry(revokedSerial)] }),
]
const party = await strictParty({ root }, crls)

/** By name: all that is needed, and up to so many more that the default limits still let them in. */
const pools = shuffledSubarray(Object.keys(distractors), { maxLength: 8 }).chain((beside) =>
  shuffledSubarray(['upper', 'lower', ...beside], { minLength: 2 + beside.length }),
)

const ders: Readonly<Record<string, Bytes>> = {
  ...distractors,
  upper: upper.der,
  lower: lower.der,
}

const decideWith = (leaf: Bytes, pool: readonly string[], by = party) =>
  decide(
    leaf,
    pool.map((each) => ders[each] ?? octets()),
    by,
  )

const devices = [
  { name: 'a device', leaf: device, code: 'accepted' },
  { name: 'revoked', leaf: await issue(lower, { serial: revokedSerial }), code: 'revoked' },
  { name: 'ended', leaf: await issue(lower, { notAfter: ended }), code: 'expired' },
  {
    name: 'forged',
    leaf: await issue(lower, { signedWith: await newKeys() }),
    code: 'signature_invalid',
  },
  { name: 'of a CA that nobody trusts', leaf: await issue(stranger), code: 'untrusted' },
  {
    name: 'a server',
    leaf: await issue(lower, { extensions: { purposes: purposes(serverAuth) } }),
    code: 'purpose_forbids',
  },
] as const

/*
 * Of a refusal the outcome is what stands: which of several reasons is told depends on which ways
 * there are to fail, and many twins use up the budget before the last of them was tried.
 */
describe('neither the order of the pool nor distractors in it change the decision', () => {
  test.each(devices)('$name: $code', async ({ leaf, code }) => {
    expect(codeOf(await decideWith(leaf.der, ['upper', 'lower']))).toBe(code)
    const outcome = code === 'accepted' ? 'accepted' : 'refused'
    const holds = asyncProperty(pools, async (pool) => {
      expect((await decideWith(leaf.der, pool)).outcome).toBe(outcome)
    })
    await assert(holds, runs)
  })

  test('no pool leads past a CA that was revoked', async () => {
    const lists = [
      await createCrl(root),
      await createCrl(upper, { entries: [entry([2]), entry([5])] }),
      await createCrl(lower),
    ]
    const revoking = await strictParty({ root }, lists)
    const holds = asyncProperty(pools, async (pool) => {
      const code = codeOf(await decideWith(device.der, pool, revoking))
      expect(['revoked', 'budget_exhausted']).toContain(code)
    })
    await assert(holds, runs)
  })
})
