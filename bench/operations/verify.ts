import crypto from 'node:crypto'
import { createRuntimeVerifier } from '#edge/runtime-verifier.ts'
import { createCaches } from '#shared/caches.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { verify, type Verification } from '#shared/verify.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import { createRememberingVerifier } from '#shared/x509/remembering-verifier.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { bareVerifies } from './bare-verify.ts'
import {
  awaited,
  expectTrue,
  octetsOf,
  requestedLeaves,
  type Fixture,
  type Operation,
  type Operations,
  type RuntimeName,
} from './operation.ts'
import { peculiarChain, pkijsChain } from './peer-chains.ts'
import { relyingParty } from './relying-party.ts'

/** Ours, over the verifier that a runtime is deployed with, and over the one that any runtime has. */
function verifiersOf(runtime: RuntimeName): readonly (readonly [string, SignatureVerifier])[] {
  const deployed = runtime === 'workerd' ? createRuntimeVerifier() : createNodeVerifier(crypto)
  return [
    ['ours (node:crypto)', deployed],
    ['ours (WebCrypto)', createWebCryptoVerifier()],
  ]
}

/** A leaf never seen, below an intermediate that has been verified before. */
export const knownOperations: Operations = async (fixture, runtime) => [
  ...(await ours(fixture, runtime, knownLeaf)),
  ...(await bareVerifies(fixture)),
  await peculiarChain(fixture, 'known'),
  ...(await pkijsChain(fixture, 'known')),
]

/** Leaf and intermediate never seen: two signatures. Anchors and lists were loaded before. */
export const coldOperations: Operations = async (fixture, runtime) => [
  ...(await ours(fixture, runtime, coldChain)),
  ...(await bareVerifies(fixture)),
  await peculiarChain(fixture, 'cold'),
  ...(await pkijsChain(fixture, 'cold')),
]

/** A leaf that was verified before: validity and revocation are decided again. */
export const repeatOperations: Operations = async (fixture, runtime) => {
  const leaf = octetsOf(fixture, 'leaves')
  return [
    ...(await ours(fixture, runtime, knownPath)),
    awaited('SHA-256 of the leaf (WebCrypto)', () =>
      globalThis.crypto.subtle.digest('SHA-256', leaf),
    ),
    awaited('SHA-256 of the leaf (node:crypto)', async () => {
      crypto.hash('sha256', leaf)
    }),
  ]
}

type Way = (name: string, fixture: Fixture, verifier: SignatureVerifier) => Promise<Operation>

async function ours(
  fixture: Fixture,
  runtime: RuntimeName,
  way: Way,
): Promise<readonly Operation[]> {
  const operations: Operation[] = []
  for (const [name, verifier] of verifiersOf(runtime)) {
    operations.push(await way(name, fixture, verifier))
  }
  return operations
}

/** The path cache is left out: a leaf that comes again would be known, and these count as new. */
const knownLeaf: Way = async (name, fixture, verifier) => {
  const verification = await relyingParty(fixture, createRememberingVerifier(verifier))
  const paths = { find: () => undefined, keep: () => undefined }
  return decides(name, { ...verification, caches: { ...createCaches(), paths } }, fixture)
}

/** Without caches every certificate is read and verified anew, and its key imported. */
const coldChain: Way = async (name, fixture, verifier) =>
  decides(name, await relyingParty(fixture, verifier), fixture)

const knownPath: Way = async (name, fixture, verifier) => {
  const verification = await relyingParty(fixture, createRememberingVerifier(verifier))
  const leaves = [octetsOf(fixture, 'leaves')]
  return decides(name, { ...verification, caches: createCaches() }, { ...fixture, leaves })
}

function decides(name: string, verification: Verification, fixture: Fixture): Operation {
  const intermediate = octetsOf(fixture, 'intermediate')
  const chains = requestedLeaves(fixture).map((leaf) => ({
    kind: 'chain' as const,
    leaf,
    intermediates: [intermediate.slice()],
  }))
  return awaited(name, (nth) => expectAccepted(chains[nth % chains.length], verification))
}

async function expectAccepted(
  presented: Presented = { kind: 'none' },
  verification: Verification,
): Promise<void> {
  const decision = await verify(presented, verification)
  if (decision.outcome === 'refused') throw new Error(JSON.stringify(decision.rejection))
  expectTrue(decision.basis.kind === 'path', 'verify')
}
