import { equalNames, nameKey } from '#shared/x509/name.ts'
import { after, together, type Soon } from '#shared/soon.ts'
import type { Instant } from '#shared/time.ts'
import type { RevocationGap } from '#shared/verdict/rejection.ts'
import { removeFromCrl, type CrlEntry } from './crl-entry.ts'
import type { CrlFacts } from './crl.ts'
import type { NotAtHand } from './crl-index.ts'
import { isDeltaOf } from './delta.ts'
import { freshnessAt, strictFreshness, type Freshness, type FreshnessPolicy } from './freshness.ts'
import { allReasons, type ReasonMask } from './reasons.ts'
import { reasonsAnswered, scopeKey, type RevocationQuestion } from './scope.ts'

/** What the CRLs at hand say of one certificate at one instant (RFC 5280 6.3). */
export type RevocationStatus =
  | { readonly status: 'good'; readonly freshness: Freshness }
  | { readonly status: 'revoked'; readonly since: Instant; readonly crl: CrlFacts }
  | { readonly status: 'unknown'; readonly gap: RevocationGap }

/** What the silence of a list is worth that there is. */
type SilenceWorth = Pick<FreshnessPolicy, 'graceMs' | 'stale'>

/** One list's word on a question. */
interface Answer {
  readonly crl: CrlFacts
  readonly reasons: ReasonMask
  readonly entry: CrlEntry | NotAtHand | undefined
  readonly freshness: Freshness
}

/**
 * RFC 5280 6.3.3: asks the newest list of each scope that covers a certificate, with its newest
 * delta, until all reasons are covered.
 *
 * @param crls complete and delta CRLs whose signature by a leave-holding key has been verified
 */
export function revocationStatus(
  crls: readonly CrlFacts[],
  question: RevocationQuestion,
  at: Instant,
  policy: SilenceWorth = strictFreshness,
): Soon<RevocationStatus> {
  const [only] = crls
  if (only === undefined) return { status: 'unknown', gap: 'absent' }
  if (crls.length === 1 && isOfEverything(only, question) && only.thisUpdate <= at) {
    return after(only.index.find(question.serial), (entry) =>
      joined(
        [answerWith(only, allReasons, entry, freshnessAt(only.nextUpdate, at, policy.graceMs))],
        policy,
      ),
    )
  }
  const inScope = crls.filter((crl) => isComplete(crl) && reasonsAnswered(crl, question) !== 0)
  if (inScope.length === 0) return { status: 'unknown', gap: 'unsupported_scope' }
  const current = newestOfEachScope(inScope.filter(({ thisUpdate }) => thisUpdate <= at))
  if (current.length === 0) return { status: 'unknown', gap: 'not_yet_current' }
  const deltas = crls.filter((crl) => isDelta(crl) && crl.thisUpdate <= at)
  const answers = current.map((crl) => {
    return answerOf(crl, newestDeltaOf(crl, deltas), question, at, policy)
  })
  return after(together(answers), (all) => joined(all, policy))
}

/** A complete list of all that the certificate's own issuer has revoked, as nearly every issuer has one. */
function isOfEverything(crl: CrlFacts, { issuer }: RevocationQuestion): boolean {
  return isComplete(crl) && crl.scope === undefined && equalNames(crl.issuer, issuer)
}

/**
 * RFC 5280 6.3.3 (e) and its end: silence clears a certificate once every reason is covered. A stale
 * list still knows whom it revoked; only its silence is worth nothing.
 */
function joined(answers: readonly Answer[], policy: SilenceWorth): RevocationStatus {
  const covered: Record<Freshness, ReasonMask> = { fresh: 0, grace: 0, stale: 0 }
  let isAllAtHand = true
  for (const { crl, reasons, entry, freshness } of answers) {
    if (entry === 'not_at_hand') isAllAtHand = false
    else if (entry !== undefined) return { status: 'revoked', since: entry.since, crl }
    covered[freshness] |= reasons
  }
  // Whatever the others are silent about, this one may have revoked it.
  if (!isAllAtHand) return { status: 'unknown', gap: 'not_at_hand' }
  const inGrace = covered.fresh | covered.grace
  if (covered.fresh === allReasons) return { status: 'good', freshness: 'fresh' }
  if (inGrace === allReasons) return { status: 'good', freshness: 'grace' }
  const atAll = inGrace | covered.stale
  if (atAll !== allReasons) return { status: 'unknown', gap: 'reasons_not_covered' }
  if (policy.stale === 'accept') return { status: 'good', freshness: 'stale' }
  return { status: 'unknown', gap: 'stale' }
}

