import type { Bytes } from '#shared/bytes.ts'
import { createCaches, type Caches } from '#shared/caches.ts'
import type { DerFault } from '#shared/der/reader.ts'
import {
  strictPolicy,
  type AnchorRules,
  type CertificatePolicyRules,
  type VerificationPolicy,
} from '#shared/path/policy.ts'
import { profiles } from '#shared/path/profile/profiles.ts'
import type { Result } from '#shared/result.ts'
import {
  createAuthenticatedCrls,
  type AuthenticatedCrls,
} from '#shared/revocation/authenticated-crls.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { strictFreshness } from '#shared/revocation/freshness.ts'
import { buildTrustStore, type Limits, type TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import { verify } from '#shared/verify.ts'
import { oldAlgorithms } from '#shared/x509/algorithm-sets.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createRememberingVerifier } from '#shared/x509/remembering-verifier.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { unsupportedFields } from './verify-unsupported.ts'
import type { VerifyCase } from './verify-case.ts'
import { jsonFactsOf } from './verify-json.ts'

/** What a batch says of one case. */
export interface Answer {
  readonly id: string
  readonly outcome: Decision['outcome']
  readonly [fact: string]: unknown
}

/**
 * Wider than at the edge, since a case is a question about a path and not about what a platform
 * passes on: OpenSSL's limit of 100 for a path's depth, and what a TLS message holds (RFC 8446 4).
 * The budget of the search bounds the work all the same.
 */
const batchLimits: Limits = {
  certificateOctetsMax: 2 ** 24 - 1,
  presentedMax: 100,
  intermediatesMax: 100,
}

/** RFC 5280 4.2.1.4. */
const anyPolicy = '2.5.29.32.0'

/**
 * Decides one case as the edge would. Anchors and CRLs that cannot be read are left out and named
 * under `unreadable`; settings that the core does not honour are named under `unsupported`.
 */
export async function answerCase(
  asked: VerifyCase,
  worldOf: (asked: VerifyCase) => Promise<CaseWorld>,
): Promise<Answer> {
  const [leaf, ...intermediates] = asked.chain
  const { unreadable, ...world } = await worldOf(asked)
  const policy = policyOf(asked)
  const decision = await verify(
    { kind: 'chain', leaf, intermediates },
    { ...world, policy, now: asked.time },
  )
  const unsupported = unsupportedFields(asked, world.store)
  return {
    id: asked.id,
    ...told(decision),
    ...(unreadable.length > 0 && { unreadable }),
    ...(unsupported.length > 0 && { unsupported }),
  }
}

type Told = Readonly<Record<string, unknown>> & Pick<Answer, 'outcome'>

function told(decision: Decision): Told {
  if (decision.outcome === 'refused') {
    const { rejection } = decision
    return { outcome: 'refused', code: rejection.code, ...jsonFactsOf(rejection) }
  }
  if (decision.basis.kind !== 'path') return { outcome: 'accepted' }
  const { certificates, policies } = decision.basis.path
  return { outcome: 'accepted', intermediates: certificates.length - 1, policies }
}

function policyOf(asked: VerifyCase): VerificationPolicy {
  const { policy, purpose, algs } = asked
  return {
    ...strictPolicy,
    revocation: revocationOf(asked),
    certificatePolicies: policy === undefined ? strictPolicy.certificatePolicies : rulesOf(policy),
    purpose: { ...strictPolicy.purpose, use: purpose ?? 'client' },
    anchor: anchorOf(asked),
    algorithms: oldAlgorithms({ rsaBitsMin: algs?.minRsaBits, sha1: sha1Of(asked) }),
    profile: profiles[asked.profile ?? 'rfc5280'],
  }
}

function revocationOf({ revocation }: VerifyCase): VerificationPolicy['revocation'] {
  const { maxAgeSeconds } = revocation ?? {}
  return {
    of: revocation?.mode ?? 'none',
    freshness: {
      ...strictFreshness,
      absent: revocation?.unknown === 'accept' ? 'accept' : 'refuse',
      stale: revocation?.enforceCrlExpiry === false ? 'accept' : 'refuse',
    },
    ...(maxAgeSeconds !== undefined && { maxAgeMs: maxAgeSeconds * 1000 }),
  }
}

function anchorOf({ anchor }: VerifyCase): AnchorRules {
  return {
    validity: anchor?.enforceExpiry === true ? 'enforce' : 'ignore',
    constraints: anchor?.enforceConstraints === false ? 'ignore' : 'enforce',
  }
}

function sha1Of({ algs }: WorldFields): 'refuse' | 'accept' {
  return algs?.allowSha1 === true ? 'accept' : 'refuse'
}

/** RFC 5280 6.1.1 (c): a set with anyPolicy in it stands for any. */
function rulesOf(policy: NonNullable<VerifyCase['policy']>): CertificatePolicyRules {
  const initial = policy.initialPolicySet
  return {
    initial: initial === undefined || initial.includes(anyPolicy) ? 'any' : initial,
    requireExplicit: policy.requireExplicit ?? false,
    inhibitMapping: policy.inhibitMapping ?? false,
    inhibitAny: policy.inhibitAny ?? false,
  }
}

/** What a world is read from: no other field of a case may change it. */
export type WorldFields = Pick<VerifyCase, 'trust' | 'crls' | 'maxDepth' | 'algs'>

/** What a case is put to: its `WorldFields`, read. */
export interface CaseWorld {
  readonly store: TrustStore
  /** Anchors and CRLs that could not be read, named. */
  readonly unreadable: readonly string[]
  readonly verifier: SignatureVerifier
  readonly crls: AuthenticatedCrls
  readonly caches: Caches
}

/** Makes the verifier of a runtime: the fewest bits of an RSA key that it takes, and whether SHA-1. */
export type CreateVerifier = (
  rsaBitsMin: number | undefined,
  sha1: 'refuse' | 'accept',
) => SignatureVerifier

export async function readWorld(
  asked: WorldFields,
  createVerifier: CreateVerifier,
): Promise<CaseWorld> {
  const once = createVerifier(asked.algs?.minRsaBits, sha1Of(asked))
  const verifier = createRememberingVerifier(once)
  const crls = createAuthenticatedCrls(verifier)
  return { ...(await readStore(asked)), verifier, crls, caches: createCaches() }
}

async function readStore(
  asked: WorldFields,
): Promise<{ readonly store: TrustStore; readonly unreadable: readonly string[] }> {
  const unreadable: string[] = []
  const anchors = readable(asked.trust, 'trust', parseCertificate, unreadable)
  const crls = readable(asked.crls ?? [], 'crls', parseCrl, unreadable)
  const limits = {
    ...batchLimits,
    intermediatesMax: asked.maxDepth ?? batchLimits.intermediatesMax,
  }
  const store = await buildTrustStore({ anchors, intermediates: [], crls, epoch: 0, limits })
  return { store, unreadable }
}

/** Those that can be read; the others are named, with the byte at fault. */
function readable<Value>(
  ders: readonly Bytes[],
  field: string,
  parse: (der: Bytes) => Result<Value, DerFault>,
  unreadable: string[],
): Value[] {
  return ders.flatMap((der, index) => {
    const parsed = parse(der)
    if (parsed.ok) return [parsed.value]
    const { offset, expected } = parsed.error
    unreadable.push(`${field}[${index}]: byte ${offset}: expected ${expected}`)
    return []
  })
}
