import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { after, type Soon } from '#shared/soon.ts'
import type { Instant } from '#shared/time.ts'
import { identityOfFields, identityOfLeaf } from './identity/device-identity.ts'
import type { Caches } from './caches.ts'
import { buildVerifiedPath } from './path/build.ts'
import { freshBudget, type Budget } from './path/budget.ts'
import type { VerifiedPath } from './path/candidate-path.ts'
import type { KnownPath } from './path/path-cache.ts'
import type { VerificationPolicy } from './path/policy.ts'
import { checkStanding, validateBelowKnown } from './path/validate.ts'
import type { AuthenticatedCrls } from './revocation/authenticated-crls.ts'
import type { TrustStore } from './trust-store/trust-store.ts'
import type { Basis, Decision } from './verdict/decision.ts'
import type { Presented } from './verdict/presented.ts'
import type { Rejection } from './verdict/rejection.ts'
import { albSerial } from './wire/serial.ts'
import type { Certificate } from './x509/certificate.ts'
import { parseCertificate } from './x509/parse.ts'
import type { SignatureVerifier } from './x509/signature.ts'

/** What a verification needs beside what was presented. */
export interface Verification {
  readonly store: TrustStore
  readonly policy: VerificationPolicy
  readonly now: Instant
  readonly verifier: SignatureVerifier
  readonly crls: AuthenticatedCrls
  /** What this isolate remembers; without them every path is built anew. */
  readonly caches?: Caches | undefined
}

/**
 * Decides whether the device that presented this may come in: RFC 5280 section 6 from the leaf to
 * an anchor of the store, revocation included. Never throws for bad input; fails closed.
 */
export async function verify(presented: Presented, verification: Verification): Promise<Decision> {
  return verifySoon(presented, verification)
}

/** The same, at once where all that it asks is at hand: of a device that was let in before. */
export function verifySoon(presented: Presented, verification: Verification): Soon<Decision> {
  const budget = freshBudget()
  const { signatures } = budget
  return after(findBasis(presented, verification, budget), (found): Decision => {
    const evidence = {
      at: verification.now,
      epoch: verification.store.epoch,
      signaturesSpent: signatures - budget.signatures,
    }
    if (!found.ok) return { outcome: 'refused', rejection: found.error, evidence }
    const { identity, basis } = found.value
    return { outcome: 'accepted', identity, basis, evidence }
  })
}

type Found = { readonly basis: Basis; readonly identity: ReturnType<typeof identityOfLeaf> }

function findBasis(
  presented: Presented,
  verification: Verification,
  budget: Budget,
): Soon<Result<Found, Rejection>> {
  switch (presented.kind) {
    case 'none':
      return err({ code: 'no_certificate' })
    case 'withheld':
      return err({ code: 'certificate_withheld', what: presented.what })
    case 'malformed':
      return err({
        code: 'presentation_malformed',
        field: presented.field,
        expected: presented.expected,
      })
    case 'chain':
      return verifyChain(presented, verification, budget)
    case 'attested':
      if (presented.leaf !== undefined && verification.policy.attested === 'refuse') {
        return verifyChain({ leaf: presented.leaf, intermediates: [] }, verification, budget)
      }
      if (verification.policy.attested === 'refuse')
        return err({ code: 'attestation_insufficient' })
      return ok({ basis: { kind: 'attestation' }, identity: identityOfFields(presented.fields) })
  }
}

type PresentedChain = Omit<Extract<Presented, { kind: 'chain' }>, 'kind'>

function verifyChain(
  presented: PresentedChain,
  verification: Verification,
  budget: Budget,
): Soon<Result<Found, Rejection>> {
  const size = checkSizes(presented, verification.store)
  if (!size.ok) return size
  const known = knownPath(presented, verification)
  const context = { ...verification, budget }
  if (known === undefined) return findPath(presented, context)
  // It counts while it stands: validity and revocation are decided anew on every request.
  return after(checkStanding(known.path, context), ({ ok: stands }) =>
    // Whoever presented the octets may have written to them meanwhile: ours are the same as they were.
    stands ? ok(foundOf(known)) : findPath({ ...presented, ...octetsOf(known) }, context),
  )
}

type Context = Verification & { readonly budget: Budget }

