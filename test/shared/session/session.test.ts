import { strictFreshness } from '#shared/revocation/freshness.ts'
import { describe, expect, test } from 'vitest'
import type { VerifiedPath } from '#shared/path/candidate-path.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { sessionClaims } from '#shared/session/claims.ts'
import { openSession, sealSession, sessionTtlMaxMs } from '#shared/session/session.ts'
import { openToken } from '#shared/session/token.ts'
import { shift, type Instant } from '#shared/time.ts'
import { verify, type Verification } from '#shared/verify.ts'
import { createCrl, entry, revokedAt, type CrlOverrides } from '../crls.ts'
import { context, octets, sequence } from '../der/writer.ts'
import {
  at,
  certificateOf,
  createCa,
  extension,
  issue,
  issueCa,
  noon,
  type Entity,
} from '../pki.ts'
import { lenientFreshness, relyingParty, trust, withoutRevocation } from '../relying-party.ts'
import { nonces, ringOf } from './rings.ts'

const minute = 60_000
const host = 'fleet.example.org'
const ring = await ringOf('b', 'a')
const options = { ring, audience: host, ttlMs: sessionTtlMaxMs, random: nonces() }

const root = await createCa()
const issuing = await issueCa(root, { serial: [0x11] })
const leaf = await issue(issuing, { serial: [0x2a] })

type Lists = { readonly ofRoot?: CrlOverrides; readonly ofIssuing?: CrlOverrides }

/** A relying party that asks for revocation of the whole chain, with the lists of both CAs. */
async function party(
  lists: Lists = {},
  changes: Partial<Verification> & { readonly epoch?: number } = {},
) {
  const crls = [await createCrl(root, lists.ofRoot), await createCrl(issuing, lists.ofIssuing)]
  const { epoch = 1, ...rest } = changes
  const store = await trust({ anchors: [root], crls, epoch })
  return relyingParty(store, { policy: strictPolicy, ...rest })
}

async function verified(verification: Verification, device: Entity = leaf): Promise<VerifiedPath> {
  const presented = { kind: 'chain', leaf: device.der, intermediates: [issuing.der] } as const
  const decision = await verify(presented, verification)
  if (decision.outcome === 'refused' || decision.basis.kind !== 'path') {
    throw new Error(JSON.stringify(decision))
  }
  return decision.basis.path
}

/** A token sealed by this party; the party has asked for its lists in doing so. */
async function sealed(
  verification: Verification,
  changes: Partial<typeof options> = {},
  device = leaf,
) {
  return sealSession(await verified(verification, device), verification, { ...options, ...changes })
}

async function endOf(token: string): Promise<Instant | number | undefined> {
  const sealedHere = await openToken(token, ring, host)
  return sealedHere && sessionClaims(sealedHere)?.exp
}

const resumed = { verdict: 'resumed' }
const again = (because: string) => ({ verdict: 'reverify', because })

const now = noon
const stale = await createCrl(issuing, { nextUpdate: at('2026-06-15T00:00:00Z') })
const here = await party()
const token = await sealed(here)

describe('whose token it is', () => {
  test('the one of this leaf, here', async () => {
    expect(await openSession(token, leaf.der, here, options)).toEqual(resumed)
  })

  test('of another certificate, though of the same key and name', async () => {
    const renewed = await issue(issuing, { serial: [0x2b], keys: leaf.keys })
    expect(await openSession(token, renewed.der, here, options)).toEqual({
      verdict: 'refused',
      rejection: { code: 'session_of_other_certificate' },
    })
  })

  test.each([
    { name: 'of another host', given: token, changes: { audience: 'other.example.org' } },
    { name: 'no token', given: 'v2.b.AAAA', changes: {} },
    { name: 'nothing', given: '', changes: {} },
  ])('$name', async ({ given, changes }) => {
    const verdict = await openSession(given, leaf.der, here, { ...options, ...changes })
    expect(verdict).toEqual(again('not_ours'))
  })

  test.each([
    { name: 'its key has left the ring', kids: ['c'], verdict: again('not_ours') },
    { name: 'its key is an older one of the ring', kids: ['c', 'b'], verdict: resumed },
  ])('$name', async ({ kids, verdict }) => {
    const rotated = { ...options, ring: await ringOf(...kids) }
    expect(await openSession(token, leaf.der, here, rotated)).toEqual(verdict)
  })
})

const graceOf = (forMs: number) =>
  ({ ...withoutRevocation, expired: { word: 'grace', forMs } }) as const

