import { fromBase64, toBase64 } from '#shared/bytes.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { nameKey } from '#shared/x509/name.ts'
import {
  listsInForce,
  type ListEntry,
  type StoreDocument,
} from '../../trust-stores/managed/document.ts'

/**
 * How one list, or the worst of an issuer's lists, stands at an instant. `ending`: a fifth of its
 * life is left, or less. `future`: its thisUpdate is yet to come, so some clock is wrong.
 */
export type Standing = 'fresh' | 'ending' | 'future' | 'stale' | 'none'

/** From the one that needs nothing to the one that needs somebody now. */
const byUrgency: readonly Standing[] = ['fresh', 'ending', 'future', 'none', 'stale']

/** A list in force, as it stands. */
export interface ListState {
  readonly list: ListEntry
  readonly standing: Exclude<Standing, 'none'>
  /** Of the time from thisUpdate to nextUpdate, 0 to 1. */
  readonly gone: number
}

/** One issuer that a store knows: by a certificate, by a list, or by both. */
export interface IssuerState {
  /** DER of its Name, base64, as changes name it. */
  readonly issuer: string
  readonly name: string
  /** When its certificate ends, the last where it has several; undefined without one in the store. */
  readonly caEndsAt: Instant | undefined
  readonly lists: readonly ListState[]
  readonly standing: Standing
}

/** As the finding `list_near_expiry` has it from `warning` on: most CAs have renewed by two thirds. */
const endingRatio = 0.2

/** @param at the instant that is asked about */
export function listState(list: ListEntry, at: Instant): ListState {
  const { thisUpdate, nextUpdate } = list
  const life = Math.max(1, nextUpdate - thisUpdate)
  const gone = Math.min(1, Math.max(0, (at - thisUpdate) / life))
  return { list, gone, standing: listStanding(list, life, at) }
}

/** RFC 5280 5.1.2.5: the next list is issued no later than nextUpdate, which still belongs to this one. */
function listStanding(
  { thisUpdate, nextUpdate }: ListEntry,
  life: number,
  at: Instant,
): ListState['standing'] {
  if (at > nextUpdate) return 'stale'
  if (at < thisUpdate) return 'future'
  return nextUpdate - at <= life * endingRatio ? 'ending' : 'fresh'
}

/** The one that needs somebody most; `none` of nothing. */
export function worstOf(standings: readonly Standing[]): Standing {
  const [first, ...more] = standings
  if (first === undefined) return 'none'
  return more.reduce((a, b) => (byUrgency.indexOf(b) > byUrgency.indexOf(a) ? b : a), first)
}

/**
 * Every issuer of a store, those that need somebody first.
 *
 * @param certificates of its bundle and its intermediates: each is an issuer of something
 */
export function issuerStates(
  document: Pick<StoreDocument, 'lists'>,
  certificates: readonly Certificate[],
  at: Instant,
): readonly IssuerState[] {
  const lists = listsInForce(document).map((list) => listState(list, at))
  const names = new Map<string, string>()
  for (const { subject } of certificates) names.set(nameKey(subject), toBase64(subject))
  for (const { list } of lists) {
    const key = keyOf(list.issuer)
    if (!names.has(key)) names.set(key, list.issuer)
  }
  return [...names]
    .map(([key, issuer]) => {
      const its = lists.filter(({ list }) => keyOf(list.issuer) === key)
      return {
        issuer,
        name: nameOf(issuer),
        caEndsAt: lastEnd(certificates.filter(({ subject }) => nameKey(subject) === key)),
        lists: its,
        standing: worstOf(its.map(({ standing }) => standing)),
      }
    })
    .toSorted((a, b) => byUrgency.indexOf(b.standing) - byUrgency.indexOf(a.standing))
}

function lastEnd(certificates: readonly Certificate[]): Instant | undefined {
  if (certificates.length === 0) return undefined
  return instantFromMs(Math.max(...certificates.map(({ validity }) => validity.notAfter)))
}

function keyOf(issuer: string): string {
  const der = fromBase64(issuer)
  return der === undefined ? issuer : nameKey(der)
}

/** A Name for people (RFC 2253); its base64 where it is none. */
export function nameOf(issuer: string): string {
  const der = fromBase64(issuer)
  const text = der && rfc2253Name(der)
  return text?.ok === true && text.value !== '' ? text.value : issuer
}