/** RFC 5280 6.3.3 (i) to (l): the delta's entry before the complete list's. */
function answerOf(
  crl: CrlFacts,
  delta: CrlFacts | undefined,
  question: RevocationQuestion,
  at: Instant,
  { graceMs }: SilenceWorth,
): Soon<Answer> {
  const ofDelta = delta && findEntry(delta, question)
  const found = after(ofDelta, (entry) => entry ?? findEntry(crl, question))
  const reasons = reasonsAnswered(crl, question)
  const freshness = freshnessAt(nextUpdateWith(crl, delta), at, graceMs)
  return after(found, (entry) => answerWith(crl, reasons, entry, freshness))
}

function answerWith(
  crl: CrlFacts,
  reasons: ReasonMask,
  entry: Answer['entry'],
  freshness: Freshness,
): Answer {
  return { crl, reasons, entry: isTakenOff(entry) ? undefined : entry, freshness }
}

function isTakenOff(entry: Answer['entry']): boolean {
  return entry !== undefined && entry !== 'not_at_hand' && entry.reason === removeFromCrl
}

function newestDeltaOf(crl: CrlFacts, deltas: readonly CrlFacts[]): CrlFacts | undefined {
  return deltas.length === 0 ? undefined : newest(deltas.filter((each) => isDeltaOf(each, crl)))
}

/** Laid over the list, a delta makes it as new as itself (RFC 5280 5.2.4). */
function nextUpdateWith(crl: CrlFacts, delta: CrlFacts | undefined): Instant {
  return delta && delta.nextUpdate > crl.nextUpdate ? delta.nextUpdate : crl.nextUpdate
}

/** A list that answers at an instant, and until when it is fresh, its newest delta laid over it. */
export interface ListInForce {
  readonly crl: CrlFacts
  readonly nextUpdate: Instant
}

/** Of the complete lists that have begun the newest of each scope, stale or not. */
export function listsInForce(crls: readonly CrlFacts[], at: Instant): readonly ListInForce[] {
  const begun = crls.filter(({ thisUpdate }) => thisUpdate <= at)
  const deltas = begun.filter(isDelta)
  return newestOfEachScope(begun.filter(isComplete)).map((crl) => ({
    crl,
    nextUpdate: nextUpdateWith(crl, newestDeltaOf(crl, deltas)),
  }))
}

/** The entry of a serial of one issuer: in an indirect CRL the same serial may be another's. */
function findEntry(crl: CrlFacts, { serial, issuer }: RevocationQuestion): Soon<Answer['entry']> {
  if (equalNames(issuer, crl.issuer)) return crl.index.find(serial)
  return crl.indexOfOthers.get(nameKey(issuer))?.find(serial)
}

function newestOfEachScope(crls: readonly CrlFacts[]): readonly CrlFacts[] {
  if (crls.length < 2) return crls
  const byScope = new Map<string, CrlFacts>()
  for (const crl of crls) {
    const held = byScope.get(scopeKey(crl))
    if (held === undefined || isNewer(crl, held)) byScope.set(scopeKey(crl), crl)
  }
  return [...byScope.values()]
}

/** The newest complete CRL of no narrower scope that is current at an instant, stale or not. */
export function answeringCrl(crls: readonly CrlFacts[], at: Instant): CrlFacts | undefined {
  return newest(
    crls.filter((crl) => isComplete(crl) && crl.scope === undefined && crl.thisUpdate <= at),
  )
}

function isComplete(crl: CrlFacts): boolean {
  return crl.criticalUnknown.length === 0 && crl.deltaBase === undefined
}

function isDelta(crl: CrlFacts): boolean {
  return crl.criticalUnknown.length === 0 && crl.deltaBase !== undefined
}

/** By CRL number first: of two lists of the same second the higher number is the later one. */
export function newest(crls: readonly CrlFacts[]): CrlFacts | undefined {
  return crls.reduce<CrlFacts | undefined>(
    (best, crl) => (best === undefined || isNewer(crl, best) ? crl : best),
    undefined,
  )
}

/** Whether `a` supersedes `b`: by number (RFC 5280 5.2.3), by thisUpdate where either has none. */
export function isNewer(a: CrlFacts, b: CrlFacts): boolean {
  if (a.number === undefined || b.number === undefined || a.number === b.number) {
    return a.thisUpdate > b.thisUpdate
  }
  return a.number > b.number
}
