import { toHex } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import { instantFromMs, type Clock, type Instant } from '#shared/time.ts'
import type { AlbNames } from '#shared/wire/alb.ts'
import type { ListenerMode } from '../listener.ts'
import type { MigrationSteps } from '../sqlite/migrate.ts'
import type { Sql, SqlRow } from '../sqlite/sql.ts'

/** ALB's headers that are handed over under another name. */
export type RenamedHeaders = Readonly<Partial<AlbNames>>

/** What an edge worker takes from its listener; everything else it takes from its variables. */
export interface ListenerSettings {
  /** Sixteen hexadecimal digits, the last part of its ARN: never given again. */
  readonly id: string
  /** Grows by one with each change. */
  readonly version: number
  readonly mode: ListenerMode
  /** Name of the trust store, under `verify`. */
  readonly trustStore: string | undefined
  /** `IgnoreClientCertificateExpiry`. */
  readonly ignoreExpiry: boolean
  readonly renamed: RenamedHeaders
}

/** A listener as its account knows it. */
export interface ListenerRow extends ListenerSettings {
  /** The load balancer's resource, as its ARN ends: `app/fleet/50dc6c495c0c9188`. */
  readonly balancer: string
  readonly port: number
  /** JSON of what is kept for whoever asks, and acted upon nowhere here: certificates, actions. */
  readonly kept: string
  readonly createdAt: Instant
}

export type NewListener = Omit<ListenerRow, 'id' | 'version' | 'createdAt'>

/** What of a listener is to be otherwise. */
export type ListenerChange = Partial<Omit<NewListener, 'balancer'>>

export type ListenerRefusal =
  | 'listener_not_found'
  | 'port_taken'
  | 'store_not_found'
  | 'too_many_listeners'
  | 'too_many_tags'

export interface Tag {
  readonly key: string
  readonly value: string
}

/** Listeners, the tags of everything, and the signatures that hold: of one account. */
export interface Listeners {
  addListener(listener: NewListener): Result<ListenerRow, ListenerRefusal>
  /** In the order in which they were made. */
  listeners(): readonly ListenerRow[]
  changeListener(id: string, change: ListenerChange): Result<ListenerRow, ListenerRefusal>
  /** Whoever follows it lets nobody in any more. */
  removeListener(id: string): Result<void, ListenerRefusal>
  /** What the listener of an ARN, or of a name like `fleet:443`, says. */
  settings(name: string): ListenerSettings | undefined
  /** Tags of a trust store or a listener, by its id. */
  tags(id: string): readonly Tag[]
  /** All of them or none; a key that is there gets the new value. */
  addTags(id: string, tags: readonly Tag[]): Result<void, ListenerRefusal>
  removeTags(id: string, keys: readonly string[]): void
  /** Remembers a signature until it holds no longer; false where it was used already. */
  useSignature(signature: string, until: Instant): boolean
}

export interface ListenersOptions {
  readonly sql: Sql
  readonly clock: Clock
  readonly random: RandomOctets
}

/** ALB: 50 listeners a load balancer; every DescribeListeners reads them all, so all of them are bounded too. */
const listenersOfBalancerMax = 50
const listenersMax = 500

/** AWS: 50 tags a resource. */
const tagsMax = 50

/** Of the directory's database, after its own. */
export const listenerSteps: MigrationSteps = [
  [
    `CREATE TABLE listeners (
      id TEXT PRIMARY KEY,
      balancer TEXT NOT NULL,
      name TEXT NOT NULL UNIQUE,
      port INTEGER NOT NULL,
      mode TEXT NOT NULL,
      trust_store TEXT,
      ignore_expiry INTEGER NOT NULL,
      renamed TEXT NOT NULL,
      kept TEXT NOT NULL,
      version INTEGER NOT NULL,
      created_at INTEGER NOT NULL
    )`,
    `CREATE TABLE tags (
      resource TEXT NOT NULL,
      key TEXT NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (resource, key)
    )`,
    'CREATE TABLE signatures (signature TEXT PRIMARY KEY, until INTEGER NOT NULL)',
  ],
  // Each request forgets those that hold no longer, without looking at all the others.
  ['CREATE INDEX signatures_until ON signatures (until)'],
]

/** Listeners of a database that the directory has migrated. */
export function openListeners({ sql, clock, random }: ListenersOptions): Listeners {
  const add = (listener: NewListener): Result<ListenerRow, ListenerRefusal> => {
    const refusal = refusalOf(sql, listener)
    if (refusal !== undefined) return err(refusal)
    const id = toHex(random(8))
    const row = { ...listener, id, version: 1, createdAt: clock.now() }
    write(sql, row)
    return ok(row)
  }
  const change = (id: string, changes: ListenerChange): Result<ListenerRow, ListenerRefusal> => {
    const before = byId(sql, id)
    if (before === undefined) return err('listener_not_found')
    const row = { ...before, ...changes, version: before.version + 1 }
    const refusal = refusalOf(sql, row)
    if (refusal !== undefined) return err(refusal)
    write(sql, row)
    return ok(row)
  }
  return {
    addListener: (listener) => sql.transaction(() => add(listener)),
    listeners: () => sql.all('SELECT * FROM listeners ORDER BY created_at, id').map(rowOf),
    changeListener: (id, changes) => sql.transaction(() => change(id, changes)),
    removeListener: (id) => sql.transaction(() => remove(sql, id)),
    settings: (name) => settingsOf(sql, name),
    tags: (id) => tagsOf(sql, id),
    addTags: (id, tags) => sql.transaction(() => addTags(sql, id, tags)),
    removeTags(id, keys) {
      for (const key of keys) sql.all('DELETE FROM tags WHERE resource = ? AND key = ?', id, key)
    },
    useSignature(signature, until) {
      sql.all('DELETE FROM signatures WHERE until < ?', clock.now())
      const taken = 'INSERT OR IGNORE INTO signatures (signature, until) VALUES (?, ?) RETURNING 1'
      return sql.all(taken, signature, until).length === 1
    },
  }
}

