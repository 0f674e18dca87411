import type { Instant } from '#shared/time.ts'
import type {
  LedgerAnchor,
  LedgerAuthority,
  LedgerCertificate,
  LedgerList,
  LedgerRevocation,
} from '../ca/ledger.ts'
import type { FrontProfileName, Phase, Scenario } from '../scenario/scenario.ts'
import type { Attempt } from './attempt.ts'
import { lookedSince, mustKnow, standingSince, type Promptness } from './standing.ts'

/*
 * What must happen to whoever tries to get in. This is the specification of the decision, written a
 * second time: nothing of the verification core is imported here, on purpose. An attempt to which no
 * truth applies is that of a good device, and it must be let in.
 */

/** All that is known about an attempt: what stood behind it, and the rules of the hour. */
export interface Facts {
  readonly attempt: Attempt
  readonly phase: Phase
  readonly profile: FrontProfileName
  /** The certificate whose key was used, as it was issued; undefined where none of ours was. */
  readonly certificate: LedgerCertificate | undefined
  /** The certificate that the cookie was issued to, where one was sent along. */
  readonly cookieOwner: LedgerCertificate | undefined
  /** The certificate that is to be renewed, where one is. */
  readonly renewed: LedgerCertificate | undefined
  /** Before this the factories made all that devices were born with. */
  readonly startedAt: Instant
  readonly revocation: LedgerRevocation | undefined
  /** Every certificate of its issuing CA, and every anchor; none where they never change. */
  readonly authorities: readonly LedgerAuthority[]
  readonly anchors: readonly LedgerAnchor[]
  /** The last lists of its issuer, the latest last; empty where nothing is known of them. */
  readonly lists: readonly LedgerList[]
  readonly crlPolicy: Scenario['edge']['crl']
  /** What the edge takes for the time of the attempt: its own clock may be wrong. */
  readonly clock: Instant
  readonly promptness: Promptness
  /** Slack of clocks that are not the same: 0 where both sides share a simulated one. */
  readonly toleranceMs: number
}

/** `must`: letting it in is wrong. `may`: inside a bound the scenario grants, both answers are right. */
export interface Objection {
  readonly weight: 'must' | 'may'
  /** The reasons that may be given for it. */
  readonly codes: readonly string[]
  readonly because: string
}

type Truth = (facts: Facts) => Objection | undefined

/** Who shows no certificate of ours is nobody: one of these alone decides. */
export const strangers: readonly Truth[] = [
  hostileRequest,
  forgedHeader,
  noCertificate,
  forgedChain,
  swappedKey,
  unknownSerial,
]

/** Of a certificate of ours several may hold at once: then any of their reasons may be given. */
export const objections: readonly Truth[] = [
  copiedCookie,
  revoked,
  expired,
  notYetCurrent,
  noPathLeft,
  listsAreStale,
  listsHaveNotBegun,
  wrongPurpose,
  headerBesides,
  longChain,
  endedIntermediate,
  issuedAhead,
  shownAhead,
]

/** What is wrong with it was chosen by whoever sent it. */
function hostileRequest({ attempt }: Facts): Objection | undefined {
  if (attempt.intent !== 'hostile_request') return undefined
  return must('the request for a certificate is a hostile one', attempt.codes ?? [])
}

/** A certificate named in a header, with none in the handshake. */
function forgedHeader({ attempt }: Facts): Objection | undefined {
  if (attempt.intent !== 'forged_header' || attempt.serial !== undefined) return undefined
  return must('a header names a certificate, the handshake had none', [
    'header_forged',
    'no_certificate',
  ])
}

/** The terminator overwrites such a header; an edge that refuses it instead is right as well. */
function headerBesides({ attempt }: Facts): Objection | undefined {
  if (attempt.intent !== 'header_besides') return undefined
  return may('a header names a certificate, the handshake had its own', ['header_forged'])
}

