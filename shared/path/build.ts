import { equalBytes } from '#shared/bytes.ts'
import { err, type Result } from '#shared/result.ts'
import { after, firstFound, type Soon } from '#shared/soon.ts'
import { fatal, moreTelling, ranks, type Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { equalNames, nameKey } from '#shared/x509/name.ts'
import type { CandidatePath, VerifiedPath } from './candidate-path.ts'
import { isSelfIssued } from './checks/authority.ts'
import { allowsKeyUsage } from './checks/key-usage.ts'
import { validatePath, type ValidationContext } from './validate.ts'

/** One search: what may be tried, and the most telling reason met so far. */
interface Search {
  readonly context: ValidationContext
  /** Presented intermediates, unverified, in any order. */
  readonly pool: readonly Certificate[]
  /** Whose subject is a name, by `nameKey` of it: found once, however many ways lead there. */
  readonly bySubject: Map<string, readonly Certificate[]>
  /** Of all of them that share a name and a key the first: what is asked on each step is told at once. */
  readonly entities: Map<Certificate, Certificate>
  reason: Rejection | undefined
}

/**
 * RFC 4158: finds a path from the leaf to an anchor that validates, with backtracking. Names lead
 * the search; key identifiers only order it (`likelihood`), since a CA may leave them out or get
 * them wrong.
 *
 * @param pool intermediates as presented; those of the trust store are added
 * @returns the first path that validates, or of all reasons met the most telling one
 */
export function buildVerifiedPath(
  leaf: Certificate,
  pool: readonly Certificate[],
  context: ValidationContext,
): Soon<Result<VerifiedPath, Rejection>> {
  const search: Search = {
    context,
    pool,
    bySubject: new Map(),
    entities: new Map(),
    reason: undefined,
  }
  return after(extend([leaf], search), (found) => found ?? err(search.reason ?? untrusted([leaf])))
}

/** Nobody at hand has the name of the last certificate's issuer. */
function untrusted(certificates: Certificates): Rejection {
  const last = certificates[certificates.length - 1] ?? certificates[0]
  return { code: 'untrusted', at: certificates.length - 1, issuer: last.issuer }
}

type Certificates = readonly [Certificate, ...Certificate[]]

/** What ends a search: a path, or a refusal that no other path could better. */
type Done = Result<VerifiedPath, Rejection>

/** Tries anchors above the last certificate, then intermediates; undefined when all have failed. */
function extend(certificates: Certificates, search: Search): Soon<Done | undefined> {
  const last = certificates[certificates.length - 1] ?? certificates[0]
  const key = nameKey(last.issuer)
  const anchors = search.context.store.anchorsBySubject.get(key)
  if (anchors === undefined) return climb(certificates, key, 'nowhere', search)
  const anchored = firstFound(anchors, (anchor) =>
    tryPath({ certificates, anchor, beside: search.pool }, search),
  )
  return after(anchored, (done) => done ?? climb(certificates, key, 'at an anchor', search))
}

/**
 * Tries intermediates above the last certificate.
 *
 * @param key of its issuer's name
 * @param ends where ways end that have this name
 */
function climb(
  certificates: Certificates,
  key: string,
  ends: 'at an anchor' | 'nowhere',
  search: Search,
): Soon<Done | undefined> {
  const issuers = issuersOf(certificates, key, search)
  if (ends === 'nowhere' && issuers.length === 0) {
    search.reason = moreTelling(search.reason, untrusted(certificates))
  }
  return firstFound(
    issuers,
    (issuer) => spendPath(search) ?? extend([...certificates, issuer], search),
  )
}

function tryPath(candidate: CandidatePath, search: Search): Soon<Done | undefined> {
  const exhausted = spendPath(search)
  if (exhausted !== undefined) return exhausted
  return after(validatePath(candidate, search.context), (validated) => {
    if (validated.ok || ranks[validated.error.code] === fatal) return validated
    search.reason = moreTelling(search.reason, validated.error)
    return undefined
  })
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
  certificates: Certificates,
  key: string,
  search: Search,
): readonly Certificate[] {
  const [leaf, ...above] = certificates
  const last = above.at(-1) ?? leaf
  const used = new Set(above.map((each) => search.entities.get(each)))
  const named = namedOf(key, search).filter(
    (each) => !used.has(search.entities.get(each)) && !isSameEntity(leaf, each),
  )
  const counted = above.filter((each) => !isSelfIssued(each)).length
  const allowed = named.filter((each) => {
    const found = counted + (isSelfIssued(each) ? 0 : 1)
    return !isTooDeep(found, certificates.length + 1, search)
  })
  return allowed.length < 2 ? allowed : likeliestFirst(allowed, last, search)
}

/** In the order to be tried; of those alike the one that lasts longest is first, as it was issued last. */
function likeliestFirst(
  issuers: readonly Certificate[],
  issued: Certificate,
  search: Search,
): readonly Certificate[] {
  return issuers
    .map((issuer) => ({ issuer, likelihood: likelihood(issuer, issued, search) }))
    .toSorted(
      (a, b) =>
        b.likelihood - a.likelihood || b.issuer.validity.notAfter - a.issuer.validity.notAfter,
    )
    .map(({ issuer }) => issuer)
}

/**
 * RFC 4158 3.5: what speaks for an issuer, the weightiest first: that it breaks no rule by itself,
 * its key identifier, and that an anchor has issued it. In a mesh of CAs certified across, as bridges
 * are, each wrong turn leads through most of the mesh, and the budget is spent before the right one.
 * Nothing of it changes with time or with the leaf but its key identifier: `IssuersCache` rests on it.
 */
function likelihood(issuer: Certificate, issued: Certificate, { context }: Search): number {
  const isUsable = mayIssue(issuer) ? 6 : 0
  const isAnchored = context.store.anchorsBySubject.has(nameKey(issuer.issuer)) ? 1 : 0
  return isUsable + 2 * (2 - hintRank(issuer, issued)) + isAnchored
}

/** The rules of an issuer that no policy lifts, as `validatePath` asks them. */
function mayIssue(issuer: Certificate): boolean {
  const { basicConstraints, criticalUnknown } = issuer.extensions
  const isCa = basicConstraints?.ca === true
  return isCa && criticalUnknown.length === 0 && allowsKeyUsage(issuer, 'keyCertSign')
}

/**
 * Whether a path would be longer than the limits allow, counted in both ways: RFC 5280 6.1.4 (l)
 * passes over certificates that a CA issues to itself (a key rollover), OpenSSL counts them all.
 *
 * @param found intermediates that are not self-issued
 * @param length certificates of all kinds, the leaf among them
 */
function isTooDeep(found: number, length: number, search: Search): boolean {
  const { intermediatesMax, pathMax = Number.POSITIVE_INFINITY } = search.context.store.limits
  const isTooMany = found > intermediatesMax
  if (!isTooMany && length <= pathMax) return false
  const [count, limit] = isTooMany ? [found, intermediatesMax] : [length, pathMax]
  search.reason = moreTelling(search.reason, { code: 'chain_too_deep', found: count, limit })
  return true
}

/** Certificates of the store and of the pool whose subject is a name, each once. */
function namedOf(
  key: string,
  { context, pool, bySubject, entities }: Search,
): readonly Certificate[] {
  const before = bySubject.get(key)
  if (before !== undefined) return before
  const named = [
    ...(context.store.intermediatesBySubject.get(key) ?? []),
    ...pool.filter(({ subject }) => nameKey(subject) === key),
  ].filter((each, at, all) => all.findIndex(({ der }) => equalBytes(der, each.der)) === at)
  bySubject.set(key, named)
  for (const each of named)
    entities.set(each, named.find((first) => isSameEntity(first, each)) ?? each)
  return named
}

/** RFC 4158 2.4.2: the same name and key twice in a path is a loop, whichever certificate says so. */
function isSameEntity(a: Certificate, b: Certificate): boolean {
  return equalBytes(a.spki, b.spki) && equalNames(a.subject, b.subject)
}

/** 0 where the key identifiers match, 1 where they say nothing, 2 where they differ. */
function hintRank(issuer: Certificate, issued: Certificate): 0 | 1 | 2 {
  const wanted = issued.extensions.authorityKeyIdentifier
  const offered = issuer.extensions.subjectKeyIdentifier
  if (wanted === undefined || offered === undefined) return 1
  return equalBytes(wanted, offered) ? 0 : 2
}
