import { equalInConstantTime, toBase64Url, toUtf8, type Bytes } from '#shared/bytes.ts'
import type { VerifiedPath } from '#shared/path/candidate-path.ts'
import { areListsAsked, checkRevocation, checkWord } from '#shared/path/checks/revocation.ts'
import { expiryGraceMs, type VerificationPolicy } from '#shared/path/policy.ts'
import { issuerOf } from '#shared/path/validate.ts'
import type { IssuerCrls, IssuerKeyId } from '#shared/revocation/authenticated-crls.ts'
import {
  answersBySerial,
  bareQuestion,
  namesOtherIssuers,
} from '#shared/revocation/bare-question.ts'
import { answeringCrl } from '#shared/revocation/status.ts'
import { after, firstFound, type Soon } from '#shared/soon.ts'
import type { Instant } from '#shared/time.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Verification } from '#shared/verify.ts'
import { claimOctets, sessionClaims, type SessionClaims } from './claims.ts'
import type { KeyRing } from './key-ring.ts'
import type { OpenedTokens } from './opened-tokens.ts'
import { openToken, sealToken, type RandomOctets } from './token.ts'

/** The longest a session may stand for a verification, whatever is configured. */
export const sessionTtlMaxMs = 15 * 60 * 1000

/** In place of an issuer's key, 32 zeros, which nobody's name and key hash to: this one is verified anew each time. */
const askAnew: IssuerKeyId = 'A'.repeat(43)

/** What sessions of one listener have in common. */
export interface SessionOptions {
  readonly ring: KeyRing
  /** The host the session is for: a token opens at no other. */
  readonly audience: string
  /** At most `sessionTtlMaxMs`. */
  readonly ttlMs: number
  readonly random: RandomOctets
  /** What was opened before; without it each token is opened anew. */
  readonly opened?: OpenedTokens | undefined
}

/** What a token is worth on this request. */
export type SessionVerdict =
  /** Path building and signatures may be skipped: validity and revocation have been decided again, now. */
  | { readonly verdict: 'resumed' }
  /** It says nothing (any more): verify the chain, as without it. */
  | { readonly verdict: 'reverify'; readonly because: ReverifyReason }
  | { readonly verdict: 'refused'; readonly rejection: Rejection }

export type ReverifyReason =
  | 'not_ours'
  | 'ended'
  | 'not_begun'
  | 'policy_changed'
  | 'trust_changed'
  | 'newer_epoch'
  | 'revocation_not_at_hand'

/**
 * Seals what a verification found, for requests to come (RFC 8705 section 3.1: bound to the leaf by
 * `cnf.x5t#S256`, so that a token without its certificate authenticates nobody). It ends with the
 * time to live, the leaf (or the grace that let it in) or the first CRL looked at, whichever is first.
 */
export async function sealSession(
  path: VerifiedPath,
  verification: Verification,
  options: SessionOptions,
): Promise<string> {
  const { store, policy, now, crls } = verification
  const [leaf] = path.certificates
  let ends = Math.min(
    now + Math.min(options.ttlMs, sessionTtlMaxMs),
    leaf.validity.notAfter + expiryGraceMs(policy),
  )
  const asked: [IssuerKeyId, Bytes][] = []
  for (const [at, certificate] of path.certificates.entries()) {
    const { serial, validity } = certificate
    const issuer = await crls.of(store, issuerOf(path, at))
    const isBare = answersBySerial(issuer) && !namesOtherIssuers(certificate)
    asked.push([isBare ? issuer.keyId : askAnew, serial])
    ends = Math.min(ends, endOfEvidence(issuer, now), at === 0 ? ends : validity.notAfter)
  }
  const claims: SessionClaims = {
    exp: ends,
    epoch: store.epoch,
    x5t: await sha256(leaf.der),
    trust: store.trustHash,
    policy: await policyHash(policy),
    path: asked,
  }
  return sealToken(claimOctets(claims), options.ring, options.audience, options.random)
}

/**
 * Asks a token about the certificate that came with it. Every request asks the revocation index
 * again, for the leaf and each intermediate; what cannot be answered is verified anew. At once where
 * the token was opened before.
 *
 * @param leaf DER of the leaf that this request's TLS connection proved to hold
 */
export function openSession(
  token: string,
  leaf: Bytes,
  verification: Verification,
  options: Omit<SessionOptions, 'ttlMs' | 'random'>,
): Soon<SessionVerdict> {
  const opening = { token, ring: options.ring, audience: options.audience }
  const known = options.opened?.find(opening, leaf)
  return known === undefined
    ? openAnew(opening, leaf, verification, options.opened)
    : askClaims(known, verification)
}