/** RFC 5280 4.2.1.12: a purpose that is not that of TLS clients forbids this one. */
function wrongPurpose({ certificate }: Facts): Objection | undefined {
  if (certificate?.purpose !== 'server') return undefined
  return must('it was issued to a server', ['purpose_forbids'])
}

/** It is itself, and may be let in; how much a platform passes on, and an edge looks at, is bounded. */
function longChain({ attempt }: Facts): Objection | undefined {
  if (attempt.intent !== 'long_chain') return undefined
  return may('it sends more certificates than anybody has to look at', [
    'chain_too_deep',
    'certificate_withheld',
    'certificate_too_large',
    'presentation_malformed',
    'budget_exhausted',
  ])
}

/** Whether a good certificate of its CA is at hand as well is the platform's and the store's matter. */
function endedIntermediate({ attempt }: Facts): Objection | undefined {
  if (attempt.intent !== 'ended_intermediate') return undefined
  return may('the certificate of its issuing CA that it sends has ended', ['expired'])
}

/**
 * The CA dates what it issues by its own clock, and an edge holds that against its own: behind by more
 * than CAs may be ahead, it finds a certificate that ends later than was asked, and need not hand it on.
 */
function issuedAhead({ attempt, clock, toleranceMs }: Facts): Objection | undefined {
  if (attempt.intent !== 'enrolment') return undefined
  if (clock >= attempt.at - caAheadMs + toleranceMs) return undefined
  return may('by the clock of the edge its CA’s certificates end too late', ['ca_refused'])
}

/** What is shown for a certificate, the one to be renewed or the factory's, has not begun by that clock. */
function shownAhead({
  attempt,
  clock,
  renewed,
  startedAt,
  toleranceMs,
}: Facts): Objection | undefined {
  if (attempt.intent !== 'enrolment') return undefined
  if (clock >= wholeSecond(renewed?.notBefore ?? startedAt) + toleranceMs) return undefined
  return may('by the clock of the edge what it shows has not begun', ['not_yet_valid'])
}

/** What a certificate's dates are allowed in beginning and end: five minutes between two clocks (RFC 4120). */
const caAheadMs = 300_000

function noCertificate({ attempt }: Facts): Objection | undefined {
  // Who asks for a first certificate has none yet.
  if (attempt.serial !== undefined || attempt.intent === 'enrolment') return undefined
  return must('the handshake had no certificate', ['no_certificate'])
}

/** Names and serial are those of a real device, so only the signatures tell. */
function forgedChain({ attempt }: Facts): Objection | undefined {
  if (attempt.intent !== 'forged_chain') return undefined
  return must('no key of ours signed this chain', ['untrusted', 'signature_invalid'])
}

/** All but the key is that of a real device, so only the signature tells. */
function swappedKey({ attempt }: Facts): Objection | undefined {
  if (attempt.intent !== 'swapped_key') return undefined
  return must('its issuer signed another key', ['signature_invalid'])
}

function unknownSerial({ attempt, certificate }: Facts): Objection | undefined {
  if (certificate !== undefined || attempt.intent === 'enrolment') return undefined
  return must('the ledger never issued this serial', ['untrusted', 'signature_invalid'])
}

/**
 * A cookie is bound to one certificate. Where cookies are not taken, it is not looked at; nor where
 * the terminator decides by itself: the leaf that it hands on is verified anew each time, so the
 * bearer's own certificate decides, and the identity handed on has to be the bearer's own. The same
 * holds of a cookie whose owner's certificate is taken no longer: it ended with that at the latest, and
 * one that has ended is none.
 */
function copiedCookie(facts: Facts): Objection | undefined {
  const { attempt, phase, cookieOwner, clock } = facts
  const { cookieSerial, serial } = attempt
  if (!phase.cookies || terminatorDecides(facts)) return undefined
  if (cookieSerial === undefined || cookieSerial === serial) return undefined
  if (cookieOwner !== undefined && clock > takenUntil(cookieOwner, phase)) return undefined
  return must('the cookie was issued to another certificate', ['session_of_other_certificate'])
}

