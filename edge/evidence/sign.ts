import { CompactSign } from 'jose'
import { toBase64Url, toUtf8, type Bytes } from '#shared/bytes.ts'
import { identityText } from '#shared/identity/identity-text.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import {
  evidenceAlgorithm,
  evidenceLengthMax,
  evidenceLifetimeMaxMs,
  evidenceType,
  type EvidenceClaims,
} from './claims.ts'
import type { EvidenceRing } from './keys.ts'

/** The request that evidence is for, as the target will see it. */
export interface EvidenceRequest {
  readonly method: string
  /** Path and query, as they stand in the request's first line. */
  readonly path: string
  /** The target's host, with its port where it has one. */
  readonly host: string
  /** Of `contentDigest`; undefined where the body is not held whole, as when it is streamed. */
  readonly bodyDigest: string | undefined
}

/** What one gateway signs with. */
export interface EvidenceSigning {
  readonly ring: EvidenceRing
  /** The gateway's name, which targets compare. */
  readonly issuer: string
  /** At most `evidenceLifetimeMaxMs`. */
  readonly lifetimeMs: number
  readonly random: RandomOctets
}

export type Accepted = Extract<Decision, { outcome: 'accepted' }>

/** NIST SP 800-63B asks 64 bits of a nonce at least; 128 never meet again within a minute. */
const nonceOctets = 16

/**
 * Signs what was decided of one request: a compact JWS (RFC 7515), EdDSA (RFC 8037), that tells the
 * target who the device is and holds for this method, path, host and body alone.
 *
 * @param leaf DER of the leaf that was decided on
 * @returns the header's value, or its length where it is more than a header may carry
 */
export async function signEvidence(
  decision: Accepted,
  leaf: Bytes,
  request: EvidenceRequest,
  signing: EvidenceSigning,
): Promise<Result<string, { readonly length: number; readonly limit: number }>> {
  const [{ kid, privateKey }] = signing.ring
  const claims = await claimsOf(decision, leaf, request, signing)
  const token = await new CompactSign(toUtf8(JSON.stringify(claims)))
    .setProtectedHeader({ alg: evidenceAlgorithm, kid, typ: evidenceType })
    .sign(privateKey)
  const { length } = token
  return length > evidenceLengthMax ? err({ length, limit: evidenceLengthMax }) : ok(token)
}

async function claimsOf(
  { identity, basis, evidence }: Accepted,
  leaf: Bytes,
  { method, path, host, bodyDigest }: EvidenceRequest,
  { issuer, lifetimeMs, random }: EvidenceSigning,
): Promise<EvidenceClaims> {
  const { spiffeId, serial, subject, issuer: leafIssuer } = identityText(identity)
  const iat = Math.floor(evidence.at / 1000)
  const thumbprint = new Uint8Array(await crypto.subtle.digest('SHA-256', leaf))
  return {
    iss: issuer,
    aud: host.toLowerCase(),
    iat,
    exp: iat + Math.floor(Math.min(lifetimeMs, evidenceLifetimeMaxMs) / 1000),
    jti: toBase64Url(random(nonceOctets)),
    ...(spiffeId === undefined ? {} : { sub: spiffeId }),
    cnf: { 'x5t#S256': toBase64Url(thumbprint) },
    serial,
    subject,
    issuer: leafIssuer,
    epoch: evidence.epoch,
    basis: basis.kind,
    htm: method,
    path,
    ...(bodyDigest === undefined ? {} : { digest: bodyDigest }),
  }
}
