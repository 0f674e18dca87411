import { nameKey } from '#shared/x509/name.ts'
import type { Instant } from '#shared/time.ts'
import type { RevocationGap } from '#shared/verdict/rejection.ts'
import type { CrlEntry } from './crl-entry.ts'
import type { Crl } from './crl.ts'
import { isDeltaOf } from './delta.ts'
import { freshnessAt, strictFreshness, type Freshness, type FreshnessPolicy } from './freshness.ts'
import { allReasons, type ReasonMask } from './reasons.ts'
import { reasonsAnswered, scopeKey, type RevocationQuestion } from './scope.ts'

/** What the CRLs at hand say of one certificate at one instant (RFC 5280 6.3). */
export type RevocationStatus =
  | { readonly status: 'good'; readonly freshness: Freshness }
  | { readonly status: 'revoked'; readonly since: Instant; readonly crl: Crl }
  | { readonly status: 'unknown'; readonly gap: RevocationGap }

/** RFC 5280 5.3.1: taken off the list again; said by delta CRLs. */
const removeFromCrl = 8

/** One list's word on a question. */
interface Answer {
  readonly crl: Crl
  readonly reasons: ReasonMask
  readonly entry: CrlEntry | undefined
  readonly freshness: Freshness
}

/**
 * RFC 5280 6.3.3: asks the newest list of each scope that covers a certificate, with its newest
 * delta, until all reasons are covered.
 *
 * @param crls complete and delta CRLs whose signature by a leave-holding key has been verified
 */
export function revocationStatus(
  crls: readonly Crl[],
  question: RevocationQuestion,
  at: Instant,
  policy: FreshnessPolicy = strictFreshness,
): RevocationStatus {
  if (crls.length === 0) return { status: 'unknown', gap: 'absent' }
  const inScope = crls.filter((crl) => isComplete(crl) && reasonsAnswered(crl, question) !== 0)
  if (inScope.length === 0) return { status: 'unknown', gap: 'unsupported_scope' }
  const current = newestOfEachScope(inScope.filter(({ thisUpdate }) => thisUpdate <= at))
  if (current.length === 0) return { status: 'unknown', gap: 'not_yet_current' }
  const deltas = crls.filter((crl) => isDelta(crl) && crl.thisUpdate <= at)
  const answers = current.map((crl) => answerOf(crl, deltas, question, at, policy))
  return revokedBy(answers) ?? coverageOf(answers, policy)
}

/** A stale list still knows whom it revoked; only its silence is worth nothing. */
function revokedBy(answers: readonly Answer[]): RevocationStatus | undefined {
  for (const { crl, entry } of answers) {
    if (entry !== undefined) return { status: 'revoked', since: entry.since, crl }
  }
  return undefined
}

/** RFC 5280 6.3.3 (e) and its end: silence clears a certificate once every reason is covered. */
function coverageOf(answers: readonly Answer[], policy: FreshnessPolicy): RevocationStatus {
  const worths: readonly Freshness[] =
    policy.stale === 'accept' ? ['fresh', 'grace', 'stale'] : ['fresh', 'grace']
  const freshness = worths.find((_, index) => covers(answers, worths.slice(0, index + 1)))
  if (freshness !== undefined) return { status: 'good', freshness }
  const isCovered = covers(answers, ['fresh', 'grace', 'stale'])
  return { status: 'unknown', gap: isCovered ? 'stale' : 'reasons_not_covered' }
}

function covers(answers: readonly Answer[], worths: readonly Freshness[]): boolean {
  const counted = answers.filter(({ freshness }) => worths.includes(freshness))
  return counted.reduce((mask, { reasons }) => mask | reasons, 0) === allReasons
}

/** RFC 5280 6.3.3 (i) to (l): the delta's entry before the complete list's. */
function answerOf(
  crl: Crl,
  deltas: readonly Crl[],
  question: RevocationQuestion,
  at: Instant,
  { staleGraceMs }: FreshnessPolicy,
): Answer {
  const delta = newest(deltas.filter((each) => isDeltaOf(each, crl)))
  const found = (delta && findEntry(delta, question)) ?? findEntry(crl, question)
  // Laid over the list, a delta makes it as new as itself (5.2.4).
  const nextUpdate = delta && delta.nextUpdate > crl.nextUpdate ? delta.nextUpdate : crl.nextUpdate
  return {
    crl,
    reasons: reasonsAnswered(crl, question),
    entry: found?.reason === removeFromCrl ? undefined : found,
    freshness: freshnessAt(nextUpdate, at, staleGraceMs),
  }
}

/** The entry of a serial of one issuer: in an indirect CRL the same serial may be another's. */
function findEntry(crl: Crl, { serial, issuer }: RevocationQuestion): CrlEntry | undefined {
  const key = nameKey(issuer)
  const index = key === nameKey(crl.issuer) ? crl.index : crl.indexOfOthers.get(key)
  return index?.find(serial)
}

function newestOfEachScope(crls: readonly Crl[]): readonly Crl[] {
  const byScope = new Map<string, Crl>()
  for (const crl of crls) {
    const held = byScope.get(scopeKey(crl))
    if (held === undefined || isNewer(crl, held)) byScope.set(scopeKey(crl), crl)
  }
  return [...byScope.values()]
}

/** The newest complete CRL of no narrower scope that is current at an instant, stale or not. */
export function answeringCrl(crls: readonly Crl[], at: Instant): Crl | undefined {
  return newest(
    crls.filter((crl) => isComplete(crl) && crl.scope === undefined && crl.thisUpdate <= at),
  )
}

function isComplete(crl: Crl): boolean {
  return crl.criticalUnknown.length === 0 && crl.deltaBase === undefined
}

function isDelta(crl: Crl): boolean {
  return crl.criticalUnknown.length === 0 && crl.deltaBase !== undefined
}

/** By CRL number first: of two lists of the same second the higher number is the later one. */
export function newest(crls: readonly Crl[]): Crl | undefined {
  return crls.reduce<Crl | undefined>(
    (best, crl) => (best === undefined || isNewer(crl, best) ? crl : best),
    undefined,
  )
}

/** Whether `a` supersedes `b`: by number (RFC 5280 5.2.3), by thisUpdate where either has none. */
export function isNewer(a: Crl, b: Crl): boolean {
  if (a.number === undefined || b.number === undefined || a.number === b.number) {
    return a.thisUpdate > b.thisUpdate
  }
  return a.number > b.number
}
