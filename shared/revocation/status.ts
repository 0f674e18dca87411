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
 * delta, until all reasons are covered; of those that have not begun, only whom they revoke (`joined`).
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
    const found = only.index.find(question.serial)
    // What `joined` makes of it, without its steps: nearly every answer is this one.
    if (found === undefined && at <= only.nextUpdate) return goodAndFresh
    return answeredBy(only, found, at, policy)
  }
  return answeredTogether(crls, question, at, policy)
}

const goodAndFresh: RevocationStatus = { status: 'good', freshness: 'fresh' }

/** By a single list of everything. */
function answeredBy(
  only: CrlFacts,
  found: Soon<Answer['entry']>,
  at: Instant,
  policy: SilenceWorth,
): Soon<RevocationStatus> {
  const freshness = freshnessAt(only.nextUpdate, at, policy.graceMs)
  return after(found, (entry) => joined([answerWith(only, allReasons, entry, freshness)], policy))
}

/** By lists that each tell of some, of some reasons, or of what changed. */
function answeredTogether(
  crls: readonly CrlFacts[],
  question: RevocationQuestion,
  at: Instant,
  policy: SilenceWorth,
): Soon<RevocationStatus> {
  const inScope = crls.filter((crl) => isKnown(crl) && reasonsAnswered(crl, question) !== 0)
  const begun = inScope.filter(({ thisUpdate }) => thisUpdate <= at)
  const current = inForce(begun)
  const toCome = begun.length === inScope.length ? none : inForce(inScope)
  const answers = [...current, ...toCome].map(({ crl, delta }) =>
    answerOf(crl, delta, question, at, policy),
  )
  const gap = inScope.some(isComplete) ? 'not_yet_current' : 'unsupported_scope'
  return after(together(answers), (all) => {
    return joined(all.slice(0, current.length), policy, all.slice(current.length), gap)
  })
}

/** A complete list, and the delta that is laid over it. */
interface Laid {
  readonly crl: CrlFacts
  readonly delta: CrlFacts | undefined
}

const none: readonly never[] = []

/** A complete list of all that the certificate's own issuer has revoked, as nearly every issuer has one. */
function isOfEverything(crl: CrlFacts, { issuer }: RevocationQuestion): boolean {
  return isComplete(crl) && crl.scope === undefined && equalNames(crl.issuer, issuer)
}

/**
 * RFC 5280 6.3.3 (e) and its end: silence clears a certificate once every reason is covered. A stale
 * list still knows whom it revoked; only its silence is worth nothing.
 *
 * The same of a list that has not begun, which RFC 5280 leaves open: its issuer has signed it, so a
 * clock is wrong, and whom it names is revoked all the same. Were it not looked at, a device that only
 * the newest delta names would be let in for as long as a clock is behind; were nobody cleared beside
 * it, a second's difference between two clocks would lock the whole fleet out at every list. Whom it
 * takes off, or is silent about, it changes nothing for.
 *
 * @param toCome what the lists will say once all have begun, where some have not: only `revoked` counts
 * @param gap what is missing where there is no answer
 */
function joined(
  answers: readonly Answer[],
  policy: SilenceWorth,
  toCome: readonly Answer[] = none,
  gap: RevocationGap = 'absent',
): RevocationStatus {
  const revoked = revokedBy(answers) ?? revokedBy(toCome)
  if (revoked !== undefined) return revoked
  // Whatever the others are silent about, this one may have revoked it.
  if (!isAtHand(answers) || !isAtHand(toCome)) return { status: 'unknown', gap: 'not_at_hand' }
  if (answers.length === 0) return { status: 'unknown', gap }
  const covered: Record<Freshness, ReasonMask> = { fresh: 0, grace: 0, stale: 0 }
  for (const { reasons, freshness } of answers) covered[freshness] |= reasons
  const inGrace = covered.fresh | covered.grace
  if (covered.fresh === allReasons) return { status: 'good', freshness: 'fresh' }
  if (inGrace === allReasons) return { status: 'good', freshness: 'grace' }
  const atAll = inGrace | covered.stale
  if (atAll !== allReasons) return { status: 'unknown', gap: 'reasons_not_covered' }
  if (policy.stale === 'accept') return { status: 'good', freshness: 'stale' }
  return { status: 'unknown', gap: 'stale' }
}

function revokedBy(answers: readonly Answer[]): RevocationStatus | undefined {
  for (const { crl, entry } of answers) {
    if (entry === undefined || entry === 'not_at_hand') continue
    return { status: 'revoked', since: entry.since, crl }
  }
  return undefined
}

function isAtHand(answers: readonly Answer[]): boolean {
  return answers.every(({ entry }) => entry !== 'not_at_hand')
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

/** Of complete lists the newest of each scope, with the newest of the deltas that can be laid over it. */
function inForce(crls: readonly CrlFacts[]): readonly Laid[] {
  const deltas = crls.filter(isDelta)
  return newestOfEachScope(crls.filter(isComplete)).map((crl) => {
    return { crl, delta: newestDeltaOf(crl, deltas) }
  })
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
  return inForce(crls.filter(({ thisUpdate }) => thisUpdate <= at)).map(({ crl, delta }) => ({
    crl,
    nextUpdate: nextUpdateWith(crl, delta),
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
  return isKnown(crl) && crl.deltaBase === undefined
}

function isDelta(crl: CrlFacts): boolean {
  return isKnown(crl) && crl.deltaBase !== undefined
}

/** RFC 5280 5.2: a list with a critical extension that is not known tells of nobody. */
function isKnown({ criticalUnknown }: CrlFacts): boolean {
  return criticalUnknown.length === 0
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