/**
 * A revocation counts from its publication, where that stood (`standing.ts`). For the bound after
 * that, last instant included, the edge may still decide by the trust store it has; and where its
 * clock was set back, for as long as it cannot tell that the bound is over (`reckoning.ts`).
 */
function revoked({ attempt, revocation, ...facts }: Facts): Objection | undefined {
  const { promptness, toleranceMs } = facts
  const publishedAt = revocation?.publishedAt
  if (publishedAt === undefined || attempt.at < publishedAt - toleranceMs) return undefined
  const since = standingSince(revocation?.stretches ?? [], promptness, attempt.at)
  if (mustKnow(since, attempt.at, promptness)) {
    return must('it is revoked, and the time to learn of it is over', ['revoked'])
  }
  return may('it is revoked, and the edge may not have learnt of it yet', ['revoked'])
}

/**
 * What the phase says of a certificate that has ended; its last instant still belongs to it. Nobody
 * knows a time but that of his own clock, so what ends, and what has not begun, goes by the edge's.
 */
function expired({ clock, certificate, phase, toleranceMs }: Facts): Objection | undefined {
  if (certificate === undefined) return undefined
  const endsAt = takenUntil(certificate, phase)
  const because = phase.expired.word === 'grace' ? 'it ended, and so has its grace' : 'it has ended'
  if (clock > endsAt + toleranceMs) return must(because, ['expired'])
  return clock > endsAt - toleranceMs ? may(because, ['expired']) : undefined
}

/** The last instant at which a certificate is taken in a phase; infinite where its end is nothing. */
function takenUntil({ notAfter }: LedgerCertificate, { expired: policy }: Phase): number {
  if (policy.word === 'allow') return Number.POSITIVE_INFINITY
  return wholeSecond(notAfter) + (policy.word === 'grace' ? policy.forMs : 0)
}

/**
 * A certificate that has a cookie of its own had begun when that was made, by the same clock: where
 * the clock was set back since then it contradicts itself, and either answer is right.
 */
function notYetCurrent({ attempt, clock, certificate, ...facts }: Facts): Objection | undefined {
  if (certificate === undefined) return undefined
  const { phase, toleranceMs } = facts
  const startsAt = wholeSecond(certificate.notBefore)
  const hadBegun = phase.cookies && attempt.cookieSerial === certificate.serial
  if (hadBegun && clock < startsAt) return may('it had begun before', ['not_yet_valid'])
  if (clock < startsAt - toleranceMs) return must('it has not begun', ['not_yet_valid'])
  return clock < startsAt + toleranceMs ? may('it has not begun', ['not_yet_valid']) : undefined
}

/**
 * A leaf needs one certificate of its issuing CA that has not ended and whose root is an anchor:
 * the one that it presents, or one that lies in the trust store. What changed in the store since the
 * edge must have looked it may know or not.
 */
function noPathLeft(facts: Facts): Objection | undefined {
  if (facts.authorities.length === 0) return undefined
  const { attempt, promptness, toleranceMs } = facts
  const faults = [attempt.at + toleranceMs, lookedSince(attempt.at, promptness)].map((known) =>
    pathFault(facts, known),
  )
  const codes = [...new Set(faults.flatMap((fault) => fault ?? []))]
  if (codes.length === 0) return undefined
  const because = 'no certificate of its issuing CA leads to an anchor'
  return faults.includes(undefined) ? may(because, codes) : must(because, codes)
}

function isIn(from: Instant | undefined, at: number): boolean {
  return from !== undefined && from <= at
}

