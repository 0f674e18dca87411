import { describe, expect, test, vi } from 'vitest'
import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import type { Verification } from '#shared/verify.ts'
import { equalNames } from '#shared/x509/name.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createCrl, entry } from '../crls.ts'
import { sameKeys } from '../keys.ts'
import { certificateOf, issue } from '../pki.ts'
import { relyingParty, trust, withoutRevocation } from '../relying-party.ts'
import {
  codeOf,
  createWorld,
  decide,
  flipped,
  revokedSerial,
  strictParty,
  type World,
} from './worlds.ts'

/** Thousands of verifications a test: seconds on a machine that does much else as well. */
vi.setConfig({ testTimeout: 120_000 })

/** Every bit of the octets flipped, one at a time. */
function* everyFlip(octets: Bytes): Generator<readonly [bit: number, bent: Bytes]> {
  for (let bit = 0; bit < octets.length * 8; bit += 1) yield [bit, flipped(octets, bit)]
}

/*
 * Every bit, the unsigned ones among them: the outer algorithm, the length octets of the frame, the
 * count of unused bits of the signature and the signature itself.
 */
describe.each(['P-256', 'RSA', 'Ed25519'] as const)('one bit of a path of %s keys', (keyName) => {
  test('of the leaf: never accepted', async () => {
    const world = await createWorld(await sameKeys(keyName))
    const party = await strictParty(world, world.crls)
    expect(codeOf(await decide(world.leaf.der, [world.issuing.der], party))).toBe('accepted')
    for (const [bit, bent] of everyFlip(world.leaf.der)) {
      const decision = await decide(bent, [world.issuing.der], party)
      expect(decision.outcome, `bit ${bit}`).toBe('refused')
    }
  })

  test('of the issuing CA: never accepted', async () => {
    const world = await createWorld(await sameKeys(keyName))
    const party = await strictParty(world, world.crls)
    for (const [bit, bent] of everyFlip(world.issuing.der)) {
      const decision = await decide(world.leaf.der, [bent], party)
      expect(decision.outcome, `bit ${bit}`).toBe('refused')
    }
  })
})

/**
 * An anchor is a name and a key (RFC 5280 6.1.1 (d)): nobody has signed it for us, so its serial, its
 * dates and its signature may say what they like. What accepts is the same name and the same key.
 */
test.each(['P-256', 'Ed25519'] as const)(
  'one bit of an anchor of a %s key: accepted only by the same name (RFC 5280 7.1) and the very same key',
  async (keyName) => {
    const world = await createWorld(await sameKeys(keyName))
    const original = certificateOf(world.root)
    let accepted = 0
    for (const [bit, bent] of everyFlip(world.root.der)) {
      const parsed = parseCertificate(bent)
      if (!parsed.ok) continue
      const store = await trust({ anchors: [{ ...world.root, der: bent }] })
      const party = relyingParty(store, { policy: withoutRevocation })
      const decision = await decide(world.leaf.der, [world.issuing.der], party)
      if (decision.outcome === 'refused') continue
      accepted += 1
      expect(equalNames(parsed.value.subject, original.subject), `bit ${bit}`).toBe(true)
      expect(equalBytes(parsed.value.spki, original.spki), `bit ${bit}`).toBe(true)
    }
    expect(accepted).toBeGreaterThan(0)
  },
)

describe('one bit of a CRL: it answers for nothing', () => {
  test.each([
    { name: 'it neither clears a device', serial: [0x2a] },
    { name: 'nor is one that it revoked let in', serial: revokedSerial },
  ])('$name', async ({ serial }) => {
    const world = await createWorld()
    const leaf = await issue(world.issuing, { serial })
    const roots = await createCrl(world.root)
    const crl = await createCrl(world.issuing, { entries: [entry(revokedSerial)] })
    for (const [bit, bent] of everyFlip(crl)) {
      const party = await partyWith(world, [roots, bent])
      if (party === undefined) continue
      const decision = await decide(leaf.der, [world.issuing.der], party)
      expect(codeOf(decision), `bit ${bit}`).toBe('revocation_unknown')
    }
  })
})

/** Undefined where a list cannot be read, and so never comes into a store. */
async function partyWith(
  world: Pick<World, 'root'>,
  crls: readonly Bytes[],
): Promise<Verification | undefined> {
  return crls.every((crl) => parseCrl(crl).ok) ? strictParty(world, crls) : undefined
}
