import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Sql, SqlRow } from '../../sqlite/sql.ts'
import { recordSourceChange } from '../managed/audit-rows.ts'
import { checkAddress, shownAddress, type OpenHosts } from './address.ts'
import {
  allowedHostsMax,
  defaultEveryMs,
  everyMsRange,
  sourcesMax,
  type NewSource,
  type Source,
  type SourceChange,
  type SourceFailure,
  type SourceOutcome,
  type SourceRefusal,
} from './source.ts'

/** The sources of a store, in the order in which they were added. */
export function sourcesOf(sql: Sql): readonly Source[] {
  return sql.all('SELECT * FROM sources WHERE removed_at IS NULL ORDER BY id').map(sourceOf)
}

/** Undefined where there is none of this id, or none any more. */
export function sourceById(sql: Sql, id: number): Source | undefined {
  const [row] = sql.all('SELECT * FROM sources WHERE id = ? AND removed_at IS NULL', id)
  return row && sourceOf(row)
}

/** Adds a source, which is asked at once. */
export function addSource(
  sql: Sql,
  wanted: NewSource,
  by: { readonly name: string; readonly at: Instant; readonly openHosts: OpenHosts },
): Result<Source, SourceRefusal> {
  const malformed = checkSource(wanted, by.openHosts)
  if (malformed !== undefined) return err({ code: 'source_malformed', because: malformed })
  const known = sourcesOf(sql)
  const twin = known.find(({ location }) => location === wanted.location)
  if (twin !== undefined) {
    return err({ code: 'source_known', because: `source ${twin.id} is of this location already` })
  }
  if (known.length >= sourcesMax) {
    return err({ code: 'too_many_sources', because: `a store has at most ${sourcesMax} sources` })
  }
  return sql.transaction(() => {
    const source = insert(sql, wanted, by)
    recordSource(sql, 'add_source', source, by)
    return ok(source)
  })
}

interface By {
  readonly name: string
  readonly at: Instant
}

function recordSource(
  sql: Sql,
  kind: SourceChange['kind'],
  { id, location }: Source,
  { name, at }: By,
): void {
  const change = { kind, source: id, location: shownAddress(location) }
  recordSourceChange(sql, { at, by: name, change })
}

function insert(sql: Sql, wanted: NewSource, by: By): Source {
  const [row] = sql.all(
    `INSERT INTO sources (kind, location, every_ms, allowed_hosts, added_by, added_at, next_at)
      VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *`,
    wanted.kind,
    wanted.location,
    wanted.everyMs ?? defaultEveryMs,
    JSON.stringify(wanted.allowedHosts ?? []),
    by.name,
    by.at,
    by.at,
  )
  if (row === undefined) throw new Error('a source that was added is not there')
  return sourceOf(row)
}

/** The lists that came from it stay. Its row stays too, with who removed it. */
export function removeSource(sql: Sql, id: number, by: By): Result<Source, SourceRefusal> {
  const source = sourceById(sql, id)
  if (source === undefined) return err(sourceNotFound(id))
  sql.transaction(() => {
    sql.all('UPDATE sources SET removed_by = ?, removed_at = ? WHERE id = ?', by.name, by.at, id)
    recordSource(sql, 'remove_source', source, by)
  })
  return ok(source)
}

export function sourceNotFound(id: number): SourceRefusal {
  return { code: 'source_not_found', because: `there is no source ${id}` }
}

/** What asking it came to: written over what was known of it, by its id. */
export type SourceNews = Pick<
  Source,
  | 'etag'
  | 'lastModified'
  | 'nextAt'
  | 'failures'
  | 'file'
  | 'aheadMs'
  | 'lastOutcome'
  | 'lastFailure'
>

export function recordNews(sql: Sql, id: number, news: SourceNews): void {
  sql.all(
    `UPDATE sources SET etag = ?, last_modified = ?, next_at = ?, failures = ?, file = ?,
      ahead_ms = ?, outcome = ?, failure = ? WHERE id = ?`,
    news.etag ?? null,
    news.lastModified ?? null,
    news.nextAt,
    news.failures,
    news.file ?? null,
    news.aheadMs ?? null,
    news.lastOutcome === undefined ? null : JSON.stringify(news.lastOutcome),
    news.lastFailure === undefined ? null : JSON.stringify(news.lastFailure),
    id,
  )
}

/** Makes it due. */
export function makeDue(sql: Sql, id: number, now: Instant): void {
  sql.all('UPDATE sources SET next_at = ? WHERE id = ?', now, id)
}

/** Why a source is not taken, naming the field; undefined where it may be asked. */
function checkSource(wanted: NewSource, openHosts: OpenHosts): string | undefined {
  const { kind, location, everyMs = defaultEveryMs, allowedHosts = [] } = wanted
  const fault = kind === 'url' ? urlFault(location, openHosts) : objectFault(location)
  if (fault !== undefined) return `location: ${fault}`
  if (!(everyMs >= everyMsRange.least && everyMs <= everyMsRange.most)) {
    return `everyMs: expected ${everyMsRange.least} (a minute) to ${everyMsRange.most} (a week)`
  }
  if (allowedHosts.length > allowedHostsMax) {
    return `allowedHosts: expected at most ${allowedHostsMax} hosts`
  }
  const odd = allowedHosts.find((host) => !isHost(host, openHosts))
  return odd === undefined ? undefined : `allowedHosts: ${odd} is no public host name`
}

function urlFault(location: string, openHosts: OpenHosts): string | undefined {
  const url = checkAddress(location, openHosts)
  return url.ok ? undefined : url.error
}

/** S3: a key has at most 1,024 octets, a bucket's name 3 to 63 characters. */
function objectFault(location: string): string | undefined {
  const isObject = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/.{1,1024}$/s.test(location)
  return isObject ? undefined : 'expected bucket/key'
}

/** Just as a URL would write it, so that hosts can be compared. */
function isHost(host: string, openHosts: OpenHosts): boolean {
  const url = checkAddress(`https://${host}/`, openHosts)
  return url.ok && url.value.host === host
}

function sourceOf(row: SqlRow): Source {
  return {
    id: Number(row['id']),
    kind: row['kind'] === 'bucket' ? 'bucket' : 'url',
    location: String(row['location']),
    everyMs: Number(row['every_ms']),
    allowedHosts: JSON.parse(String(row['allowed_hosts'])) as readonly string[],
    addedBy: String(row['added_by']),
    addedAt: instantFromMs(Number(row['added_at'])),
    etag: textOf(row['etag']),
    lastModified: textOf(row['last_modified']),
    nextAt: instantFromMs(Number(row['next_at'])),
    failures: Number(row['failures']),
    file: textOf(row['file']),
    aheadMs: typeof row['ahead_ms'] === 'number' ? row['ahead_ms'] : undefined,
    lastOutcome:
      typeof row['outcome'] === 'string'
        ? (JSON.parse(row['outcome']) as SourceOutcome)
        : undefined,
    lastFailure:
      typeof row['failure'] === 'string'
        ? (JSON.parse(row['failure']) as SourceFailure)
        : undefined,
  }
}

const textOf = (value: SqlRow[string] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

/** A source as people may see it: without what may be a secret in its address. */
export function shownSource(source: Source): Source {
  return { ...source, location: shownAddress(source.location) }
}