/** What a token is opened with. */
interface Opening extends Pick<SessionOptions, 'ring' | 'audience'> {
  readonly token: string
}

async function openAnew(
  opening: Opening,
  leaf: Bytes,
  verification: Verification,
  opened: OpenedTokens | undefined,
): Promise<SessionVerdict> {
  const claims = await claimsOf(opening)
  if (claims === undefined) return { verdict: 'reverify', because: 'not_ours' }
  // What has ended says nothing, not even whose it was: a device that kept it past a renewal goes on.
  if (hasEnded(claims, verification)) return { verdict: 'reverify', because: 'ended' }
  // Whoever presented the octets may write to them meanwhile: what is kept is what was hashed.
  const own = opened === undefined ? leaf : leaf.slice()
  if (!equalInConstantTime(claims.x5t, await sha256(own))) {
    return { verdict: 'refused', rejection: { code: 'session_of_other_certificate' } }
  }
  opened?.keep(opening, own, claims)
  return askClaims(claims, verification)
}

/** What the claims of a token are worth now, which came with the leaf that it is bound to. */
function askClaims(claims: SessionClaims, verification: Verification): Soon<SessionVerdict> {
  if (hasEnded(claims, verification)) return { verdict: 'reverify', because: 'ended' }
  const { policy, store, now } = verification
  // Sealed by a clock that was ahead of this one: time may not be given twice.
  if (claims.exp - now > sessionTtlMaxMs) return { verdict: 'reverify', because: 'not_begun' }
  return after(policyHash(policy), (hash): Soon<SessionVerdict> => {
    const moved = whatMoved(claims, store, hash)
    return moved === undefined
      ? askRevocation(claims, verification)
      : { verdict: 'reverify', because: moved }
  })
}

/** Also where a clock gives no number. */
const hasEnded = ({ exp }: SessionClaims, { now }: Verification): boolean => !(now <= exp)

async function claimsOf({ token, ring, audience }: Opening): Promise<SessionClaims | undefined> {
  const opened = await openToken(token, ring, audience)
  return opened === undefined ? undefined : sessionClaims(opened)
}

function whatMoved(
  claims: SessionClaims,
  store: TrustStore,
  policy: string,
): ReverifyReason | undefined {
  if (claims.trust !== store.trustHash) return 'trust_changed'
  if (claims.policy !== policy) return 'policy_changed'
  // Sealed by someone who knew more than we do: decide anew on what we have.
  return claims.epoch <= store.epoch ? undefined : 'newer_epoch'
}

function askRevocation(claims: SessionClaims, verification: Verification): Soon<SessionVerdict> {
  const objection = firstFound(claims.path, (one, at) => objectionTo(one, at, verification))
  return after(objection, (found) => found ?? { verdict: 'resumed' })
}

/** Why one certificate of the path does not let a session go on; undefined where it does. */
function objectionTo(
  [keyId, serial]: SessionClaims['path'][number],
  at: PathIndex,
  verification: Verification,
): Soon<SessionVerdict | undefined> {
  const { store, policy, crls } = verification
  const areAsked = areListsAsked(at, policy)
  if (!areAsked && store.revokedSerials.size === 0) return undefined
  const issuer = crls.known(store, keyId)
  if (issuer === undefined || (areAsked && !answersBySerial(issuer))) {
    return { verdict: 'reverify', because: 'revocation_not_at_hand' }
  }
  const question = bareQuestion(serial, issuer)
  const status = areAsked
    ? checkRevocation(question, at, issuer, verification)
    : checkWord(question, at, store)
  return after(status, (good) =>
    good.ok ? undefined : { verdict: 'refused', rejection: good.error },
  )
}

/** When the list that answers for this issuer ends; where none answers, or it is stale, it bounds nothing. */
function endOfEvidence({ crls }: IssuerCrls, now: Instant): number {
  const ends = answeringCrl(crls, now)?.nextUpdate ?? Number.POSITIVE_INFINITY
  return ends < now ? Number.POSITIVE_INFINITY : ends
}

/** By the very object, which is never written to; it is forgotten with its policy. */
const policyHashes = new WeakMap<VerificationPolicy, string>()

/** Which policy a token was sealed under, so that a changed one ends it. */
function policyHash(policy: VerificationPolicy): Soon<string> {
  return policyHashes.get(policy) ?? hashAndKeep(policy)
}

async function hashAndKeep(policy: VerificationPolicy): Promise<string> {
  const hash = toBase64Url(await sha256(toUtf8(JSON.stringify(policy))))
  policyHashes.set(policy, hash)
  return hash
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}