/** What is wrong with every path, by the trust store as it was at the instant `known`; undefined: nothing. */
function pathFault(
  { attempt, clock, authorities, anchors, certificate }: Facts,
  known: number,
): readonly string[] | undefined {
  const issuedAt = certificate?.issuedAt ?? attempt.at
  const presented = authorities.findLast(({ presentedFrom }) => isIn(presentedFrom, issuedAt))
  const atHand = authorities.filter((each) => each === presented || isIn(each.storedFrom, known))
  const anchored = atHand.filter(({ root }) =>
    anchors.some(
      (anchor) =>
        anchor.root === root && anchor.from <= known && known < (anchor.until ?? Infinity),
    ),
  )
  if (anchored.some(({ notAfter }) => clock <= wholeSecond(notAfter))) return undefined
  return anchored.length > 0 ? ['expired'] : ['untrusted']
}

/**
 * A list clears until its nextUpdate, or that of the delta laid over it, and through the grace; after
 * that, where the policy refuses, it clears nobody. A delta that is to come, by the edge's clock, is
 * laid over nothing yet. For the bound after a new list the edge may still decide by the one before.
 */
function listsAreStale(facts: Facts): Objection | undefined {
  const { clock, crlPolicy } = facts
  if (crlPolicy.stale === 'accept') return undefined
  return listsFail(facts, 'the lists of its issuer are stale', (list, slackMs) => {
    const isLaid = list.delta !== undefined && clock >= wholeSecond(list.delta.thisUpdate) - slackMs
    const ends = [list.nextUpdate, ...(isLaid ? [list.delta.nextUpdate] : [])].map(wholeSecond)
    return clock > Math.max(...ends) + crlPolicy.graceMs + slackMs
  })
}

/** A list that is to come, by the edge's clock, clears nobody yet, whatever the policy says of old ones. */
function listsHaveNotBegun(facts: Facts): Objection | undefined {
  const { clock } = facts
  return listsFail(facts, 'the lists of its issuer have not begun', ({ thisUpdate }, slackMs) => {
    return clock < wholeSecond(thisUpdate) - slackMs
  })
}

/** Whether a list fails, of which the clocks' slack in milliseconds makes it certain or possible. */
type ListFailure = (list: LedgerList, slackMs: number) => boolean

/** What follows where all the lists that the edge may hold fail, or some. */
function listsFail(facts: Facts, because: string, fails: ListFailure): Objection | undefined {
  const { toleranceMs } = facts
  const held = heldLists(facts)
  if (!held.some((list) => fails(list, -toleranceMs))) return undefined
  const areAll = held.every((list) => fails(list, toleranceMs))
  return areAll ? must(because, ['revocation_unknown']) : may(because, ['revocation_unknown'])
}

/** The lists that the edge may go by, the latest first: up to one whose follower it must know. */
function heldLists({ attempt, lists, promptness, toleranceMs }: Facts): readonly LedgerList[] {
  const held: LedgerList[] = []
  let follower: Instant | undefined
  for (let index = lists.length - 1; index >= 0; index -= 1) {
    const list = lists[index]
    if (list === undefined || list.publishedAt > attempt.at + toleranceMs) continue
    if (mustKnow(follower, attempt.at, promptness)) break
    held.push(list)
    follower = standingSince([list], promptness, attempt.at) ?? follower
  }
  return held
}

/**
 * Whether the terminator itself decides, which is an ALB in verify mode. It knows certificates, but
 * no cookies, and a refusal of its is one without a word.
 */
export function terminatorDecides({ profile, phase }: Pick<Facts, 'profile' | 'phase'>): boolean {
  return profile === 'alb' && phase.mode === 'verify'
}

/** X.509 knows whole seconds (RFC 5280 4.1.2.5). */
function wholeSecond(at: Instant): number {
  return Math.floor(at / 1000) * 1000
}

function must(because: string, codes: readonly string[]): Objection {
  return { weight: 'must', codes, because }
}

function may(because: string, codes: readonly string[]): Objection {
  return { weight: 'may', codes, because }
}
