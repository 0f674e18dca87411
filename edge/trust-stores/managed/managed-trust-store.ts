import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Clock, type Instant } from '#shared/time.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { AuditEntry, StoreChange } from './audit-entry.ts'
import type { ChangeRefusal } from './changes.ts'
import { changed } from './make-change.ts'
import {
  albStoreLimits,
  decodeDocument,
  encodeDocument,
  type LimitsWord,
  type StoreDocument,
  type StoreLimits,
} from './document.ts'
import { loadObject, storeObject, type ObjectName, type Objects } from './objects.ts'
import { migrate } from '../../sqlite/migrate.ts'
import { auditOf, nextAuditId } from './audit-rows.ts'
import { noteQuotas } from './quotas.ts'
import { storeSteps } from './schema.ts'
import type { Sql } from '../../sqlite/sql.ts'

/** What is in force: which document, since when, and for the how many-th time something changed. */
export interface StoreHead {
  /** Grows by one with each change, and by a roll-back too. */
  readonly epoch: number
  readonly document: ObjectName
  readonly at: Instant
}

/** What a change made: a head, or, where it deleted the store, none. */
export type Made = StoreHead | (Omit<StoreHead, 'document'> & { readonly document: undefined })

/** A trust store under management: one document in force, every earlier one kept. */
export interface ManagedTrustStore {
  /** Undefined before the store has a CA bundle, and after it was deleted. */
  head(): StoreHead | undefined
  /** The document of an epoch, of the one in force unless told; undefined where there is none. */
  document(epoch?: number): Promise<StoreDocument | undefined>
  /** One after the other, in the order of asking: the new head, or why nothing changed. */
  change(change: StoreChange, by: string, limits?: LimitsWord): Promise<Result<Made, ChangeRefusal>>
  /** The audit log, latest first, below the id `before`. */
  audit(page: { readonly before?: number; readonly limit: number }): readonly AuditEntry[]
}

export interface ManagedTrustStoreOptions {
  readonly sql: Sql
  readonly objects: Objects
  readonly limits: StoreLimits
  readonly clock: Clock
  readonly verifier: SignatureVerifier
}

/**
 * Opens the trust store that lies in a database, or an empty one. The order of a change makes that
 * nobody ever sees a half of it: first its file, then its document (both under names that nothing
 * points to yet), last the row that makes the document the one in force.
 */
export function openManagedTrustStore(options: ManagedTrustStoreOptions): ManagedTrustStore {
  const { sql } = options
  migrate(sql, storeSteps)
  const oneByOne = createQueue()
  return {
    head: () => headOf(sql),
    document: (epoch) => documentOf(sql, options.objects, epoch),
    change: (change, by, word) => {
      const limits = word === 'alb' ? albStoreLimits : options.limits
      return oneByOne(() => make(change, by, { ...options, limits }))
    },
    audit: (page) => auditOf(sql, page),
  }
}

async function make(
  change: StoreChange,
  by: string,
  options: ManagedTrustStoreOptions,
): Promise<Result<Made, ChangeRefusal>> {
  const { sql, objects, clock } = options
  const at = clock.now()
  const next = await nextDocument(change, at, options)
  if (!next.ok) {
    record(sql, { at, by, change, outcome: { kind: 'refused', refusal: next.error } })
    return next
  }
  const document = next.value && (await storeObject(objects, encodeDocument(next.value)))
  const before = headOf(sql)
  // It says what is said already: no epoch for that, and no worker has to load anything.
  if (before !== undefined && before.document === document) return ok(before)
  const epoch = lastEpochOf(sql) + 1
  if (before === undefined) noteQuotas(sql, options.limits === albStoreLimits ? 'alb' : 'own')
  record(sql, { at, by, change, outcome: { kind: 'made', epoch, document } })
  return ok({ epoch, document, at })
}

async function nextDocument(
  change: StoreChange,
  now: Instant,
  { sql, objects, limits, verifier }: ManagedTrustStoreOptions,
): Promise<Result<StoreDocument | undefined, ChangeRefusal>> {
  if (change.kind === 'delete') return deleted(sql)
  if (change.kind === 'roll_back') {
    const past = await documentOf(sql, objects, change.epoch)
    if (past !== undefined) return ok(await withRefused(past, sql, objects))
    return err({ code: 'epoch_not_found', because: `there was no epoch ${change.epoch}` })
  }
  const newListId = () => newId(sql)
  const context = { objects, limits, verifier, now, newListId }
  return changed(await documentOf(sql, objects), change, context)
}

/** What a device registry refuses is its own word of now: no roll-back lets a suspended device in. */
async function withRefused(
  past: StoreDocument,
  sql: Sql,
  objects: Objects,
): Promise<StoreDocument> {
  const { refused: _, ...rest } = past
  const refused = (await documentOf(sql, objects))?.refused
  return refused === undefined ? rest : { ...rest, refused }
}

function deleted(sql: Sql): Result<undefined, ChangeRefusal> {
  if (headOf(sql) !== undefined) return ok(undefined)
  return err({ code: 'store_not_found', because: 'there is no trust store to delete' })
}

type Recorded = Omit<AuditEntry, 'id' | 'change' | 'outcome'> & {
  readonly change: StoreChange
  readonly outcome: Exclude<AuditEntry['outcome'], { readonly kind: 'done' }>
}

/** The row that is the switch: the head is the latest of those that were made. */
function record(sql: Sql, { at, by, change, outcome }: Recorded): void {
  const isMade = outcome.kind === 'made'
  sql.all(
    'INSERT INTO changes (id, at, by, change, epoch, document, refusal) VALUES (?, ?, ?, ?, ?, ?, ?)',
    nextAuditId(sql),
    at,
    by,
    JSON.stringify(change),
    isMade ? outcome.epoch : null,
    isMade ? (outcome.document ?? null) : null,
    isMade ? null : JSON.stringify(outcome.refusal),
  )
}

function headOf(sql: Sql): StoreHead | undefined {
  const [row] = sql.all(
    'SELECT epoch, document, at FROM changes WHERE epoch IS NOT NULL ORDER BY epoch DESC LIMIT 1',
  )
  const document = row?.['document']
  if (row === undefined || typeof document !== 'string') return undefined
  return {
    epoch: Number(row['epoch']),
    document,
    at: instantFromMs(Number(row['at'])),
  }
}

function lastEpochOf(sql: Sql): number {
  const [row] = sql.all('SELECT MAX(epoch) AS last FROM changes')
  return Number(row?.['last'] ?? 0)
}

async function documentOf(
  sql: Sql,
  objects: Objects,
  epoch = headOf(sql)?.epoch,
): Promise<StoreDocument | undefined> {
  if (epoch === undefined) return undefined
  const [row] = sql.all('SELECT document FROM changes WHERE epoch = ?', epoch)
  const document = row?.['document']
  return typeof document === 'string'
    ? decodeDocument(await loadObject(objects, document))
    : undefined
}

/** Used up also by a change that is refused later: what counts is that none is given twice. */
function newId(sql: Sql): number {
  const [row] = sql.all(
    'UPDATE counters SET value = value + 1 WHERE name = ? RETURNING value',
    'list',
  )
  if (row === undefined) throw new Error('the counter of revocation lists is missing')
  return Number(row['value'])
}

/** Runs what it is given one after the other; what fails does not stop the rest. */
function createQueue(): <Value>(work: () => Promise<Value>) => Promise<Value> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = last.then(work, work)
    last = mine.catch(() => undefined)
    return mine
  }
}
