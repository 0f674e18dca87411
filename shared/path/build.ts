import { equalBytes } from '#shared/bytes.ts'
import { err, type Result } from '#shared/result.ts'
import { moreTelling, rejections, type Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { equalNames, nameKey } from '#shared/x509/name.ts'
import type { CandidatePath, VerifiedPath } from './candidate-path.ts'
import { isSelfIssued } from './checks/authority.ts'
import { validatePath, type ValidationContext } from './validate.ts'

/** One search: what may be tried, and the most telling reason met so far. */
interface Search {
  readonly context: ValidationContext
  /** Presented intermediates, unverified, in any order. */
  readonly pool: readonly Certificate[]
  reason: Rejection | undefined
}

/**
 * RFC 4158: finds a path from the leaf to an anchor that validates, with backtracking. Names lead
 * the search; key identifiers only order it, since a CA may leave them out or get them wrong.
 *
 * @param pool intermediates as presented; those of the trust store are added
 * @returns the first path that validates, or of all reasons met the most telling one
 */
export async function buildVerifiedPath(
  leaf: Certificate,
  pool: readonly Certificate[],
  context: ValidationContext,
): Promise<Result<VerifiedPath, Rejection>> {
  const search: Search = { context, pool, reason: undefined }
  const found = await extend([leaf], search)
  return found ?? err(search.reason ?? { code: 'untrusted' })
}

type Certificates = readonly [Certificate, ...Certificate[]]

/** Tries anchors above the last certificate, then intermediates; undefined when all have failed. */
async function extend(
  certificates: Certificates,
  search: Search,
): Promise<Result<VerifiedPath, Rejection> | undefined> {
  const last = certificates[certificates.length - 1] ?? certificates[0]
  for (const anchor of search.context.store.anchorsBySubject.get(nameKey(last.issuer)) ?? []) {
    const done = await tryPath({ certificates, anchor, beside: search.pool }, search)
    if (done !== undefined) return done
  }
  for (const issuer of issuersOf(last, certificates, search)) {
    const done = spendPath(search) ?? (await extend([...certificates, issuer], search))
    if (done !== undefined) return done
  }
  return undefined
}

async function tryPath(
  candidate: CandidatePath,
  search: Search,
): Promise<Result<VerifiedPath, Rejection> | undefined> {
  const exhausted = spendPath(search)
  if (exhausted !== undefined) return exhausted
  const validated = await validatePath(candidate, search.context)
  if (validated.ok || rejections[validated.error.code].fatal) return validated
  search.reason = moreTelling(search.reason, validated.error)
  return undefined
}

/**
 * Takes one path from the budget; the refusal where none is left. Half a path costs as much as a
 * whole one: of certificates that all bear one name a pool has factorially many orders, and none of
 * them need ever reach an anchor.
 */
function spendPath({ context: { budget } }: Search): Result<never, Rejection> | undefined {
  if (budget.paths === 0) return err({ code: 'budget_exhausted', budget: 'paths' })
  budget.paths -= 1
  return undefined
}

/** Intermediates that may have issued the last certificate, likeliest first; none twice in a path. */
function issuersOf(
  last: Certificate,
  certificates: Certificates,
  search: Search,
): readonly Certificate[] {
  const { store } = search.context
  const named = [
    ...(store.intermediatesBySubject.get(nameKey(last.issuer)) ?? []),
    ...search.pool.filter((each) => equalNames(each.subject, last.issuer)),
  ]
    .filter((each) => !certificates.some((used) => isSameEntity(used, each)))
    .filter((each, at, all) => all.findIndex(({ der }) => equalBytes(der, each.der)) === at)
  const limit = store.limits.intermediatesMax
  // RFC 5280 6.1.4 (l): certificates that a CA issues to itself (a key rollover) do not count.
  const counted = certificates.slice(1).filter((each) => !isSelfIssued(each)).length
  const allowed = counted < limit ? named : named.filter(isSelfIssued)
  if (allowed.length < named.length) {
    search.reason = moreTelling(search.reason, { code: 'chain_too_deep', limit })
  }
  return allowed.toSorted((a, b) => hintRank(a, last) - hintRank(b, last))
}

/** RFC 4158 2.4.2: the same name and key twice in a path is a loop, whichever certificate says so. */
function isSameEntity(a: Certificate, b: Certificate): boolean {
  return equalNames(a.subject, b.subject) && equalBytes(a.spki, b.spki)
}

/** 0 where the key identifiers match, 1 where they say nothing, 2 where they differ. */
function hintRank(issuer: Certificate, issued: Certificate): 0 | 1 | 2 {
  const wanted = issued.extensions.authorityKeyIdentifier
  const offered = issuer.extensions.subjectKeyIdentifier
  if (wanted === undefined || offered === undefined) return 1
  return equalBytes(wanted, offered) ? 0 : 2
}
