import type { Facts } from './truths.ts'

/**
 * When the truth about an attempt can change next, if it were made again and again and nothing new
 * were written into the ledger: every truth is a function of time that changes at instants which
 * these facts name. What lies between two of them needs to be weighed once. Not so of a revoked
 * certificate: how long it goes on being let in is measured, so each of its attempts counts.
 *
 * @returns milliseconds like `attempt.at`, and after it, but for a revoked certificate; `Infinity`
 *   where nothing changes any more
 */
export function nextChange(facts: Facts): number {
  const { at } = facts.attempt
  if (facts.revocation !== undefined) return at
  let next = Number.POSITIVE_INFINITY
  const ofOwner = facts.cookieOwner && ofCertificate({ ...facts, certificate: facts.cookieOwner })
  const moments = [...ofCertificate(facts), ...ofLists(facts), ...ofPaths(facts)]
  for (const moment of ofOwner === undefined ? moments : [...moments, ...ofOwner]) {
    // Some truths hold up to a moment and some up to but not including it: both are looked at.
    const after = moment > at ? moment : moment + 1
    if (after > at && after < next) next = after
  }
  return next
}

type Moments = readonly number[]

const none: Moments = []

/** Both ends of its validity as X.509 knows time, to the second (RFC 5280 4.1.2.5), and of its grace. */
function ofCertificate({ certificate, phase, toleranceMs }: Facts): Moments {
  if (certificate === undefined) return none
  const graceMs = phase.expired.word === 'grace' ? phase.expired.forMs : 0
  const ended = firstOfSecond(certificate.notAfter)
  return [
    ...within(firstOfSecond(certificate.notBefore), toleranceMs),
    ...within(ended, toleranceMs),
    ended + lastOfSecondMs,
    ...within(ended + graceMs, toleranceMs),
  ]
}

function ofLists({ lists, crlPolicy, promptness, toleranceMs }: Facts): Moments {
  return lists.flatMap(({ publishedAt, delta, ...list }) => [
    ...knownAround(publishedAt, promptness, toleranceMs),
    ...[list, ...(delta === undefined ? [] : [delta])].flatMap(({ thisUpdate, nextUpdate }) => [
      ...within(firstOfSecond(thisUpdate), toleranceMs),
      ...within(firstOfSecond(nextUpdate) + crlPolicy.graceMs, toleranceMs),
    ]),
  ])
}

function ofPaths({ authorities, anchors, promptness, toleranceMs }: Facts): Moments {
  if (authorities.length === 0) return none
  const stored = [
    ...authorities.map(({ storedFrom }) => storedFrom),
    ...anchors.flatMap(({ from, until }) => [from, until]),
  ]
  return [
    ...authorities.map(({ notAfter }) => firstOfSecond(notAfter)),
    ...stored.flatMap((at) => (at === undefined ? none : knownAround(at, promptness, toleranceMs))),
  ]
}

/** Around what changes in the trust store: from when on the edge may know it, and from when on it must. */
function knownAround(at: number, { boundMs }: Facts['promptness'], toleranceMs: number): Moments {
  return [at - toleranceMs, at, at + boundMs]
}

function within(at: number, toleranceMs: number): Moments {
  return toleranceMs === 0 ? [at] : [at - toleranceMs, at, at + toleranceMs]
}

const lastOfSecondMs = 999

function firstOfSecond(at: number): number {
  return Math.floor(at / 1000) * 1000
}
