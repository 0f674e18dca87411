import { strictFreshness } from '#shared/revocation/freshness.ts'
import { albSerial } from '#shared/wire/serial.ts'
import { describe, expect, test } from 'vitest'
import { strictPolicy } from '#shared/path/policy.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { verify, type Verification } from '#shared/verify.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { context, octets } from './der/writer.ts'
import { createCrl, entry, revokedAt, type CrlOverrides } from './crls.ts'
import { newKeys } from './keys.ts'
import {
  altNames,
  at,
  createCa,
  extension,
  issue,
  issueCa,
  noon,
  purposes,
  serverAuth,
  name,
  certificateOf,
} from './pki.ts'
import { lenientFreshness, relyingParty, trust, withoutRevocation } from './relying-party.ts'

const root = await createCa()
const issuing = await issueCa(root, { serial: [0x11] })
const spiffe = altNames(context(6, toUtf8('spiffe://example.org/car/1')))
const leaf = await issue(issuing, { serial: [0x00, 0xd2, 0xab], extensions: { spiffe } })
const chain = { kind: 'chain', leaf: leaf.der, intermediates: [issuing.der] } as const
const store = await trust({ anchors: [root], epoch: 7 })
const here = relyingParty(store)
const forged = { signedWith: await newKeys() }

/** "ok", or the reason; of a decision nobody should have to look further. */
async function said(presented: Presented, verification: Verification = here) {
  const decision = await verify(presented, verification)
  return decision.outcome === 'accepted' ? 'ok' : decision.rejection
}

describe('each kind of what is presented', () => {
  const fields = {
    serial: 'D2AB',
    issuer: 'CN=Issuing',
    subject: 'CN=car-0001',
    notBefore: at('2026-01-01T00:00:00Z'),
    notAfter: at('2026-12-31T23:59:59Z'),
  }
  const withLeaf = { kind: 'attested', fields, leaf: leaf.der } as const
  const withoutLeaf = { kind: 'attested', fields, leaf: undefined } as const
  const accepting = { ...withoutRevocation, attested: 'accept' } as const

  test.each<{ readonly presented: Presented; readonly says: object }>([
    { presented: { kind: 'none' }, says: { code: 'no_certificate' } },
    {
      presented: { kind: 'withheld', what: 'leaf' },
      says: { code: 'certificate_withheld', what: 'leaf' },
    },
    {
      presented: { kind: 'withheld', what: 'chain' },
      says: { code: 'certificate_withheld', what: 'chain' },
    },
    {
      presented: { kind: 'malformed', field: 'client-cert', expected: 'a byte sequence' },
      says: { code: 'presentation_malformed', field: 'client-cert', expected: 'a byte sequence' },
    },
  ])('$presented.kind is refused by its name: $says', async ({ presented, says }) => {
    expect(await said(presented)).toEqual(says)
  })

  test('a chain: who it is, on what it rests, and what was looked at', async () => {
    const decision = await verify(chain, here)
    expect(decision).toMatchObject({
      outcome: 'accepted',
      identity: {
        serial: 'D2AB',
        subject: name('car-0001'),
        issuer: name('Issuing'),
        spiffeId: 'spiffe://example.org/car/1',
        notBefore: fields.notBefore,
        notAfter: fields.notAfter,
      },
      evidence: { at: noon, epoch: 7, signaturesSpent: 2 },
    })
  })

  test('a word without bytes is refused, unless the policy takes it', async () => {
    expect(await said(withoutLeaf)).toEqual({ code: 'attestation_insufficient' })
    const decision = await verify(withoutLeaf, { ...here, policy: accepting })
    expect(decision).toEqual({
      outcome: 'accepted',
      basis: { kind: 'attestation' },
      identity: { ...fields, spiffeId: undefined },
      evidence: { at: noon, epoch: 7, signaturesSpent: 0 },
    })
  })

  test('a word with the leaf: its bytes are verified, if the store holds its issuers', async () => {
    expect(await said(withLeaf)).toMatchObject({ code: 'untrusted', at: 0 })
    const holding = relyingParty(await trust({ anchors: [root], intermediates: [issuing] }))
    expect(await verify(withLeaf, holding)).toMatchObject({
      outcome: 'accepted',
      basis: { kind: 'path' },
    })
    const late = { ...holding, now: at('2027-06-15T12:00:00Z') }
    expect(await said(withLeaf, late)).toMatchObject({ code: 'expired', at: 0 })
  })

  test('a word with the leaf, under a policy that takes the word', async () => {
    const decision = await verify(withLeaf, { ...here, policy: accepting })
    expect(decision).toMatchObject({ outcome: 'accepted', basis: { kind: 'attestation' } })
  })
})

test('an operator’s word holds under a policy that asks for no lists, of a CA as well', async () => {
  const { issuer, serial } = certificateOf(issuing)
  const revokedSerials = [{ issuer, serial: albSerial(serial), since: noon }]
  const revoking = relyingParty(await trust({ anchors: [root], revokedSerials }))
  expect(await said(chain, revoking)).toMatchObject({ code: 'revoked', at: 1 })
})

