import { ok, type Result } from '#shared/result.ts'
import type { Soon } from '#shared/soon.ts'
import type { Instant } from '#shared/time.ts'
import type { AuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { listsOf, type Lists } from '#shared/revocation/lists-of.ts'
import { questionOf } from '#shared/revocation/scope.ts'
import type { TrustAnchor, TrustStore } from '#shared/trust-store/trust-store.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Budget } from './budget.ts'
import type { CandidatePath, VerifiedPath } from './candidate-path.ts'
import { checkKey, checkSignatureAlgorithm } from './checks/algorithms.ts'
import {
  checkAnchorBasicConstraints,
  checkBasicConstraints,
  checkCertificateSigning,
  checkPathLength,
} from './checks/authority.ts'
import { checkCriticalExtensions } from './checks/critical-extensions.ts'
import { checkLeafKeyUsage } from './checks/key-usage.ts'
import { checkIssuerPurpose, checkLeafPurpose } from './checks/purpose.ts'
import { areListsAsked, checkRevocation, checkWord } from './checks/revocation.ts'
import { checkSignature } from './checks/signature.ts'
import { checkValidity } from './checks/validity.ts'
import { first, firstOf } from './first.ts'
import { checkNameConstraints } from './name-constraints/check.ts'
import { processPolicies } from './policies/process.ts'
import { expiryGraceMs, type VerificationPolicy } from './policy.ts'
import { checkAnchorNamed, checkConsistency } from './profile/consistency.ts'

/** Everything a validation looks at beside the path: all of it arguments, none of it ambient. */
export interface ValidationContext {
  readonly store: TrustStore
  readonly policy: VerificationPolicy
  readonly now: Instant
  readonly verifier: SignatureVerifier
  readonly crls: AuthenticatedCrls
  readonly budget: Budget
}

/**
 * RFC 5280 section 6.1 over one candidate path. First the rules of what a path may be made of,
 * which cost nothing; then signatures, from the anchor down; then name constraints and policies,
 * whose cost grows with what certificates say, so that nobody makes a decision dear whom no CA of
 * ours certified; then what time changes, validity and revocation, so that "expired" and "revoked"
 * are said only of certificates that a CA of ours issued.
 */
export function validatePath(
  candidate: CandidatePath,
  context: ValidationContext,
): Soon<Result<VerifiedPath, Rejection>> {
  const rules = checkRules(candidate, context.policy)
  if (!rules.ok) return rules
  return checkSigned(candidate, context, candidate.certificates.length - 1)
}

/**
 * The same of a path whose certificates above the leaf are known to keep the rules and to be signed:
 * `IssuersCache` tells which.
 */
export function validateBelowKnown(
  candidate: CandidatePath,
  context: ValidationContext,
): Soon<Result<VerifiedPath, Rejection>> {
  const rules = checkLeaf(candidate.certificates[0], context.policy)
  return rules.ok ? checkSigned(candidate, context, 0) : rules
}

/**
 * What is asked of a path that keeps the rules.
 *
 * @param from the first whose signature is to be verified, and then those below it; -1 where all are
 */
function checkSigned(
  candidate: CandidatePath,
  context: ValidationContext,
  from: PathIndex,
): Soon<Result<VerifiedPath, Rejection>> {
  for (let at = from; at >= 0; at -= 1) {
    const signature = checkSignatureAt(candidate, at, context)
    if (signature instanceof Promise) return checkSignedAfter(signature, candidate, context, at)
    if (!signature.ok) return signature
  }
  return checkCertified(candidate, context)
}

/** Apart, so that what is at hand is asked without a closure. */
async function checkSignedAfter(
  signature: Promise<Result<void, Rejection>>,
  candidate: CandidatePath,
  context: ValidationContext,
  at: PathIndex,
): Promise<Result<VerifiedPath, Rejection>> {
  const right = await signature
  return right.ok ? checkSigned(candidate, context, at - 1) : right
}

function checkSignatureAt(
  { certificates, anchor }: CandidatePath,
  at: PathIndex,
  { verifier, budget }: ValidationContext,
): Soon<Result<void, Rejection>> {
  const certificate = certificates[at] ?? certificates[0]
  const { spki } = certificates[at + 1] ?? anchor
  return checkSignature(certificate, at, spki, verifier, budget)
}

/** What is asked of a path once CAs of ours have certified it. */
function checkCertified(
  candidate: CandidatePath,
  context: ValidationContext,
): Soon<Result<VerifiedPath, Rejection>> {
  const { policy } = context
  const names = checkNameConstraints(candidate, context.budget, policy.anchor)
  if (!names.ok) return names
  const policies = processPolicies(candidate, policy.certificatePolicies, policy.anchor)
  if (!policies.ok) return policies
  const standing = checkStanding(candidate, context)
  return standing instanceof Promise
    ? verifiedAfter(standing, candidate, policies.value)
    : verified(standing, candidate, policies.value)
}

/** Apart, so that what is at hand is asked without a closure. */
async function verifiedAfter(
  standing: Promise<Result<void, Rejection>>,
  candidate: CandidatePath,
  policies: readonly string[],
): Promise<Result<VerifiedPath, Rejection>> {
  return verified(await standing, candidate, policies)
}

function verified(
  standing: Result<void, Rejection>,
  candidate: CandidatePath,
  policies: readonly string[],
): Result<VerifiedPath, Rejection> {
  return standing.ok ? ok({ ...candidate, policies } as VerifiedPath) : standing
}

/**
 * What time can change about a path whose signatures hold: validity and revocation. Asked again by
 * itself of connections that are held open while certificates end and lists arrive.
 */
export function checkStanding(
  path: CandidatePath,
  context: ValidationContext,
): Soon<Result<void, Rejection>> {
  let at = 0
  for (const certificate of path.certificates) {
    const graceMs = at === 0 ? expiryGraceMs(context.policy) : 0
    const validity = checkValidity(certificate, at, context.now, graceMs)
    if (!validity.ok) return validity
    at += 1
  }
  const anchor = checkAnchorValidity(path, context)
  return anchor.ok ? checkRevocations(path, context, 0) : anchor
}

/** OpenSSL asks an anchor for its dates as well; RFC 5280 6.1.1 (d) gives anchors none. */
function checkAnchorValidity(
  { certificates, anchor }: CandidatePath,
  { policy, now }: Pick<ValidationContext, 'policy' | 'now'>,
): Result<void, Rejection> {
  if (policy.anchor.validity === 'ignore') return ok(undefined)
  return checkValidity(anchor.certificate, certificates.length, now, 0)
}

function checkRules(
  { certificates, anchor }: CandidatePath,
  policy: VerificationPolicy,
): Result<void, Rejection> {
  for (const [at, certificate] of certificates.entries()) {
    const below = certificates.slice(1, Math.max(at, 1))
    const rules =
      at === 0 ? checkLeaf(certificate, policy) : checkIssuer(certificate, at, below, policy)
    if (!rules.ok) return rules
  }
  return checkAnchor(anchor, certificates.length, certificates.slice(1), policy)
}

/** An anchor's key signs like any other; what its certificate says binds where the policy has it so. */
function checkAnchor(
  anchor: TrustAnchor,
  at: number,
  below: readonly Certificate[],
  policy: VerificationPolicy,
): Result<void, Rejection> {
  const key = checkKey(anchor.spki, at, policy.algorithms)
  if (!key.ok || policy.anchor.constraints === 'ignore') return key
  return checkAnchorConstraints(anchor.certificate, at, below, policy)
}

/** RFC 5937: an anchor is trusted beforehand, and yet what its own certificate says narrows its paths. */
function checkAnchorConstraints(
  anchor: Certificate,
  at: number,
  below: readonly Certificate[],
  { purpose, profile }: VerificationPolicy,
): Result<void, Rejection> {
  return first(
    () => checkAnchorBasicConstraints(anchor, at),
    () => checkPathLength(anchor, at, below),
    () => checkCertificateSigning(anchor, at),
    () => checkIssuerPurpose(anchor, at, purpose),
    () => checkCriticalExtensions(anchor, at),
    () => checkAnchorNamed(anchor, at),
    () => profile.checkCertificate(anchor, at, 'anchor'),
  )
}

/** One question about a leaf by itself. */
type LeafCheck = (leaf: Certificate, policy: VerificationPolicy) => Result<void, Rejection>

/** In this order, made once: every request asks them of a leaf that nobody has seen. */
const leafChecks: readonly LeafCheck[] = [
  (leaf, { purpose }) => checkLeafKeyUsage(leaf, 0, purpose),
  (leaf, { purpose }) => checkLeafPurpose(leaf, 0, purpose),
  (leaf) => checkCriticalExtensions(leaf, 0),
  (leaf, { algorithms }) => checkSignatureAlgorithm(leaf, 0, algorithms),
  (leaf, { algorithms }) => checkKey(leaf.spki, 0, algorithms),
  (leaf) => checkConsistency(leaf, 0),
  (leaf, { profile }) => profile.checkCertificate(leaf, 0, 'leaf'),
]

function checkLeaf(leaf: Certificate, policy: VerificationPolicy): Result<void, Rejection> {
  return firstOf(leafChecks, leaf, policy)
}

function checkIssuer(
  issuer: Certificate,
  at: number,
  below: readonly Certificate[],
  { purpose, algorithms, profile }: VerificationPolicy,
): Result<void, Rejection> {
  return first(
    () => checkBasicConstraints(issuer, at),
    () => checkPathLength(issuer, at, below),
    () => checkCertificateSigning(issuer, at),
    () => checkIssuerPurpose(issuer, at, purpose),
    () => checkCriticalExtensions(issuer, at),
    () => checkSignatureAlgorithm(issuer, at, algorithms),
    () => checkKey(issuer.spki, at, algorithms),
    () => checkConsistency(issuer, at),
    () => profile.checkCertificate(issuer, at, 'issuer'),
  )
}

/** The status of a path's certificates from one place up: by lists as far as the policy asks. */
function checkRevocations(
  candidate: CandidatePath,
  context: ValidationContext,
  from: PathIndex,
): Soon<Result<void, Rejection>> {
  const { certificates } = candidate
  // A loop, and no step that waits for another: nearly always all lists are at hand.
  for (let at = from; at < certificates.length; at += 1) {
    const status = checkStatus(candidate, at, context)
    if (status instanceof Promise) return checkRevocationsAfter(status, candidate, context, at)
    if (!status.ok) return status
  }
  return ok(undefined)
}

/** Apart, so that what is at hand is asked without a closure. */
async function checkRevocationsAfter(
  status: Promise<Result<void, Rejection>>,
  candidate: CandidatePath,
  context: ValidationContext,
  at: PathIndex,
): Promise<Result<void, Rejection>> {
  const good = await status
  return good.ok ? checkRevocations(candidate, context, at + 1) : good
}

function checkStatus(
  candidate: CandidatePath,
  at: PathIndex,
  context: ValidationContext,
): Soon<Result<void, Rejection>> {
  const { store, policy } = context
  const certificate = candidate.certificates[at]
  if (certificate === undefined) return ok(undefined)
  if (!areListsAsked(at, policy)) return checkWord(questionOf(certificate), at, store)
  const lists = listsOf(certificate, issuerOf(candidate, at), candidate, context)
  return lists instanceof Promise
    ? checkByListsAfter(lists, certificate, at, context)
    : checkByLists(lists, certificate, at, context)
}

function checkByLists(
  lists: Result<Lists, Rejection>,
  certificate: Certificate,
  at: PathIndex,
  context: ValidationContext,
): Soon<Result<void, Rejection>> {
  if (!lists.ok) return lists
  // A path's certificate bears the name that its issuer's lists were found by.
  const question = questionOf(certificate, lists.value.name)
  return checkRevocation(question, at, lists.value, context)
}

/** Apart, so that what is at hand is asked without a closure. */
async function checkByListsAfter(
  lists: Promise<Result<Lists, Rejection>>,
  certificate: Certificate,
  at: PathIndex,
  context: ValidationContext,
): Promise<Result<void, Rejection>> {
  return checkByLists(await lists, certificate, at, context)
}

/** Who issued the certificate at one place of a path: the next certificate, or the anchor's. */
export function issuerOf(path: CandidatePath, at: number): Certificate {
  return path.certificates[at + 1] ?? path.anchor.certificate
}
