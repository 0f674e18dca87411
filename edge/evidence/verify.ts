import { compactVerify, decodeProtectedHeader, errors } from 'jose'
import { fromBase64Url, toBase64Url } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import {
  evidenceAlgorithm,
  evidenceClaims,
  evidenceLengthMax,
  evidenceLifetimeMaxMs,
  evidenceType,
  type EvidenceClaims,
} from './claims.ts'
import type { EvidenceKeys } from './keys.ts'
import type { NonceStore } from './nonces.ts'
import type { EvidenceRequest } from './sign.ts'

/** Whose evidence a target takes, and for what. */
export interface EvidenceTrust {
  readonly keys: EvidenceKeys
  /** The gateway's name. */
  readonly issuer: string
  /** How far the gateway's clock may be off; a few seconds. */
  readonly skewMs: number
  /** `digest`: evidence has to be bound to the body. Otherwise a nonce has to make it single. */
  readonly body: 'digest' | 'digest_or_nonce'
  /** Undefined: the same request may come twice within a minute, where its body is bound. */
  readonly nonces: NonceStore | undefined
}

/** Why evidence is worth nothing: facts, with what was signed and what was found. */
export type EvidenceRefusal =
  | { readonly code: 'too_long'; readonly length: number; readonly limit: number }
  | { readonly code: 'malformed'; readonly part: 'header' | 'signature' | 'claims' }
  | { readonly code: 'other_algorithm'; readonly found: string }
  | { readonly code: 'other_type'; readonly found: string }
  | { readonly code: 'unknown_key'; readonly kid: string }
  | { readonly code: 'signature_invalid'; readonly kid: string }
  | { readonly code: 'not_yet_valid'; readonly now: Instant; readonly from: Instant }
  | { readonly code: 'expired'; readonly now: Instant; readonly until: Instant }
  | { readonly code: 'lives_too_long'; readonly lifetimeMs: number; readonly limitMs: number }
  | {
      readonly code: 'other_issuer' | 'other_host' | 'other_method' | 'other_path' | 'other_digest'
      readonly signed: string
      readonly found: string
    }
  | { readonly code: 'body_not_bound' }
  | { readonly code: 'replayed'; readonly nonce: string }
  | { readonly code: 'replay_not_known'; readonly because: 'no_store' | 'store_full' }

/**
 * Verifies evidence at a target: signed by the gateway, for this very request, now. Never throws for
 * bad input; a nonce is used up only by evidence that is right in everything else.
 *
 * @param request as the target itself sees it: its own host, and the digest of the body it received
 */
export async function verifyEvidence(
  token: string,
  request: EvidenceRequest,
  trust: EvidenceTrust,
  now: Instant,
): Promise<Result<EvidenceClaims, EvidenceRefusal>> {
  const payload = await verifySignature(token, trust.keys)
  if (!payload.ok) return payload
  const claims = evidenceClaims(payload.value)
  if (claims === undefined) return err({ code: 'malformed', part: 'claims' })
  const refusal =
    checkTime(claims, trust, now) ??
    checkRequest(claims, request, trust) ??
    checkBody(claims, request, trust) ??
    (await checkReplay(claims, trust, now))
  return refusal === undefined ? ok(claims) : err(refusal)
}

/** RFC 8725 3.1: the algorithm is ours to say, and never the token's. */
async function verifySignature(
  token: string,
  keys: EvidenceKeys,
): Promise<Result<string, EvidenceRefusal>> {
  const { length } = token
  if (length > evidenceLengthMax) return err({ code: 'too_long', length, limit: evidenceLengthMax })
  const kid = kidOf(token)
  if (!kid.ok) return kid
  const key = keys.get(kid.value)
  if (key === undefined) return err({ code: 'unknown_key', kid: kid.value })
  if (!isCanonical(token)) return err({ code: 'malformed', part: 'signature' })
  try {
    const { payload } = await compactVerify(token, key, { algorithms: [evidenceAlgorithm] })
    return ok(new TextDecoder().decode(payload))
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) {
      return err({ code: 'signature_invalid', kid: kid.value })
    }
    if (error instanceof errors.JOSEError) return err({ code: 'malformed', part: 'header' })
    throw error
  }
}

function kidOf(token: string): Result<string, EvidenceRefusal> {
  const header = headerOf(token)
  if (header === undefined) return err({ code: 'malformed', part: 'header' })
  const { alg, typ, kid } = header
  if (alg !== evidenceAlgorithm) return err({ code: 'other_algorithm', found: String(alg) })
  if (typ !== evidenceType) return err({ code: 'other_type', found: String(typ) })
  return typeof kid === 'string' ? ok(kid) : err({ code: 'malformed', part: 'header' })
}

function headerOf(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return { ...decodeProtectedHeader(token) }
  } catch (error) {
    // TypeError: its first part is no base64url of a JSON object, which is the answer.
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** Base64url of 64 octets leaves four bits that mean nothing: a token is one text, and no other. */
function isCanonical(token: string): boolean {
  const text = token.slice(token.lastIndexOf('.') + 1)
  const octets = fromBase64Url(text)
  return octets !== undefined && toBase64Url(octets) === text
}

function checkTime(
  { iat, exp }: EvidenceClaims,
  { skewMs }: EvidenceTrust,
  now: Instant,
): EvidenceRefusal | undefined {
  const lifetimeMs = (exp - iat) * 1000
  const [from, until] = [instantFromMs(iat * 1000), instantFromMs(exp * 1000)]
  if (lifetimeMs > evidenceLifetimeMaxMs) {
    return { code: 'lives_too_long', lifetimeMs, limitMs: evidenceLifetimeMaxMs }
  }
  if (now < from - skewMs) return { code: 'not_yet_valid', now, from }
  return now > until + skewMs ? { code: 'expired', now, until } : undefined
}

function checkRequest(
  { iss, aud, htm, path }: EvidenceClaims,
  request: EvidenceRequest,
  { issuer }: EvidenceTrust,
): EvidenceRefusal | undefined {
  const host = request.host.toLowerCase()
  if (iss !== issuer) return { code: 'other_issuer', signed: iss, found: issuer }
  if (aud !== host) return { code: 'other_host', signed: aud, found: host }
  // RFC 9110 9.1: methods are case-sensitive.
  if (htm !== request.method) return { code: 'other_method', signed: htm, found: request.method }
  return path === request.path
    ? undefined
    : { code: 'other_path', signed: path, found: request.path }
}

function checkBody(
  { digest }: EvidenceClaims,
  { bodyDigest }: EvidenceRequest,
  { body }: EvidenceTrust,
): EvidenceRefusal | undefined {
  if (digest === undefined) return body === 'digest' ? { code: 'body_not_bound' } : undefined
  if (digest === bodyDigest) return undefined
  return { code: 'other_digest', signed: digest, found: bodyDigest ?? 'none' }
}

async function checkReplay(
  { jti, exp, digest }: EvidenceClaims,
  { nonces, skewMs }: EvidenceTrust,
  now: Instant,
): Promise<EvidenceRefusal | undefined> {
  if (nonces === undefined) {
    return digest === undefined ? { code: 'replay_not_known', because: 'no_store' } : undefined
  }
  switch (await nonces.claim(jti, instantFromMs(exp * 1000 + skewMs), now)) {
    case 'first':
      return undefined
    case 'seen':
      return { code: 'replayed', nonce: jti }
    case 'full':
      return { code: 'replay_not_known', because: 'store_full' }
  }
}