const uri = (text: string) => context(6, toUtf8(text))

describe('the identity of a leaf', () => {
  const one = uri('spiffe://example.org/car/1')

  test.each([
    { name: 'one SPIFFE ID', names: [one], spiffeId: 'spiffe://example.org/car/1' },
    {
      name: 'beside a DNS name',
      names: [context(2, toUtf8('car.example.org')), one],
      spiffeId: 'spiffe://example.org/car/1',
    },
    {
      name: 'two URIs (X.509-SVID section 2)',
      names: [one, uri('https://example.org')],
      spiffeId: undefined,
    },
    { name: 'a URI of another scheme', names: [uri('https://example.org')], spiffeId: undefined },
    { name: 'no URI', names: [context(2, toUtf8('car.example.org'))], spiffeId: undefined },
  ])('$name: $spiffeId', async ({ names, spiffeId }) => {
    const device = await issue(root, { extensions: { names: altNames(...names) } })
    const decision = await verify({ kind: 'chain', leaf: device.der, intermediates: [] }, here)
    expect(decision.outcome === 'accepted' && decision.identity.spiffeId).toBe(spiffeId)
  })
})

describe('what cannot be read', () => {
  test('a leaf', async () => {
    const cut = leaf.der.slice(0, -1)
    expect(await said({ ...chain, leaf: cut })).toEqual({
      code: 'malformed_certificate',
      at: 0,
      offset: 0,
      expected: 'Certificate within its enclosing element',
    })
  })

  test('a leaf of no octets', async () => {
    const says = { code: 'malformed_certificate', at: 0, offset: 0, expected: 'Certificate' }
    expect(await said({ ...chain, leaf: octets() })).toEqual(says)
  })

  test('an intermediate is passed over: it is no issuer', async () => {
    const intermediates = [octets(), octets(0x30, 0x80), issuing.der.slice(0, -1), issuing.der]
    expect(await said({ ...chain, intermediates })).toBe('ok')
    expect(await said({ ...chain, intermediates: intermediates.slice(0, 3) })).toMatchObject({
      code: 'untrusted',
    })
  })
})

const filler = (count: number) => ({ filler: extension('1.2.3', new Uint8Array(count)) })

describe('sizes', () => {
  const limits = { certificateOctetsMax: leaf.der.length, presentedMax: 2 }
  const large = leaf.der.length + 1

  test.each([
    {
      name: 'as large as may be, as many as may be',
      intermediates: [issuing.der, issuing.der],
      says: 'ok',
    },
    {
      name: 'one certificate more',
      intermediates: [issuing.der, issuing.der, issuing.der],
      says: { code: 'chain_too_deep', found: 3, limit: 2 },
    },
    {
      name: 'an intermediate one octet larger',
      intermediates: [issuing.der, new Uint8Array(large)],
      says: { code: 'certificate_too_large', bytes: large, limit: leaf.der.length },
    },
  ])('$name', async ({ intermediates, says }) => {
    const bounded = relyingParty(await trust({ anchors: [root], limits }))
    expect(await said({ ...chain, intermediates }, bounded)).toEqual(says)
  })

  test('a leaf one octet larger, though it is nothing but octets', async () => {
    const bounded = relyingParty(await trust({ anchors: [root], limits }))
    const says = { code: 'certificate_too_large', bytes: large, limit: leaf.der.length }
    expect(await said({ ...chain, leaf: new Uint8Array(large) }, bounded)).toEqual(says)
  })

  test('sixteen kilobytes by default, as ALB has it', async () => {
    const bare = (await issue(root, { extensions: filler(16_000) })).der.length - 16_000
    const fits = await issue(root, { extensions: filler(16_384 - bare - 6) })
    expect(fits.der.length).toBeLessThanOrEqual(16_384)
    expect(await said({ kind: 'chain', leaf: fits.der, intermediates: [] })).toBe('ok')
  })
})

describe('a platform that says "revoked"', () => {
  const revoked = { ...chain, platformSaysRevoked: true } as const

  test('is believed, though no list of ours says so', async () => {
    const says = { code: 'revoked', at: 0, serial: 'D2AB', since: undefined }
    expect(await said(revoked)).toEqual(says)
  })

  test('is believed of certificates that are not trusted either', async () => {
    const stranger = await createCa({ subject: 'Stranger' })
    const nowhere = relyingParty(await trust({ anchors: [stranger] }))
    expect(await said(revoked, nowhere)).toMatchObject({ code: 'revoked' })
  })

  test('of something that cannot be read: that is said first', async () => {
    expect(await said({ ...revoked, leaf: octets() })).toMatchObject({
      code: 'malformed_certificate',
    })
  })
})

const unknown = (gap: string, certificateAt = 0, serial = 'D2AB') => ({
  code: 'revocation_unknown',
  at: certificateAt,
  serial,
  gap,
})