/** A load balancer's name is one of its account's, so name and port name a listener: `fleet:443`. */
export function listenerName({ balancer, port }: Pick<ListenerRow, 'balancer' | 'port'>): string {
  return `${balancer.split('/')[1] ?? ''}:${port}`
}

/** Why a listener may not be as it is asked to be. */
function refusalOf(
  sql: Sql,
  listener: NewListener & { readonly id?: string },
): ListenerRefusal | undefined {
  const { id = '', balancer, trustStore } = listener
  if (trustStore !== undefined && !isStore(sql, trustStore)) return 'store_not_found'
  const others = sql.all('SELECT balancer, name FROM listeners WHERE id <> ?', id)
  if (others.some((other) => other['name'] === listenerName(listener))) return 'port_taken'
  const beside = others.filter((other) => other['balancer'] === balancer)
  const isFull = beside.length >= listenersOfBalancerMax || others.length >= listenersMax
  return isFull ? 'too_many_listeners' : undefined
}

const isStore = (sql: Sql, name: string): boolean =>
  sql.all('SELECT 1 FROM stores WHERE removed_at IS NULL AND name = ?', name).length === 1

function write(sql: Sql, row: ListenerRow): void {
  sql.all(
    `INSERT OR REPLACE INTO listeners
      (id, balancer, name, port, mode, trust_store, ignore_expiry, renamed, kept, version, created_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.id,
    row.balancer,
    listenerName(row),
    row.port,
    row.mode,
    row.trustStore ?? null,
    Number(row.ignoreExpiry),
    JSON.stringify(row.renamed),
    row.kept,
    row.version,
    row.createdAt,
  )
}

function byId(sql: Sql, id: string): ListenerRow | undefined {
  const [row] = sql.all('SELECT * FROM listeners WHERE id = ?', id)
  return row && rowOf(row)
}

function remove(sql: Sql, id: string): Result<void, ListenerRefusal> {
  if (byId(sql, id) === undefined) return err('listener_not_found')
  sql.all('DELETE FROM listeners WHERE id = ?', id)
  sql.all('DELETE FROM tags WHERE resource = ?', id)
  return ok(undefined)
}

function settingsOf(sql: Sql, name: string): ListenerSettings | undefined {
  const [found] = sql.all(
    'SELECT * FROM listeners WHERE name = ? OR id = ?',
    name,
    /:listener\/app\/.*\/([0-9a-f]{16})$/.exec(name)?.[1] ?? '',
  )
  if (found === undefined) return undefined
  const { id, version, mode, trustStore, ignoreExpiry, renamed } = rowOf(found)
  return { id, version, mode, trustStore, ignoreExpiry, renamed }
}

function tagsOf(sql: Sql, id: string): readonly Tag[] {
  const rows = sql.all('SELECT key, value FROM tags WHERE resource = ? ORDER BY key', id)
  return rows.map(({ key, value }) => ({ key: String(key), value: String(value) }))
}

function addTags(sql: Sql, id: string, tags: readonly Tag[]): Result<void, ListenerRefusal> {
  const keys = new Set([...tagsOf(sql, id), ...tags].map(({ key }) => key))
  if (keys.size > tagsMax) return err('too_many_tags')
  for (const { key, value } of tags) {
    sql.all('INSERT OR REPLACE INTO tags (resource, key, value) VALUES (?, ?, ?)', id, key, value)
  }
  return ok(undefined)
}

function rowOf(row: SqlRow): ListenerRow {
  const trustStore = row['trust_store']
  return {
    id: String(row['id']),
    balancer: String(row['balancer']),
    port: Number(row['port']),
    mode: modeOf(row['mode']),
    trustStore: typeof trustStore === 'string' ? trustStore : undefined,
    ignoreExpiry: row['ignore_expiry'] === 1,
    renamed: JSON.parse(String(row['renamed'])) as RenamedHeaders,
    kept: String(row['kept']),
    version: Number(row['version']),
    createdAt: instantFromMs(Number(row['created_at'])),
  }
}

/** Whether a word is one of ALB's three modes. */
export const isListenerMode = (word: unknown): word is ListenerMode =>
  word === 'off' || word === 'passthrough' || word === 'verify'

function modeOf(word: unknown): ListenerMode {
  if (isListenerMode(word)) return word
  throw new Error(`a listener's mode ${String(word)} was written by a later version`)
}