function findPath(presented: PresentedChain, context: Context): Soon<Result<Found, Rejection>> {
  const { caches } = context
  const { leaf: lent, intermediates } = presented
  // Whoever presented the octets may write to them while something is waited for: where something
  // may be kept, copies are read.
  const owned = caches === undefined ? lent : caches.copied(lent)
  const pool = intermediates.map((der) => readIntermediate(der, caches))
  const parsed = parseCertificate(owned)
  if (!parsed.ok) return err({ code: 'malformed_certificate', at: 0, ...parsed.error })
  const leaf = parsed.value
  const word = checkPlatformWord(presented, leaf)
  if (!word.ok) return word
  const readable: Certificate[] = []
  for (const { certificate } of pool) if (certificate !== undefined) readable.push(certificate)
  return after(findVerifiedPath(leaf, readable, context), (path) => {
    if (!path.ok) return path
    const found = { path: path.value, identity: identityOfLeaf(leaf) }
    if (caches !== undefined) keepPath(found, pool, caches, context)
    return ok(foundOf(found))
  })
}

/** By the issuers of leaves before, where the search would try those first; else, or where that fails, by search. */
function findVerifiedPath(
  leaf: Certificate,
  pool: readonly Certificate[],
  context: Context,
): Soon<Result<VerifiedPath, Rejection>> {
  const known = context.caches?.issuers.find(leaf, pool, context)
  if (known === undefined) return searchPath(leaf, pool, context)
  const { budget } = context
  const { comparisons } = budget
  return after(validateBelowKnown(known, context), (path) => {
    if (path.ok) {
      // As many as the search spends, so that what a decision tells does not depend on those before.
      budget.signatures -= known.certificates.length - 1
      return path
    }
    // The search comes this way again: signatures then cost nothing, and comparisons must not either.
    budget.comparisons = comparisons
    return searchPath(leaf, pool, context)
  })
}

function searchPath(
  leaf: Certificate,
  pool: readonly Certificate[],
  context: Context,
): Soon<Result<VerifiedPath, Rejection>> {
  const { paths } = context.budget
  return after(buildVerifiedPath(leaf, pool, context), (path) => {
    if (path.ok) {
      context.caches?.issuers.keep(path.value, pool, paths - context.budget.paths, context)
    }
    return path
  })
}

type Verified = Pick<KnownPath, 'path' | 'identity'>

function foundOf({ path, identity }: Verified): Found {
  return { basis: { kind: 'path', path }, identity }
}

function octetsOf({ leaf, intermediates }: KnownPath): Pick<KnownPath, 'leaf' | 'intermediates'> {
  return { leaf, intermediates }
}

/** A path that was verified before, of the same octets and under the same terms. */
function knownPath(presented: PresentedChain, verification: Verification): KnownPath | undefined {
  if (presented.platformSaysRevoked === true) return undefined
  return verification.caches?.paths.find(presented, verification)
}

function keepPath(
  { path, identity }: Verified,
  pool: readonly Intermediate[],
  caches: Caches,
  verification: Verification,
): void {
  const [leaf, ...issuers] = path.certificates
  for (const certificate of issuers) caches.certificates.keep(certificate)
  const intermediates = pool.map(({ der }) => der)
  caches.paths.keep({ path, identity, leaf: leaf.der, intermediates }, verification)
}

/** A platform that revokes certificates of a CA of its own does so in no list we see: its word stands. */
function checkPlatformWord(presented: PresentedChain, leaf: Certificate): Result<void, Rejection> {
  if (presented.platformSaysRevoked !== true) return ok(undefined)
  return err({ code: 'revoked', at: 0, serial: albSerial(leaf.serial), since: undefined })
}

function checkSizes(
  { leaf, intermediates }: PresentedChain,
  { limits }: TrustStore,
): Result<void, Rejection> {
  if (intermediates.length > limits.presentedMax) {
    const found = intermediates.length
    return err({ code: 'chain_too_deep', found, limit: limits.presentedMax })
  }
  let bytes = leaf.length
  for (const { length } of intermediates) bytes = Math.max(bytes, length)
  if (bytes <= limits.certificateOctetsMax) return ok(undefined)
  return err({ code: 'certificate_too_large', bytes, limit: limits.certificateOctetsMax })
}

/** A presented intermediate: its octets, which are ours where there are caches, and what they say. */
interface Intermediate {
  readonly der: Bytes
  /** RFC 8446 4.4.2: certificates beside the path may be sent along; one that cannot be read is no issuer. */
  readonly certificate: Certificate | undefined
}

function readIntermediate(der: Bytes, caches: Caches | undefined): Intermediate {
  if (caches !== undefined) {
    const certificate = caches.certificates.read(der)
    return { der: certificate?.der ?? caches.copied(der), certificate }
  }
  const parsed = parseCertificate(der)
  return { der, certificate: parsed.ok ? parsed.value : undefined }
}