/** The verdict with a list of the issuing CA and one of the root; none where it is null. */
async function underLists(
  ofIssuing: CrlOverrides | null,
  ofRoot: CrlOverrides | null,
  revocation: Verification['policy']['revocation'] = strictPolicy.revocation,
) {
  const crls = [
    ...(ofIssuing === null ? [] : [await createCrl(issuing, ofIssuing)]),
    ...(ofRoot === null ? [] : [await createCrl(root, ofRoot)]),
  ]
  const policy = { ...strictPolicy, revocation }
  return said(chain, relyingParty(await trust({ anchors: [root], crls }), { policy }))
}

describe('revocation', () => {
  const listed = { entries: [entry([0x00, 0xd2, 0xab])] }
  const ended = { nextUpdate: at('2026-06-15T00:00:00Z') }
  const future = { thisUpdate: at('2026-06-16T00:00:00Z'), nextUpdate: at('2026-06-17T00:00:00Z') }
  const isRevoked = { code: 'revoked', at: 0, serial: 'D2AB', since: revokedAt }
  test.each([
    { name: 'nobody is listed', ofIssuing: {}, ofRoot: {}, says: 'ok' },
    { name: 'the leaf is listed', ofIssuing: listed, ofRoot: {}, says: isRevoked },
    {
      name: 'the leaf is listed in a stale list',
      ofIssuing: { ...listed, ...ended },
      ofRoot: {},
      says: isRevoked,
    },
    { name: 'the leaf’s list is stale', ofIssuing: ended, ofRoot: {}, says: unknown('stale') },
    {
      name: 'the leaf’s list begins tomorrow',
      ofIssuing: future,
      ofRoot: {},
      says: unknown('not_yet_current'),
    },
    { name: 'the leaf’s list is missing', ofIssuing: null, ofRoot: {}, says: unknown('absent') },
    { name: 'the leaf’s list is forged', ofIssuing: forged, ofRoot: {}, says: unknown('forged') },
    {
      name: 'the intermediate is listed',
      ofIssuing: {},
      ofRoot: { entries: [entry([0x11])] },
      says: { code: 'revoked', at: 1, serial: '11', since: revokedAt },
    },
    {
      name: 'the intermediate’s list is missing',
      ofIssuing: {},
      ofRoot: null,
      says: unknown('absent', 1, '11'),
    },
    {
      name: 'the leaf’s serial stands in the list of the wrong issuer',
      ofIssuing: {},
      ofRoot: listed,
      says: 'ok',
    },
  ])('$name', async ({ ofIssuing, ofRoot, says }) => {
    expect(await underLists(ofIssuing, ofRoot)).toEqual(says)
  })

  test.each([
    { name: 'the list is missing', ofIssuing: null, says: 'ok' },
    { name: 'the list is stale', ofIssuing: ended, says: 'ok' },
    { name: 'the leaf is listed', ofIssuing: listed, says: isRevoked },
    {
      name: 'the leaf is listed in a stale list',
      ofIssuing: { ...listed, ...ended },
      says: isRevoked,
    },
    { name: 'the list is forged', ofIssuing: forged, says: unknown('forged') },
  ])('a policy that takes what is unknown: $name', async ({ ofIssuing, says }) => {
    expect(await underLists(ofIssuing, {}, { of: 'chain', freshness: lenientFreshness })).toEqual(
      says,
    )
  })

  test.each([
    { name: 'leaf', of: 'leaf', says: 'ok' },
    { name: 'chain', of: 'chain', says: unknown('absent', 1, '11') },
  ] as const)('a policy that asks for the $name', async ({ of, says }) => {
    expect(await underLists({}, null, { of, freshness: strictFreshness })).toEqual(says)
  })

  test('a policy that asks for nobody', async () => {
    expect(await underLists(listed, null, { of: 'none', freshness: strictFreshness })).toBe('ok')
  })

  test('a CA without leave to sign CRLs revokes nobody, and clears nobody', async () => {
    const keyCertSign = {
      keyUsage: extension('2.5.29.15', octets(0x03, 0x02, 0x02, 0x04), 'critical'),
    }
    const unable = await issueCa(root, { serial: [0x12], extensions: keyCertSign })
    const device = await issue(unable, { serial: [0x2a] })
    const crls = [await createCrl(unable), await createCrl(root)]
    const asking = relyingParty(await trust({ anchors: [root], crls }), { policy: strictPolicy })
    const presented = { kind: 'chain', leaf: device.der, intermediates: [unable.der] } as const
    expect(await said(presented, asking)).toEqual(unknown('forged', 0, '2A'))
  })
})

describe('signatures spent are told', () => {
  test('of a refusal as well', async () => {
    const { der } = await issue(issuing, forged)
    const decision: Decision = await verify({ ...chain, leaf: der }, here)
    expect(decision).toEqual({
      outcome: 'refused',
      rejection: expect.objectContaining({ code: 'signature_invalid', at: 0 }),
      evidence: { at: noon, epoch: 7, signaturesSpent: 2 },
    })
  })

  test('none, where the rules refuse', async () => {
    const server = await issue(issuing, { extensions: { purposes: purposes(serverAuth) } })
    const decision = await verify({ ...chain, leaf: server.der }, here)
    expect(decision.evidence.signaturesSpent).toBe(0)
  })
})
