import { equalBytes, type Bytes } from '#shared/bytes.ts'
import type { CandidatePath } from '#shared/path/candidate-path.ts'
import { freshnessFor, isTaken } from '#shared/path/checks/revocation.ts'
import type { VerificationPolicy } from '#shared/path/policy.ts'
import { ok, type Result } from '#shared/result.ts'
import type { Soon } from '#shared/soon.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'
import { nameKey } from '#shared/x509/name.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { AuthenticatedCrls, IssuerCrls } from './authenticated-crls.ts'
import { namesOtherIssuers } from './bare-question.ts'
import { findCrlSigners, type CrlSigner, type SignerContext } from './crl-signers.ts'
import { directoryName } from './point-names.ts'
import { questionOf } from './scope.ts'
import { revocationStatus } from './status.ts'

/** What gathering lists looks at beside the path. */
export interface ListsContext extends SignerContext {
  readonly policy: VerificationPolicy
  readonly crls: AuthenticatedCrls
}

/** Lists whose signers are verified. `forged`: there are others of these names, and no such signer's. */
export type Lists = Pick<IssuerCrls, 'crls' | 'forged' | 'name'>

/**
 * The lists that may answer for a certificate of a path: those that its issuer's key signed, and,
 * only where lists of a wanted name remain, those of other keys that RFC 5280 6.3.3 (f) admits.
 *
 * @param issuer the certificate above it in the path
 * @returns an error where the budget ended the search for those keys
 */
export function listsOf(
  certificate: Certificate,
  issuer: Certificate,
  path: CandidatePath,
  context: ListsContext,
): Soon<Result<Lists, Rejection>> {
  const own = context.crls.of(context.store, issuer)
  const others = namesOtherIssuers(certificate) ? listedOthers(certificate, context) : none
  // Nearly always: asked without a closure, at every request.
  if (!(own instanceof Promise) && others.length === 0 && !own.elsewhere) return ok(own)
  return withOthers(own, issuer.subject, others, path, context)
}

async function withOthers(
  soon: Soon<IssuerCrls>,
  name: Bytes,
  others: readonly Bytes[],
  path: CandidatePath,
  context: ListsContext,
): Promise<Result<Lists, Rejection>> {
  const own = await soon
  if (others.length === 0 && !own.elsewhere) return ok(own)
  const names = own.elsewhere ? [name, ...others] : others
  const lists = await listsOfNames(names, own, path, context)
  if (!lists.ok) return lists
  return ok({ crls: lists.value, forged: own.forged || others.length > 0, name: own.name })
}

/** An issuer's own lists, and those of signers of these names. */
async function listsOfNames(
  names: readonly Bytes[],
  own: IssuerCrls,
  path: CandidatePath,
  context: ListsContext,
): Promise<Result<Lists['crls'], Rejection>> {
  const crls = new Set(own.crls)
  for (const name of names) {
    const signers = await findCrlSigners(name, path, context)
    if (!signers.ok) return signers
    for (const signer of signers.value) {
      for (const crl of await listsOfSigner(signer, path, context)) crls.add(crl)
    }
  }
  return ok([...crls])
}

/** Of the other issuers that a certificate names those that lists are at hand of. */
function listedOthers(certificate: Certificate, { store }: ListsContext): readonly Bytes[] {
  return otherIssuers(certificate).filter((name) => store.crlsByIssuer.has(nameKey(name)))
}

/** Names of CRL issuers (RFC 5280 4.2.1.13: at most one a point) that are not the certificate's issuer. */
function otherIssuers(certificate: Certificate): readonly Bytes[] {
  const { issuer, extensions } = certificate
  const names = (extensions.crlDistributionPoints ?? [])
    .flatMap(({ crlIssuers = [] }) => crlIssuers)
    .flatMap((name) => directoryName(name) ?? [])
    .filter((name) => nameKey(name) !== nameKey(issuer))
  return [...new Map(names.map((name) => [nameKey(name), name])).values()].slice(0, otherIssuersMax)
}

const none: readonly Bytes[] = []

/** A certificate in PKITS has one; each may cost a search. */
const otherIssuersMax = 2

/** A signer's lists, unless it is revoked itself, by its issuer's lists or by its own. */
async function listsOfSigner(
  signer: CrlSigner,
  path: CandidatePath,
  context: ListsContext,
): Promise<IssuerCrls['crls']> {
  const { store, policy, now, crls } = context
  const own = await crls.of(store, signer.certificate)
  if (signer.certificate === signer.issuer || policy.revocation.of !== 'chain') return own.crls
  if (isCaOf(path, signer.certificate)) return own.crls
  const above = await crls.of(store, signer.issuer)
  const asked = [...new Set([...above.crls, ...own.crls])]
  const question = questionOf(signer.certificate)
  // A signer stands above the leaf like a CA, whatever is in its certificate.
  const freshness = freshnessFor(1, policy)
  const found = await revocationStatus(asked, question, now, freshness)
  const isCleared =
    found.status === 'good' || (found.status === 'unknown' && isTaken(found.gap, freshness))
  return isCleared ? own.crls : []
}

/**
 * Whether a signer is a CA of the path. The path is refused with it where it is revoked or nobody
 * can tell, in its own turn and by all of its issuer's lists: of a CA that rolled its key over these
 * may be of a key further up (RFC 5280 6.1.4 (l): self-issued certificates), which here would not be seen.
 */
function isCaOf({ certificates }: CandidatePath, signer: Certificate): boolean {
  return certificates.slice(1).some(({ der }) => equalBytes(der, signer.der))
}
