import { equalBytes } from '#shared/bytes.ts'
import type { Budget } from '#shared/path/budget.ts'
import type { CandidatePath } from '#shared/path/candidate-path.ts'
import {
  checkBasicConstraints,
  checkCertificateSigning,
  checkPathLength,
} from '#shared/path/checks/authority.ts'
import { checkCriticalExtensions } from '#shared/path/checks/critical-extensions.ts'
import { allowsKeyUsage } from '#shared/path/checks/key-usage.ts'
import { checkSignature } from '#shared/path/checks/signature.ts'
import { checkValidity } from '#shared/path/checks/validity.ts'
import { checkNames } from '#shared/path/name-constraints/check.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'
import { nameKey } from '#shared/x509/name.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'

/** What a search for signers looks at beside the path. */
export interface SignerContext {
  readonly store: TrustStore
  readonly now: Instant
  readonly verifier: SignatureVerifier
  /** That of the whole decision: what a search for signers spends, the search for a path has not. */
  readonly budget: Budget
}

/** A certificate that may sign lists, and the CA above it, whose path ends at the target's own anchor. */
export interface CrlSigner {
  readonly certificate: Certificate
  readonly issuer: Certificate
}

/**
 * Certificates of one name whose paths are tried: a CA has one signing key, and for a while two. So
 * many keys of one name are in no hierarchy of the suites; the rest is noise a device presented.
 */
const signersMax = 4

/** CAs between a signer and a CA of the path: CRL signers are certified by the CA or beside it. */
const climbMax = 3

/**
 * RFC 5280 6.3.3 (f): certificates of a name that may sign CRLs and whose own path verifies to the
 * anchor of the target's path. From the path, the store and what was presented, in this order.
 *
 * @param name DER of the CRL issuer's Name
 * @returns an error where the budget ended the search: that nobody was found would be no answer
 */
export async function findCrlSigners(
  name: Uint8Array<ArrayBuffer>,
  path: CandidatePath,
  context: SignerContext,
): Promise<Result<readonly CrlSigner[], Rejection>> {
  const candidates = namedCertificates(name, path, context.store)
    .filter((each) => allowsKeyUsage(each, 'cRLSign'))
    .slice(0, signersMax)
  const signers: CrlSigner[] = []
  for (const certificate of candidates) {
    const issuer = await verifiedIssuer(certificate, [], path, context)
    if (issuer.ok) signers.push({ certificate, issuer: issuer.value })
    else if (isExhausted(issuer.error)) return err(issuer.error)
  }
  return ok(signers)
}

/** Why no way leads from a certificate to the anchor: undefined where there is merely none. */
type Dead = Rejection | undefined

function isExhausted(dead: Dead): dead is Rejection {
  return dead?.code === 'budget_exhausted'
}

/** The CA above a certificate on a verified way to the anchor. */
async function verifiedIssuer(
  certificate: Certificate,
  below: readonly Certificate[],
  path: CandidatePath,
  context: SignerContext,
): Promise<Result<Certificate, Dead>> {
  const known = issuerInPath(certificate, path)
  if (known !== undefined) {
    const cas = casAbove(certificate, path)
    if (!areLongEnough(cas, [...below, certificate])) return err(undefined)
    const permitted = permit(cas, below, context.budget)
    return permitted.ok ? ok(known) : permitted
  }
  if (below.length > climbMax || !isSound(certificate, context.now)) return err(undefined)
  const above = [...below, certificate]
  for (const issuer of namedCertificates(certificate.issuer, path, context.store)) {
    const step = await checkStep(issuer, above, path, context)
    const climbed = step.ok ? await verifiedIssuer(issuer, above, path, context) : step
    if (climbed.ok) return ok(issuer)
    if (isExhausted(climbed.error)) return climbed
  }
  return err(undefined)
}

/** Whether a CA may have certified, and did certify, the last of those below it. */
async function checkStep(
  issuer: Certificate,
  below: readonly Certificate[],
  path: CandidatePath,
  { verifier, budget }: SignerContext,
): Promise<Result<void, Dead>> {
  const certificate = below.at(-1)
  if (certificate === undefined || !isCaFor(issuer, below, path)) return err(undefined)
  const permitted = permit([issuer], below, budget)
  // Of no place in the path; and unlike the leaf at 0 it comes again with every device.
  return permitted.ok ? checkSignature(certificate, 1, issuer.spki, verifier, budget) : permitted
}

/** The path's own CAs and its anchor are verified already; the anchor stands above itself. */
function issuerInPath(certificate: Certificate, path: CandidatePath): Certificate | undefined {
  const { anchor } = path
  if (equalBytes(certificate.der, anchor.certificate.der)) return anchor.certificate
  const at = path.certificates.findIndex(({ der }) => equalBytes(der, certificate.der))
  return at === -1 ? undefined : (path.certificates[at + 1] ?? anchor.certificate)
}

/** The CAs above a certificate of the path, the anchor last; none above the anchor itself. */
function casAbove(certificate: Certificate, path: CandidatePath): readonly Certificate[] {
  const at = path.certificates.findIndex(({ der }) => equalBytes(der, certificate.der))
  return at === -1 ? [] : [...path.certificates.slice(at + 1), path.anchor.certificate]
}

/** RFC 5280 6.1.4 (g): name constraints of these CAs bind the signer and what certified it, signer first. */
function permit(
  cas: readonly Certificate[],
  below: readonly Certificate[],
  budget: Budget,
): Result<void, Rejection> {
  for (const ca of cas) {
    for (const [at, each] of below.entries()) {
      const names = checkNames(each, at, ca, 0, budget)
      if (!names.ok) return names
    }
  }
  return ok(undefined)
}

function isSound(certificate: Certificate, now: Instant): boolean {
  return checkValidity(certificate, 0, now, 0).ok && checkCriticalExtensions(certificate, 0).ok
}

/**
 * RFC 5280 6.1.4 (l) and (m): path lengths of the path's own CAs, the lowest first, bind whatever
 * a signer adds below them. Where it adds nothing, the path has been asked already.
 */
function areLongEnough(cas: readonly Certificate[], below: readonly Certificate[]): boolean {
  const [, ...added] = below
  if (added.length === 0) return true
  return cas.every((ca, at) => checkPathLength(ca, 0, [...added, ...cas.slice(0, at)]).ok)
}

/** RFC 5280 6.1.4 (k) to (n); an anchor is trusted for what it is, but its path length binds. */
function isCaFor(issuer: Certificate, below: readonly Certificate[], path: CandidatePath): boolean {
  if (!checkPathLength(issuer, 0, below.slice(1)).ok) return false
  if (equalBytes(issuer.der, path.anchor.certificate.der)) return true
  return checkBasicConstraints(issuer, 0).ok && checkCertificateSigning(issuer, 0).ok
}

function namedCertificates(
  name: Uint8Array<ArrayBuffer>,
  { anchor, certificates, beside = [] }: CandidatePath,
  store: TrustStore,
): readonly Certificate[] {
  const key = nameKey(name)
  const known = [anchor.certificate, ...certificates.slice(1)]
  return [...known, ...(store.intermediatesBySubject.get(key) ?? []), ...beside]
    .filter(({ subject }) => nameKey(subject) === key)
    .filter((each, at, all) => all.findIndex(({ der }) => equalBytes(der, each.der)) === at)
}