describe('how long it lasts', () => {
  const seconds = (count: number) => shift(now, count * 1000)

  test.each([
    { name: 'as long as configured', ttlMs: 5 * minute, ends: shift(now, 5 * minute) },
    { name: 'fifteen minutes at most', ttlMs: 60 * minute, ends: shift(now, 15 * minute) },
  ])('$name', async ({ ttlMs, ends }) => {
    expect(await endOf(await sealed(here, { ttlMs }))).toBe(ends)
  })

  test('no longer than the leaf', async () => {
    const short = await issue(issuing, { notAfter: seconds(90) })
    expect(await endOf(await sealed(here, {}, short))).toBe(seconds(90))
  })

  test('no longer than an intermediate', async () => {
    const soonEnded = await issueCa(root, { keys: issuing.keys, notAfter: seconds(90) })
    const presented = { kind: 'chain', leaf: leaf.der, intermediates: [soonEnded.der] } as const
    const decision = await verify(presented, here)
    if (decision.outcome === 'refused' || decision.basis.kind !== 'path') throw new Error('refused')
    expect(await endOf(await sealSession(decision.basis.path, here, options))).toBe(seconds(90))
  })

  test.each([
    { name: 'the leaf’s list', lists: { ofIssuing: { nextUpdate: seconds(60) } } },
    { name: 'the intermediate’s list', lists: { ofRoot: { nextUpdate: seconds(60) } } },
    {
      name: 'the sooner of both',
      lists: { ofRoot: { nextUpdate: seconds(60) }, ofIssuing: { nextUpdate: seconds(61) } },
    },
  ])('no longer than $name', async ({ lists }) => {
    expect(await endOf(await sealed(await party(lists)))).toBe(seconds(60))
  })

  test('of two lists the newer one counts, though the older one lasts longer', async () => {
    const crls = [
      await createCrl(root),
      await createCrl(issuing, { number: 1 }),
      await createCrl(issuing, { number: 2, nextUpdate: seconds(60) }),
    ]
    const both = relyingParty(await trust({ anchors: [root], crls }), { policy: strictPolicy })
    expect(await endOf(await sealed(both))).toBe(seconds(60))
  })

  test.each([
    { name: 'no lists', crls: [] },
    { name: 'a stale list', crls: [stale] },
  ])('a policy that takes what is unknown is not bound by $name', async ({ crls }) => {
    const policy = {
      ...strictPolicy,
      revocation: { of: 'chain', freshness: lenientFreshness },
    } as const
    const open = relyingParty(await trust({ anchors: [root], crls }), { policy })
    expect(await endOf(await sealed(open))).toBe(shift(now, 15 * minute))
  })

  test.each<{ readonly name: string; readonly policy: VerificationPolicy; readonly ends: Instant }>(
    [
      {
        name: 'the grace that let it in',
        policy: graceOf(20 * minute),
        ends: shift(now, 10 * minute),
      },
      {
        name: 'fifteen minutes, where the grace is longer',
        policy: graceOf(60 * minute),
        ends: shift(now, 15 * minute),
      },
      {
        name: 'fifteen minutes, where the end does not matter',
        policy: { ...withoutRevocation, expired: { word: 'allow' } },
        ends: shift(now, 15 * minute),
      },
    ],
  )('an ended leaf: no longer than $name', async ({ policy, ends }) => {
    const ended = await issue(issuing, { notAfter: shift(now, -10 * minute) })
    expect(await endOf(await sealed(await party({}, { policy }), {}, ended))).toBe(ends)
  })

  test.each([
    { name: 'the last millisecond', ms: 15 * minute, verdict: resumed },
    { name: 'a millisecond later', ms: 15 * minute + 1, verdict: again('ended') },
    { name: 'the millisecond it was sealed', ms: 0, verdict: resumed },
    { name: 'a clock set back since', ms: -1, verdict: again('not_begun') },
  ])('$name', async ({ ms, verdict }) => {
    const later = { ...here, now: shift(now, ms) }
    expect(await openSession(token, leaf.der, later, options)).toEqual(verdict)
  })
})

describe('what has changed since', () => {
  test('the policy', async () => {
    const policy = {
      ...strictPolicy,
      revocation: { of: 'leaf', freshness: strictFreshness },
    } as const
    const verdict = await openSession(token, leaf.der, { ...here, policy }, options)
    expect(verdict).toEqual(again('policy_changed'))
  })

  test('what is trusted', async () => {
    const store = await trust({ anchors: [await createCa()] })
    const verdict = await openSession(token, leaf.der, { ...here, store }, options)
    expect(verdict).toEqual(again('trust_changed'))
  })

  test('it was sealed by someone with a newer trust store', async () => {
    const newer = await party({}, { epoch: 2 })
    const ahead = await sealed(newer)
    expect(await openSession(ahead, leaf.der, here, options)).toEqual(again('newer_epoch'))
  })

  test('a newer trust store here, whose lists were asked already', async () => {
    const newer = await party({}, { epoch: 2 })
    await verified(newer)
    expect(await openSession(token, leaf.der, newer, options)).toEqual(resumed)
  })

  test('a newer trust store here, whose lists nobody has asked for yet', async () => {
    const newer = await party({}, { epoch: 2 })
    const verdict = await openSession(token, leaf.der, newer, options)
    expect(verdict).toEqual(again('revocation_not_at_hand'))
  })
})

