import { array, assert, asyncProperty, nat, record } from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { createCaches } from '#shared/caches.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import type { Verification } from '#shared/verify.ts'
import { createRememberingVerifier } from '#shared/x509/remembering-verifier.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl, entry } from '../crls.ts'
import { newKeys } from '../keys.ts'
import { at, createCa, issue, issueCa, noon, purposes, serverAuth } from '../pki.ts'
import { trust, withoutRevocation } from '../relying-party.ts'
import { codeOf, createWorld, decide, flipped, revokedSerial, runs } from './worlds.ts'

/** Hundreds of verifications a test: seconds on a machine that does much else as well. */
vi.setConfig({ testTimeout: 120_000 })

const world = await createWorld()
const { root, issuing } = world
const stranger = await createCa({ subject: 'Root' })
const soon = at('2026-06-15T12:30:00Z')

const leaves: readonly Bytes[] = [
  world.leaf.der,
  flipped(world.leaf.der, world.leaf.der.length * 8 - 1),
  (await issue(issuing, { notAfter: soon, serial: [0x51] })).der,
  (await issue(issuing, { serial: revokedSerial })).der,
  (await issue(issuing, { serial: [0x52], signedWith: await newKeys() })).der,
  (await issue(issuing, { extensions: { purposes: purposes(serverAuth) } })).der,
]

const pools: readonly (readonly Bytes[])[] = [
  [issuing.der],
  [],
  [root.der, issuing.der],
  [flipped(issuing.der, 200 * 8), issuing.der],
  [flipped(issuing.der, issuing.der.length * 8 - 1)],
  [(await issueCa(root, { keys: issuing.keys, notAfter: soon })).der],
  [(await issueCa(stranger, { keys: issuing.keys })).der],
]

const roots = await createCrl(root)
const stores = await Promise.all([
  trust({ anchors: [root], crls: world.crls }),
  trust({
    anchors: [root],
    crls: [roots, await createCrl(issuing, { number: 8, entries: [entry([0x2a])] })],
  }),
  trust({ anchors: [root], crls: [roots] }),
  trust({
    anchors: [root],
    crls: [await createCrl(root, { entries: [entry([0x11])] }), ...world.crls.slice(1)],
  }),
  trust({ anchors: [stranger], crls: world.crls }),
  trust({ anchors: [root, stranger], crls: world.crls, limits: { intermediatesMax: 0 } }),
])

const policies = [
  strictPolicy,
  withoutRevocation,
  { ...strictPolicy, purpose: { ...strictPolicy.purpose, use: 'any' as const } },
]
const instants = [
  noon,
  soon,
  at('2026-06-15T12:30:01Z'),
  at('2026-06-16T12:00:01Z'),
  at('2025-01-01T00:00:00Z'),
]

/** Which of each is asked about: by number, so that a counterexample can be read. */
const request = record({
  leaf: nat(leaves.length - 1),
  pool: nat(pools.length - 1),
  store: nat(stores.length - 1),
  policy: nat(policies.length - 1),
  now: nat(instants.length - 1),
  /** Most requests are like the one before it, but for one thing: that is where a cache is of use. */
  change: nat(5),
})

interface Asked {
  readonly leaf: number
  readonly pool: number
  readonly store: number
  readonly policy: number
  readonly now: number
}

const fields = ['leaf', 'pool', 'store', 'policy', 'now'] as const

const none: readonly Bytes[] = []
const nowhere = await trust({ anchors: [] })

/** Decided with a memory or without one. */
function decideAsked(asked: Asked, memory: ReturnType<typeof isolate> | ReturnType<typeof afresh>) {
  const leaf = leaves[asked.leaf] ?? world.leaf.der
  return decide(leaf, pools[asked.pool] ?? none, {
    store: stores[asked.store] ?? nowhere,
    policy: policies[asked.policy] ?? strictPolicy,
    now: instants[asked.now] ?? noon,
    ...memory,
  })
}

/** One isolate's memory, as `edge/` has it. */
function isolate(): Pick<Verification, 'verifier' | 'crls' | 'caches'> {
  const verifier = createRememberingVerifier(createWebCryptoVerifier())
  return { verifier, crls: createAuthenticatedCrls(verifier), caches: createCaches() }
}

function afresh(): Pick<Verification, 'verifier' | 'crls'> {
  const verifier = createWebCryptoVerifier()
  return { verifier, crls: createAuthenticatedCrls(verifier) }
}

test('whatever was asked before, a decision is the one that would be made without a cache', async () => {
  const holds = asyncProperty(array(request, { minLength: 2, maxLength: 12 }), async (requests) => {
    const memory = isolate()
    let last: Asked | undefined
    for (const next of requests) {
      const field = fields[next.change]
      last = last === undefined || field === undefined ? next : { ...last, [field]: next[field] }
      const remembered = await decideAsked(last, memory)
      const fresh = await decideAsked(last, afresh())
      expect(codeOf(remembered)).toBe(codeOf(fresh))
      expect(remembered.outcome === 'accepted' && remembered.identity).toEqual(
        fresh.outcome === 'accepted' && fresh.identity,
      )
    }
  })
  await assert(holds, { ...runs, numRuns: 300 })
})
