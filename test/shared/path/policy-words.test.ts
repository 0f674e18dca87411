import { describe, expect, test } from 'vitest'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { profiles } from '#shared/path/profile/profiles.ts'
import { verify } from '#shared/verify.ts'
import { createCrl, entry } from '../crls.ts'
import { octets, octetString } from '../der/writer.ts'
import { newKeys } from '../keys.ts'
import { createCa, extension, issue, issueCa, type Entity } from '../pki.ts'
import { relyingParty, trust, withoutRevocation } from '../relying-party.ts'

const keys = await newKeys()

async function said(
  [leaf, ...above]: readonly [Entity, ...Entity[]],
  root: Entity,
  crls: Parameters<typeof trust>[0]['crls'],
  policy: VerificationPolicy,
) {
  const store = await trust({ anchors: [root], crls: crls ?? [] })
  const intermediates = above.map(({ der }) => der)
  const chain = { kind: 'chain', leaf: leaf.der, intermediates } as const
  const decision = await verify(chain, relyingParty(store, { policy }))
  if (decision.outcome === 'accepted') return 'ok'
  const { rejection } = decision
  return 'at' in rejection ? `${rejection.code} at ${rejection.at}` : rejection.code
}

const root = await createCa({ keys })
const issuing = await issueCa(root, { keys, serial: [0x11] })
const device = await issue(issuing, { keys })

describe('whose status is asked', () => {
  test.each([
    { revoked: 'nobody', none: 'ok', leaf: 'ok', chain: 'ok' },
    { revoked: 'the device', none: 'ok', leaf: 'revoked at 0', chain: 'revoked at 0' },
    { revoked: 'its CA', none: 'ok', leaf: 'ok', chain: 'revoked at 1' },
    { revoked: 'both', none: 'ok', leaf: 'revoked at 0', chain: 'revoked at 0' },
  ])('$revoked is revoked', async ({ revoked, ...words }) => {
    const ofRoot = revoked === 'its CA' || revoked === 'both' ? [entry([0x11])] : []
    const ofCa = revoked === 'the device' || revoked === 'both' ? [entry([0x2a])] : []
    const crls = [
      await createCrl(root, { entries: ofRoot }),
      await createCrl(issuing, { entries: ofCa }),
    ]
    for (const of of ['none', 'leaf', 'chain'] as const) {
      const revocation = { ...strictPolicy.revocation, of }
      const policy = { ...strictPolicy, revocation }
      expect(await said([device, issuing], root, crls, policy)).toBe(words[of])
    }
  })

  test('no list of the CA’s own status is missed where only the leaf’s is asked', async () => {
    const policy = {
      ...strictPolicy,
      revocation: { ...strictPolicy.revocation, of: 'leaf' },
    } as const
    const crls = [await createCrl(issuing)]
    expect(await said([device, issuing], root, crls, policy)).toBe('ok')
    expect(await said([device, issuing], root, crls, strictPolicy)).toBe('revocation_unknown at 1')
  })
})

describe('a profile asks each certificate by its place in the path', () => {
  const policy = { ...withoutRevocation, profile: profiles.rfc5280 }
  const conforming = { ...withoutRevocation, profile: profiles.conforming }
  const id = extension('2.5.29.14', octetString(octets(1)))

  test('an anchor is known by its name and key: its serial is its own affair', async () => {
    const odd = await createCa({ keys, serial: [0] })
    expect(await said([await issue(odd, { keys })], odd, [], policy)).toBe('ok')
    const ca = await issueCa(root, { keys, serial: [0] })
    expect(await said([await issue(ca, { keys }), ca], root, [], policy)).toBe(
      'profile_violated at 1',
    )
  })

  test('a device does not say whether it is a CA; an anchor does', async () => {
    expect(await said([device, issuing], root, [], policy)).toBe('ok')
    const silent = await createCa({ keys, extensions: { basicConstraints: undefined } })
    const leaf = await issue(silent, { keys })
    expect(await said([leaf], silent, [], policy)).toBe('profile_violated at 1')
    expect(await said([leaf], silent, [], withoutRevocation)).toBe('ok')
  })

  test('a CA of an audited hierarchy names its key', async () => {
    const aki = extension('2.5.29.35', octets(0x30, 0x03, 0x80, 0x01, 0x01))
    const whole = { keys, extensions: { id, aki } }
    const top = await createCa(whole)
    const named = await issueCa(top, whole)
    const leaf = await issue(named, { keys, extensions: { aki } })
    expect(await said([leaf, named], top, [], conforming)).toBe('ok')
    const unnamed = await issueCa(top, { keys, extensions: { aki } })
    expect(await said([leaf, unnamed], top, [], conforming)).toBe('profile_violated at 1')
  })
})
