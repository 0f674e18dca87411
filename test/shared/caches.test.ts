import { array, assert, asyncProperty, boolean, constantFrom, nat, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { createCaches } from '#shared/caches.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { defaultLimits, type TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import { verify, type Verification } from '#shared/verify.ts'
import { createRememberingVerifier } from '#shared/x509/remembering-verifier.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl, entry } from './crls.ts'
import { newKeys } from './keys.ts'
import { at, createCa, issue, issueCa, noon, purposes, serverAuth } from './pki.ts'
import { lenientFreshness, relyingParty, trust, withoutRevocation } from './relying-party.ts'

const root = await createCa()
const otherRoot = await createCa({ subject: 'Other root' })
const keys = await newKeys()
const ending = { notAfter: at('2026-06-30T00:00:00Z') }
const issuing = await issueCa(root, { keys, ...ending })
const crossSigned = await issueCa(otherRoot, { keys, serial: [0x07] })
const leaf = await issue(issuing)
const revoked = await issue(issuing, { serial: [0x0b] })
const brief = await issue(issuing, { ...ending, notBefore: at('2026-06-14T00:00:00Z') })
const server = await issue(issuing, { extensions: { purposes: purposes(serverAuth) } })
const forged = await issue(issuing, { signedWith: await newKeys() })

const lists = [
  await createCrl(root),
  await createCrl(otherRoot),
  await createCrl(issuing, { entries: [entry([0x0b])] }),
]
const emptyLists = [await createCrl(root), await createCrl(otherRoot), await createCrl(issuing)]

/** Snapshots of one listener have its limits in common. */
const ofOneListener = async (parts: Parameters<typeof trust>[0]): Promise<TrustStore> => ({
  ...(await trust(parts)),
  limits: defaultLimits,
})

const stores: readonly TrustStore[] = [
  await ofOneListener({ anchors: [root], crls: emptyLists }),
  await ofOneListener({ anchors: [root], crls: lists, epoch: 2 }),
  await ofOneListener({ anchors: [root] }),
  await ofOneListener({ anchors: [otherRoot], crls: lists }),
  await ofOneListener({ anchors: [root, otherRoot], intermediates: [issuing], crls: lists }),
  await trust({ anchors: [root], crls: lists, limits: { intermediatesMax: 0 } }),
]
const policies: readonly VerificationPolicy[] = [
  strictPolicy,
  withoutRevocation,
  { ...strictPolicy, expired: { word: 'allow' } },
  { ...strictPolicy, revocation: { of: 'leaf', freshness: lenientFreshness } },
  { ...withoutRevocation, purpose: { ...strictPolicy.purpose, use: 'server' } },
]
const times = [
  noon,
  at('2026-06-30T00:00:00Z'),
  at('2026-06-30T00:00:01Z'),
  at('2026-06-10T00:00:00Z'),
  at('2027-06-15T00:00:00Z'),
]
const junk = Uint8Array.of(0x30, 0x00)
/** Another signature that ends as this one does: whoever looked no further than at the end would take it. */
function bent(der: Bytes): Bytes {
  return der.map((octet, place) => (place === der.length - 60 ? octet ^ 1 : octet))
}
const pools: readonly (readonly Bytes[])[] = [
  [issuing.der],
  [crossSigned.der, issuing.der],
  [issuing.der, crossSigned.der],
  [bent(issuing.der)],
  [crossSigned.der],
  [issuing.der, junk],
  [],
]
const leaves = [leaf, revoked, brief, server, forged, issuing].map(({ der }) => der)

/** What is asked, each part by its number in its list; the first of each together are accepted. */
interface Question {
  readonly leaf: number
  readonly pool: number
  readonly store: number
  readonly policy: number
  readonly now: number
}

const lengths: Question = {
  leaf: leaves.length + 1,
  pool: pools.length,
  store: stores.length,
  policy: policies.length,
  now: times.length,
}

/** A step asks what the one before asked, but for one part, so that much of it is remembered. */
const step = record({
  part: constantFrom<keyof Question>('leaf', 'pool', 'store', 'policy', 'now', 'now', 'store'),
  to: nat({ max: 6 }),
  /** Whether the octets are overwritten while they are decided on, and not only afterwards. */
  isOverwritten: boolean(),
})

function partsOf(question: Question) {
  return {
    leaf: leaves[question.leaf] ?? bent(leaf.der),
    pool: pools[question.pool] ?? [],
    store: stores[question.store] ?? fail(),
    policy: policies[question.policy] ?? fail(),
    now: times[question.now] ?? noon,
  }
}

/** What a decision says, but for what it cost to come to it. */
function wordOf(decision: Decision): unknown {
  if (decision.outcome === 'refused') return decision.rejection
  return { identity: decision.identity, kind: decision.basis.kind }
}

const plain = createWebCryptoVerifier()
const plainCrls = createAuthenticatedCrls(plain)

function overwrite({ leaf: der, intermediates }: { leaf: Bytes; intermediates: Bytes[] }): void {
  for (const each of [der, ...intermediates]) each.fill(0x30)
}

test('whatever was asked before, caches change no decision', async () => {
  const sequences = asyncProperty(array(step, { minLength: 2, maxLength: 24 }), async (steps) => {
    const verifier = createRememberingVerifier(createWebCryptoVerifier())
    const warm = { verifier, crls: createAuthenticatedCrls(verifier), caches: createCaches() }
    const cold = { verifier: plain, crls: plainCrls }
    let question: Question = { leaf: 0, pool: 0, store: 0, policy: 0, now: 0 }
    for (const { part, to, isOverwritten } of steps) {
      question = { ...question, [part]: to % lengths[part] }
      const { leaf: der, pool, ...asked } = partsOf(question)
      const lent = { leaf: der.slice(), intermediates: pool.map((each) => each.slice()) }
      const pending = verify({ kind: 'chain', ...lent }, { ...asked, ...warm })
      if (isOverwritten) overwrite(lent)
      const remembered = await pending
      const presented = { kind: 'chain', leaf: der, intermediates: pool } as const
      const anew = await verify(presented, { ...asked, ...cold })
      expect(wordOf(remembered)).toEqual(wordOf(anew))
      overwrite(lent)
    }
  })
  await assert(sequences, { seed: 20_260_615, numRuns: 100 })
}, 60_000)

/** A relying party with caches whose verifier counts. */
function remembering(store: TrustStore, changes: Partial<Verification> = {}) {
  let verified = 0
  const counted: SignatureVerifier = {
    verify: (input) => {
      verified += 1
      return plain.verify(input)
    },
  }
  const verifier = createRememberingVerifier(counted)
  const caches = createCaches()
  const crls = createAuthenticatedCrls(verifier)
  return {
    party: relyingParty(store, { verifier, crls, caches, ...changes }),
    verified: () => verified,
  }
}

const chain = (presented: Bytes, ...intermediates: readonly Bytes[]) =>
  ({ kind: 'chain', leaf: presented, intermediates }) as const

describe('what is remembered', () => {
  test('a leaf that comes again costs no signature', async () => {
    const { party, verified } = remembering(stores[0] ?? fail(), { policy: strictPolicy })
    const first = await verify(chain(leaf.der, issuing.der), party)
    const before = verified()
    const again = await verify(chain(leaf.der.slice(), issuing.der.slice()), party)
    expect([first.outcome, again.outcome]).toEqual(['accepted', 'accepted'])
    expect(verified()).toBe(before)
    expect([first.evidence.signaturesSpent, again.evidence.signaturesSpent]).toEqual([2, 0])
  })

  test('a new leaf under a known intermediate costs one signature, and spends as many as ever', async () => {
    const { party, verified } = remembering(stores[2] ?? fail())
    await verify(chain(leaf.der, issuing.der), party)
    const before = verified()
    const decision = await verify(chain(brief.der, issuing.der.slice()), party)
    expect(decision.outcome).toBe('accepted')
    expect(verified()).toBe(before + 1)
    expect(decision.evidence.signaturesSpent).toBe(2)
  })

  test.each([
    { name: 'an intermediate less', presented: chain(leaf.der), spent: 0 },
    { name: 'one more', presented: chain(leaf.der, issuing.der, crossSigned.der), spent: 2 },
    { name: 'a policy of the same words', policy: { ...withoutRevocation }, spent: 2 },
    { name: 'other limits', limits: true, spent: 2 },
    { name: 'another octet', presented: chain(bent(leaf.der), issuing.der), spent: 2 },
    { name: 'another octet above', presented: chain(leaf.der, bent(issuing.der)), spent: 1 },
  ])('another question is asked anew: $name', async ({ presented, policy, limits, spent }) => {
    const store = stores[2] ?? fail()
    const { party } = remembering(store)
    await verify(chain(leaf.der, issuing.der), party)
    const asked = presented ?? chain(leaf.der, issuing.der)
    const changed: Verification = {
      ...party,
      policy: policy ?? party.policy,
      store: limits === true ? { ...store, limits: { ...store.limits } } : store,
    }
    expect((await verify(asked, changed)).evidence.signaturesSpent).toBe(spent)
  })

  test('an anchor that is gone vouches for nobody', async () => {
    const { party } = remembering(stores[2] ?? fail())
    const presented = chain(leaf.der, issuing.der)
    expect((await verify(presented, party)).outcome).toBe('accepted')
    const decision = await verify(presented, { ...party, store: stores[3] ?? fail() })
    expect(decision.outcome).toBe('refused')
  })

  test('a certificate that is revoked afterwards is refused, cached or not', async () => {
    const { party } = remembering(stores[0] ?? fail(), { policy: strictPolicy })
    const presented = chain(revoked.der, issuing.der)
    expect((await verify(presented, party)).outcome).toBe('accepted')
    const later = await verify(presented, { ...party, store: stores[1] ?? fail() })
    expect(later.outcome === 'refused' && later.rejection.code).toBe('revoked')
  })

  test('the word of the platform stands before all that is remembered', async () => {
    const { party } = remembering(stores[2] ?? fail())
    const presented = chain(leaf.der, issuing.der)
    await verify(presented, party)
    const decision = await verify({ ...presented, platformSaysRevoked: true }, party)
    expect(decision.outcome === 'refused' && decision.rejection.code).toBe('revoked')
  })
})

function fail(): never {
  throw new Error('a store is missing')
}
