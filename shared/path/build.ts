import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { err, type Result } from '#shared/result.ts'
import { moreTelling, rejections, type Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { equalNames, nameKey } from '#shared/x509/name.ts'
import type { CandidatePath, VerifiedPath } from './candidate-path.ts'
import { isSelfIssued } from './checks/authority.ts'
import { nameText } from './name-text.ts'
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
  const search: Search = {
    context,
    pool,
    bySubject: new Map(),
    entities: new Map(),
    reason: undefined,
  }
  const found = await extend([leaf], search)
  return found ?? err(search.reason ?? untrusted([leaf]))
}

/** Nobody at hand has the name of the last certificate's issuer. */
function untrusted(certificates: Certificates): Rejection {
  const last = certificates[certificates.length - 1] ?? certificates[0]
  return { code: 'untrusted', at: certificates.length - 1, issuer: nameText(last.issuer) }
}

type Certificates = readonly [Certificate, ...Certificate[]]

/** Tries anchors above the last certificate, then intermediates; undefined when all have failed. */
async function extend(
  certificates: Certificates,
  search: Search,
): Promise<Result<VerifiedPath, Rejection> | undefined> {
  const last = certificates[certificates.length - 1] ?? certificates[0]
  const anchors = search.context.store.anchorsBySubject.get(nameKey(last.issuer)) ?? []
  const issuers = issuersOf(last, certificates, search)
  if (anchors.length + issuers.length === 0) {
    search.reason = moreTelling(search.reason, untrusted(certificates))
  }
  for (const anchor of anchors) {
    const done = await tryPath({ certificates, anchor, beside: search.pool }, search)
    if (done !== undefined) return done
  }
  for (const issuer of issuers) {
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
  const [leaf, ...above] = certificates
  const used = new Set(above.map((each) => search.entities.get(each)))
  const named = namedOf(last.issuer, search).filter(
    (each) => !used.has(search.entities.get(each)) && !isSameEntity(leaf, each),
  )
  const counted = above.filter((each) => !isSelfIssued(each)).length
  const allowed = named.filter((each) => {
    const found = counted + (isSelfIssued(each) ? 0 : 1)
    return !isTooDeep(found, certificates.length + 1, search)
  })
  return allowed.toSorted((a, b) => hintRank(a, last) - hintRank(b, last))
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
  name: Bytes,
  { context, pool, bySubject, entities }: Search,
): readonly Certificate[] {
  const key = nameKey(name)
  const before = bySubject.get(key)
  if (before !== undefined) return before
  const named = [
    ...(context.store.intermediatesBySubject.get(key) ?? []),
    ...pool.filter(({ subject }) => equalNames(subject, name)),
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