/** The lists of another snapshot, after a device that is not revoked has asked for them. */
async function opened(lists: Lists, changes: Partial<Verification> = {}) {
  const open = {
    ...strictPolicy,
    revocation: { of: 'chain', freshness: lenientFreshness },
  } as const
  const ours = await party({}, { policy: changes.policy ?? strictPolicy })
  const later = await party(lists, { epoch: 2, ...changes })
  // A sibling of the device asks for the issuer's lists, the other CA's for the root's.
  const sibling = await issue(issuing, { serial: [0x77] })
  const paths = [sibling, await issue(root, { serial: [0x78] })]
  for (const { der } of paths) {
    await verify(
      { kind: 'chain', leaf: der, intermediates: [issuing.der] },
      { ...later, policy: open },
    )
  }
  return openSession(await sealed(ours), leaf.der, later, options)
}

describe('revocation is asked on every request', () => {
  const leafOnly = {
    ...strictPolicy,
    revocation: { of: 'leaf', freshness: strictFreshness },
  } as const
  const nobody = {
    ...strictPolicy,
    revocation: { of: 'none', freshness: strictFreshness },
  } as const
  const ended = { nextUpdate: at('2026-06-15T00:00:00Z') }

  test('nothing has happened', async () => {
    expect(await opened({})).toEqual(resumed)
  })

  test('the leaf was revoked', async () => {
    expect(await opened({ ofIssuing: { entries: [entry([0x2a])] } })).toEqual({
      verdict: 'refused',
      rejection: { code: 'revoked', at: 0, serial: '2A', since: revokedAt },
    })
  })

  test('the intermediate was revoked', async () => {
    expect(await opened({ ofRoot: { entries: [entry([0x11])] } })).toEqual({
      verdict: 'refused',
      rejection: { code: 'revoked', at: 1, serial: '11', since: revokedAt },
    })
  })

  test.each([
    { name: 'where the chain is asked about', policy: strictPolicy, serial: '2A', place: 0 },
    { name: 'where leaves alone are', policy: leafOnly, serial: '11', place: 1 },
    { name: 'where nobody is', policy: nobody, serial: '2A', place: 0 },
  ])('the operator’s word came, before any list, $name', async ({ policy, serial, place }) => {
    const crls = [await createCrl(root), await createCrl(issuing)]
    const issuer = certificateOf(place === 0 ? leaf : issuing).issuer
    const revokedSerials = [{ issuer, serial, since: revokedAt }]
    const store = await trust({ anchors: [root], crls, revokedSerials, epoch: 2 })
    const later = relyingParty(store, { policy })
    const before = relyingParty(await trust({ anchors: [root], crls }), { policy })
    const earlier = await sealed(before)
    // An isolate that never met these issuers cannot tell whose serials these are.
    expect(await openSession(earlier, leaf.der, later, options)).toEqual(
      again('revocation_not_at_hand'),
    )
    for (const ca of [root, issuing]) await later.crls.of(store, certificateOf(ca))
    expect(await openSession(earlier, leaf.der, later, options)).toEqual({
      verdict: 'refused',
      rejection: { code: 'revoked', at: place, serial, since: revokedAt },
    })
  })

  test('the list went stale', async () => {
    expect(await opened({ ofIssuing: ended })).toEqual({
      verdict: 'refused',
      rejection: { code: 'revocation_unknown', at: 0, serial: '2A', gap: 'stale' },
    })
  })

  test('a policy for leaves alone does not ask about the intermediate', async () => {
    const lists = { ofRoot: { entries: [entry([0x11])] } }
    expect(await opened(lists, { policy: leafOnly })).toEqual(resumed)
  })

  test('a policy that asks about nobody', async () => {
    const lists = { ofIssuing: { entries: [entry([0x2a])] } }
    expect(await opened(lists, { policy: nobody })).toEqual(resumed)
  })
})

const userOnly = extension('2.5.29.28', sequence(context(1, octets(0xff))), 'critical')
const scoped = await createCrl(issuing, { extensions: { userOnly } })
const complete = await createCrl(issuing)

describe('lists that need more than issuer and serial are asked with the whole path', () => {
  test.each([
    { name: 'a narrower list', crls: [scoped], because: 'revocation_not_at_hand' },
    {
      name: 'a narrower list beside a complete one',
      crls: [scoped, complete],
      because: 'revocation_not_at_hand',
    },
  ])('$name', async ({ crls, because }) => {
    const store = await trust({ anchors: [root], crls: [await createCrl(root), ...crls] })
    const asking = relyingParty(store, { policy: strictPolicy })
    const kept = await sealed(asking)
    expect(await openSession(kept, leaf.der, asking, options)).toEqual(again(because))
  })
})
