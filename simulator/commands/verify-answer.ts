import type { Bytes } from '#shared/bytes.ts'
import type { DerFault } from '#shared/der/reader.ts'
import {
  strictPolicy,
  type CertificatePolicyRules,
  type VerificationPolicy,
} from '#shared/path/policy.ts'
import type { Result } from '#shared/result.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { strictFreshness } from '#shared/revocation/freshness.ts'
import { buildTrustStore, type Limits, type TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import { verify } from '#shared/verify.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { unsupportedFields } from './verify-unsupported.ts'
import type { VerifyCase } from './verify-case.ts'
import { factsOf } from './verify-json.ts'

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
export async function answerCase(asked: VerifyCase): Promise<Answer> {
  const [leaf, ...intermediates] = asked.chain
  const { store, unreadable } = await readStore(asked)
  const policy = policyOf(asked)
  const verifier = createWebCryptoVerifier(asked.algs?.minRsaBits)
  const crls = createAuthenticatedCrls(verifier)
  const decision = await verify(
    { kind: 'chain', leaf, intermediates },
    { store, policy, now: asked.time, verifier, crls },
  )
  const unsupported = unsupportedFields(asked, store)
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
    return { outcome: 'refused', code: rejection.code, ...factsOf(rejection) }
  }
  if (decision.basis.kind !== 'path') return { outcome: 'accepted' }
  const { certificates, policies } = decision.basis.path
  return { outcome: 'accepted', intermediates: certificates.length - 1, policies }
}

function policyOf({ revocation, policy, purpose }: VerifyCase): VerificationPolicy {
  const unknown = revocation?.unknown === 'accept' ? 'accept' : 'refuse'
  const stale = revocation?.enforceCrlExpiry === false ? 'accept' : 'refuse'
  return {
    ...strictPolicy,
    revocation: {
      of: revocation?.mode ?? 'none',
      unknown,
      freshness: { ...strictFreshness, stale },
    },
    certificatePolicies: policy === undefined ? strictPolicy.certificatePolicies : rulesOf(policy),
    purpose: { ...strictPolicy.purpose, use: purpose ?? 'client' },
  }
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

async function readStore(
  asked: VerifyCase,
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
