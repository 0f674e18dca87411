import { fromBase64 } from '#shared/bytes.ts'
import { isoFromInstant, shift, type Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { nameKey } from '#shared/x509/name.ts'
import { listsInForce, type ListEntry, type StoreDocument } from '../managed/document.ts'
import type { Finding, Severity } from './finding.ts'
import { nameText } from './name-text.ts'

/** Of a list's life, from thisUpdate to nextUpdate, what is left of it. */
const listHorizons: readonly { readonly left: number; readonly severity: Severity }[] = [
  { left: 0.05, severity: 'severe' },
  { left: 0.2, severity: 'warning' },
  { left: 0.5, severity: 'notice' },
]

/** Clocks of a CA and of a worker differ by seconds; five minutes is what TLS and Kerberos forgive. */
export const skewMaxMs = 5 * 60_000

/**
 * Lists in force that are about to be stale, or are. The horizons are shares of a list's own life,
 * because lists live for an hour here and for a year there: half of it (a CA that renews by then is
 * well; a notice), a fifth (most CAs have renewed by two thirds; a warning), a twentieth (severe).
 */
export function listExpiry(document: StoreDocument, now: Instant): readonly Finding[] {
  return listsInForce(document).flatMap((list): Finding | [] => {
    const { thisUpdate, nextUpdate } = list
    const subject = listSubject(list)
    if (now >= nextUpdate) return expiredList(list)
    const life = nextUpdate - thisUpdate
    const horizon = listHorizons.find(({ left }) => nextUpdate - now <= life * left)
    if (horizon === undefined) return []
    return {
      code: 'list_near_expiry',
      severity: horizon.severity,
      subject,
      at: nextUpdate,
      because: `${listText(list)} has ${horizon.left * 100} % of its life left, or less: it is good until ${isoFromInstant(nextUpdate)}`,
      advice: `Publish the next list of this issuer and add it, or give the store a source for it. After ${isoFromInstant(nextUpdate)} and CRL_GRACE its devices are refused, unless CRL_STALE says otherwise.`,
    }
  })
}

/** When a list in force comes to its next horizon, or to its end; undefined where none does. */
export function nextHorizon(
  document: Pick<StoreDocument, 'lists'>,
  now: Instant,
): Instant | undefined {
  const lefts = [...listHorizons.map(({ left }) => left), 0]
  const instants = listsInForce(document).flatMap(({ thisUpdate, nextUpdate }) =>
    lefts.map((left) => shift(nextUpdate, -(nextUpdate - thisUpdate) * left)),
  )
  const ahead = instants.filter((at) => at > now)
  return ahead.length === 0
    ? undefined
    : ahead.reduce((first, next) => (next < first ? next : first))
}

function expiredList(list: ListEntry): Finding {
  return {
    code: 'list_expired',
    severity: 'severe',
    subject: listSubject(list),
    at: list.nextUpdate,
    because: `${listText(list)} was good until ${isoFromInstant(list.nextUpdate)}, and no later one has come`,
    advice:
      'Publish and add the next list of this issuer at once. Until then CRL_GRACE and CRL_STALE decide over its devices: by default they are refused.',
  }
}

/** CAs of the store for whose certificates no complete list is in force. */
export function missingLists(
  document: StoreDocument,
  certificates: readonly Certificate[],
  now: Instant,
): readonly Finding[] {
  const lists = listsInForce(document)
  const complete = lists.filter(({ kind }) => kind === 'complete')
  const listed = new Set(
    complete.map(({ issuer }) => nameKey(fromBase64(issuer) ?? new Uint8Array())),
  )
  const issuers = new Map(certificates.map((each) => [nameKey(each.subject), each]))
  return [...issuers].flatMap(([issuer, { subject, validity }]): Finding | [] => {
    // Nobody needs a list of a CA that has ended: what it issued has ended with it.
    if (listed.has(issuer) || now > validity.notAfter) return []
    return {
      code: 'list_missing',
      severity: 'warning',
      subject: nameText(subject),
      at: validity.notBefore,
      because: `no complete revocation list of ${nameText(subject)} is in force`,
      advice:
        'Add its list, or a source for it. Until then CRL_ABSENT decides over certificates that it issued: by default they are refused.',
    }
  })
}

/** Lists of a time to come: the clock of whoever signed them is ahead, or ours is behind. */
export function futureLists(document: StoreDocument, now: Instant): readonly Finding[] {
  const ahead = listsInForce(document).filter(
    ({ thisUpdate }) => thisUpdate > shift(now, skewMaxMs),
  )
  return ahead.map((list) => ({
    code: 'list_from_the_future',
    severity: 'warning',
    subject: listSubject(list),
    at: list.thisUpdate,
    because: `${listText(list)} says that it was made at ${isoFromInstant(list.thisUpdate)}, which is still to come`,
    advice:
      'Set the clock of the CA. A list from the future clears nobody before its time has come.',
  }))
}

/**
 * RFC 5280 5.2.4: a delta stands on a complete list of its issuer and scope whose number is at least
 * the one that it was made from. Without one it tells half of what was revoked.
 *
 * @param bases the base numbers of deltas, by the ids of their lists
 */
export function baselessDeltas(
  document: StoreDocument,
  bases: ReadonlyMap<number, bigint>,
): readonly Finding[] {
  const lists = listsInForce(document)
  return lists.flatMap((delta): Finding | [] => {
    const base = bases.get(delta.id)
    if (delta.kind !== 'delta' || base === undefined) return []
    const complete = lists.find((each) => isBaseFor(each, delta))
    if (complete?.number !== undefined && BigInt(complete.number) >= base) return []
    const held =
      complete === undefined ? 'none is in force' : `number ${complete.number ?? 'none'} is`
    return {
      code: 'delta_without_base',
      severity: 'warning',
      subject: listSubject(delta),
      at: delta.addedAt,
      because: `${listText(delta)} adds to the complete list number ${base}, and ${held}`,
      advice: 'Add the complete list that the delta was made from, or a later one.',
    }
  })
}

const isBaseFor = (list: ListEntry, delta: ListEntry): boolean =>
  list.kind === 'complete' && list.issuer === delta.issuer && list.scope === delta.scope

/** The same for the list that follows, so that one finding goes on through a renewal that came to nothing. */
function listSubject({ issuer, kind, scope }: ListEntry): string {
  const partition = scope === undefined ? '' : ` of the scope ${scope}`
  return `${kind} list of ${nameText(issuer)}${partition}`
}

function listText({ id, number, issuer }: ListEntry): string {
  const numbered = number === undefined ? '' : `, CRL number ${number}`
  return `the list ${id}${numbered} of ${nameText(issuer)}`
}
