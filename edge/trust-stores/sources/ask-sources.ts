import type { Bytes } from '#shared/bytes.ts'
import type { Clock, Instant } from '#shared/time.ts'
import type { Change } from '../managed/changes.ts'
import type { StoreDocument } from '../managed/document.ts'
import type { ManagedTrustStore } from '../managed/managed-trust-store.ts'
import { objectName, release, type ObjectName, type Objects } from '../managed/objects.ts'
import type { Sql } from '../../sqlite/sql.ts'
import { shownAddress } from './address.ts'
import { fetchList, type FetchedList, type SourcePorts } from './fetch-list.ts'
import { nextAfterAnswer, nextAfterFailure, type Chance } from './schedule.ts'
import { recordNews, sourceById, sourcesOf, type SourceNews } from './source-rows.ts'
import type { Source, SourceOutcome } from './source.ts'

export interface AskingOptions {
  readonly sql: Sql
  readonly objects: Objects
  readonly store: ManagedTrustStore
  readonly ports: SourcePorts
  readonly clock: Clock
  readonly chance: Chance
}

/**
 * Sources in one run, one after the other: memory holds one list at a time. A fetch is bounded by
 * half a minute, so a run ends within the fifteen that a Durable Object's alarm may take; the rest
 * is due at once.
 */
const asksMax = 10

/**
 * Asks the sources that are due, or of them the one told, and hands what came to the gate. A store
 * that has no bundle (yet, or any more) takes no list, so its sources rest.
 */
export async function askSources(options: AskingOptions, only?: number): Promise<void> {
  const { sql, store, clock } = options
  if (store.head() === undefined) return
  const now = clock.now()
  const due = sourcesOf(sql).filter(({ id, nextAt }) => nextAt <= now && (only ?? id) === id)
  for (const source of due.slice(0, asksMax)) {
    recordNews(sql, source.id, await ask(source, options))
  }
}

/** When a source is to be asked next; undefined where there is none. */
export function nextDue(sql: Sql): Instant | undefined {
  const instants = sourcesOf(sql).map(({ nextAt }) => nextAt)
  return instants.length === 0
    ? undefined
    : instants.reduce((first, next) => (next < first ? next : first))
}

async function ask(source: Source, options: AskingOptions): Promise<SourceNews> {
  const { clock, chance, ports } = options
  const fetched = await fetchList(source, ports)
  const judged = await judgedAnswer(source, fetched, options)
  const now = clock.now()
  const { everyMs } = source
  const isWell = judged.lastFailure === undefined && judged.lastOutcome?.kind === 'taken'
  const failures = isWell ? 0 : source.failures + 1
  const retryAfterMs = fetched.kind === 'failed' ? fetched.retryAfterMs : undefined
  return {
    ...judged,
    failures,
    nextAt: isWell
      ? nextAfterAnswer(now, everyMs, chance)
      : nextAfterFailure(now, { everyMs, failures, retryAfterMs }, chance),
    aheadMs: fetched.date === undefined ? source.aheadMs : fetched.date - now,
  }
}

type Judged = Omit<SourceNews, 'failures' | 'nextAt' | 'aheadMs'>

/** What the gate makes of an answer, or why there is nothing for it. */
async function judgedAnswer(
  source: Source,
  fetched: FetchedList,
  options: AskingOptions,
): Promise<Judged> {
  if (fetched.kind === 'failed') return failing(source, fetched.because, options)
  try {
    return await judgedFile(source, fetched, options)
  } catch (error) {
    // Nothing was changed. Without its validators the list is sent once more next time.
    const unasked = { ...source, etag: undefined, lastModified: undefined }
    return failing(unasked, `it could not be stored: ${String(error)}`, options)
  }
}

function failing(source: Judged, because: string, { clock }: AskingOptions): Judged {
  return { ...source, lastFailure: { at: clock.now(), because } }
}

async function judgedFile(
  source: Source,
  fetched: Exclude<FetchedList, { kind: 'failed' }>,
  options: AskingOptions,
): Promise<Judged> {
  if (fetched.kind === 'fetched') {
    const { octets, etag, lastModified } = fetched
    const file = await objectName(octets)
    const lastOutcome = await offered(source, { file, octets }, options)
    return { etag, lastModified, file, lastOutcome, lastFailure: undefined }
  }
  const { file, etag, lastModified } = source
  if (file === undefined)
    return failing(source, 'it answers 304 to a question without conditions', options)
  const lastOutcome = await offered(source, { file, octets: undefined }, options)
  return { etag, lastModified, file, lastOutcome, lastFailure: undefined }
}

interface OfferedFile {
  readonly file: ObjectName
  /** Undefined where it is stored already. */
  readonly octets: Bytes | undefined
}

/** Hands a file to the gate, unless it has judged it already. */
async function offered(
  source: Source,
  { file, octets }: OfferedFile,
  options: AskingOptions,
): Promise<SourceOutcome | undefined> {
  const { store, objects, clock, sql } = options
  const document = await store.document()
  const epoch = store.head()?.epoch
  // Deleted or removed while it was being asked: what it sent counts no more.
  if (document === undefined || epoch === undefined) return source.lastOutcome
  if (sourceById(sql, source.id) === undefined) return source.lastOutcome
  if (file === source.file && isJudged(source, document, operatorsEpoch(sql))) {
    return source.lastOutcome
  }
  if (octets !== undefined) {
    await objects.put(file, octets)
    // The gate reads them again: `storeAndRelease` says why not beside these.
    release(octets)
  }
  const made = await store.change(changeFor(source, file, document), `source:${source.id}`)
  const at = clock.now()
  if (made.ok) return { kind: 'taken', at, epoch: made.value.epoch }
  const { code, because } = made.error
  return { kind: 'refused', at, epoch, refusal: { code, because } }
}

/**
 * The same file again is no change and no line in the log. But one that was refused is offered again
 * when an operator has changed the store since: its issuer's certificate may have come. And one that
 * was taken, when the store no longer knows it: an operator who rolls back does not undo revocations
 * by it, and who does not want a list any more removes its source.
 */
function isJudged(
  { file, lastOutcome }: Source,
  { lists }: Pick<StoreDocument, 'lists'>,
  operators: number,
): boolean {
  if (lastOutcome?.kind === 'refused') return lastOutcome.epoch >= operators
  return lastOutcome?.kind === 'taken' && lists.some((each) => each.file === file)
}

/** The last epoch that was not made by a source: those come by the hour. */
function operatorsEpoch(sql: Sql): number {
  const [row] = sql.all("SELECT MAX(epoch) AS last FROM changes WHERE by NOT LIKE 'source:%'")
  return Number(row?.['last'] ?? 0)
}

/**
 * The list in, and with a new one those from here that others have taken the place of out: they
 * answer for nothing any more, and would fill the store's quotas one hour at a time. What this one
 * takes the place of goes with the one after it.
 */
function changeFor(
  source: Source,
  file: ObjectName,
  { lists }: Pick<StoreDocument, 'lists'>,
): Change {
  const from = shownAddress(source.location)
  const spent = lists.filter((each) => each.supersededBy !== undefined && each.source === from)
  const removing = spent.map(({ id }) => id)
  const offer = { kind: 'add_lists', lists: [{ file, source: from }] } as const
  return removing.length > 0 ? { ...offer, removing } : offer
}
