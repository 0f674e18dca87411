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
  readonly revocation: LedgerRevocation | undefined
  /** Every certificate of its issuing CA, and every anchor; none where they never change. */
  readonly authorities: readonly LedgerAuthority[]
  readonly anchors: readonly LedgerAnchor[]
  /** The last lists of its issuer, the latest last; empty where nothing is known of them. */
  readonly lists: readonly LedgerList[]
  readonly crlPolicy: Scenario['edge']['crl']
  readonly maxStalenessMs: number
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
export const strangers: readonly Truth[] = [forgedHeader, noCertificate, forgedChain, unknownSerial]

/** Of a certificate of ours several may hold at once: then any of their reasons may be given. */
export const objections: readonly Truth[] = [
  copiedCookie,
  revoked,
  expired,
  notYetCurrent,
  noPathLeft,
  listsAreStale,
  forgedHeaderBesides,
]

/** A certificate named in a header, with none in the handshake. */
function forgedHeader({ attempt }: Facts): Objection | undefined {
  if (attempt.intent !== 'forged_header' || attempt.serial !== undefined) return undefined
  return must('a header names a certificate, the handshake had none', [
    'header_forged',
    'no_certificate',
  ])
}

/** The terminator overwrites such a header; an edge that refuses it instead is right as well. */
function forgedHeaderBesides({ attempt }: Facts): Objection | undefined {
  if (attempt.intent !== 'forged_header') return undefined
  return may('a header names a certificate, the handshake had its own', ['header_forged'])
}

function noCertificate({ attempt }: Facts): Objection | undefined {
  if (attempt.serial !== undefined) return undefined
  return must('the handshake had no certificate', ['no_certificate'])
}

/** Names and serial are those of a real device, so only the signatures tell. */
function forgedChain({ attempt }: Facts): Objection | undefined {
  if (attempt.intent !== 'forged_chain') return undefined
  return must('no key of ours signed this chain', ['untrusted', 'signature_invalid'])
}

function unknownSerial({ certificate }: Facts): Objection | undefined {
  if (certificate !== undefined) return undefined
  return must('the ledger never issued this serial', ['untrusted', 'signature_invalid'])
}

/** A cookie is bound to one certificate. Where cookies are not taken, it is not looked at. */
function copiedCookie({ attempt, phase }: Facts): Objection | undefined {
  const { cookieSerial, serial } = attempt
  if (!phase.cookies || cookieSerial === undefined || cookieSerial === serial) return undefined
  return must('the cookie was issued to another certificate', ['session_of_other_certificate'])
}

/**
 * A revocation counts from its publication. For `maxStalenessMs` after that, last instant included,
 * the edge may still decide by the trust store it has.
 */
function revoked({
  attempt,
  revocation,
  maxStalenessMs,
  toleranceMs,
}: Facts): Objection | undefined {
  const publishedAt = revocation?.publishedAt
  if (publishedAt === undefined || attempt.at < publishedAt - toleranceMs) return undefined
  if (attempt.at > publishedAt + maxStalenessMs + toleranceMs) {
    return must('it is revoked, and the time to learn of it is over', ['revoked'])
  }
  return may('it is revoked, and the edge may not have learnt of it yet', ['revoked'])
}

/** What the phase says of a certificate that has ended; its last instant still belongs to it. */
function expired({ attempt, certificate, phase, toleranceMs }: Facts): Objection | undefined {
  if (certificate === undefined || phase.expired.word === 'allow') return undefined
  const graceMs = phase.expired.word === 'grace' ? phase.expired.forMs : 0
  const endsAt = wholeSecond(certificate.notAfter) + graceMs
  const because = graceMs > 0 ? 'it ended, and so has its grace' : 'it has ended'
  if (attempt.at > endsAt + toleranceMs) return must(because, ['expired'])
  return attempt.at > endsAt - toleranceMs ? may(because, ['expired']) : undefined
}

function notYetCurrent({ attempt, certificate, toleranceMs }: Facts): Objection | undefined {
  if (certificate === undefined) return undefined
  const startsAt = wholeSecond(certificate.notBefore)
  if (attempt.at < startsAt - toleranceMs) return must('it has not begun', ['not_yet_valid'])
  return attempt.at < startsAt + toleranceMs
    ? may('it has not begun', ['not_yet_valid'])
    : undefined
}

/**
 * A leaf needs one certificate of its issuing CA that has not ended and whose root is an anchor:
 * the one that it presents, or one that lies in the trust store. What changed in the store within
 * `maxStalenessMs` the edge may know or not.
 */
function noPathLeft(facts: Facts): Objection | undefined {
  if (facts.authorities.length === 0) return undefined
  const { attempt, maxStalenessMs, toleranceMs } = facts
  const faults = [attempt.at + toleranceMs, attempt.at - maxStalenessMs - toleranceMs].map(
    (known) => pathFault(facts, known),
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
  { attempt, authorities, anchors, certificate }: Facts,
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
  if (anchored.some(({ notAfter }) => attempt.at <= wholeSecond(notAfter))) return undefined
  return anchored.length > 0 ? ['expired'] : ['untrusted']
}

/**
 * A list clears until its nextUpdate and through the grace; after that, where the policy refuses, it
 * clears nobody. For `maxStalenessMs` after a new one the edge may still decide by the one before.
 */
function listsAreStale({ attempt, lists, crlPolicy, ...facts }: Facts): Objection | undefined {
  if (crlPolicy.stale === 'accept') return undefined
  const { maxStalenessMs, toleranceMs } = facts
  const isOver = ({ nextUpdate }: LedgerList, slackMs: number): boolean =>
    attempt.at > wholeSecond(nextUpdate) + crlPolicy.graceMs + slackMs
  // The usual case, and the only one where every list outlives the next one's publication.
  if (!lists.some((list) => isOver(list, -toleranceMs))) return undefined
  const out = lists.filter(({ publishedAt }) => publishedAt <= attempt.at + toleranceMs)
  const held = out.filter(
    (_, index) =>
      attempt.at <= (out[index + 1]?.publishedAt ?? Infinity) + maxStalenessMs + toleranceMs,
  )
  const because = 'the lists of its issuer are stale'
  if (held.length > 0 && held.every((list) => isOver(list, toleranceMs))) {
    return must(because, ['revocation_unknown'])
  }
  return held.some((list) => isOver(list, -toleranceMs))
    ? may(because, ['revocation_unknown'])
    : undefined
}

/**
 * Whether a refusal without a word is one at all: only where the terminator itself decides, which is
 * an ALB in verify mode. It knows certificates, but no cookies.
 */
export function mayCloseSilently({ profile, phase }: Facts): boolean {
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
