import { toHex } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import { instantFromMs, type Clock, type Instant } from '#shared/time.ts'
import { migrate } from '../sqlite/migrate.ts'
import type { Sql, SqlRow } from '../sqlite/sql.ts'
import { listenerSteps, openListeners, type Listeners } from './listeners.ts'

/** What an account knows of a trust store; what the store says is its own. */
export interface TrustStoreRow {
  /** Sixteen hexadecimal digits, the last part of its ARN: never given again. */
  readonly id: string
  readonly name: string
  readonly createdAt: Instant
}

export type DirectoryRefusal =
  | 'name_taken'
  | 'name_malformed'
  | 'too_many_stores'
  | 'store_not_found'

/** The trust stores of one account, by name, and the listeners that decide by them. */
export interface Directory extends Listeners {
  /** Also where there are `max` already, which may be fewer than the directory takes. */
  add(name: string, max?: number): Result<TrustStoreRow, DirectoryRefusal>
  byName(name: string): TrustStoreRow | undefined
  /** In the order in which they were made. */
  list(): readonly TrustStoreRow[]
  /** The name is free afterwards, and the id is not. */
  remove(name: string): Result<TrustStoreRow, DirectoryRefusal>
}

export interface DirectoryOptions {
  readonly sql: Sql
  readonly clock: Clock
  readonly random: RandomOctets
  /** ALB's quota is 20 an account and region. */
  readonly storesMax: number
}

const steps = [
  [
    `CREATE TABLE stores (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      removed_at INTEGER
    )`,
    'CREATE UNIQUE INDEX store_names ON stores (name) WHERE removed_at IS NULL',
  ],
  ...listenerSteps,
] as const

/** As the ELBv2 API has it: 1 to 32 letters, digits and single hyphens inside. */
const nameForm = /^(?=.{1,32}$)([a-zA-Z0-9]+-)*[a-zA-Z0-9]+$/

/** Opens the directory that lies in a database, or an empty one. */
export function openDirectory({ sql, clock, random, storesMax }: DirectoryOptions): Directory {
  migrate(sql, steps)
  const byName = (name: string): TrustStoreRow | undefined => {
    const [row] = sql.all(`${selected} WHERE removed_at IS NULL AND name = ?`, name)
    return row && rowOf(row)
  }
  const list = (): readonly TrustStoreRow[] =>
    sql.all(`${selected} WHERE removed_at IS NULL ORDER BY created_at, id`).map(rowOf)
  return {
    ...openListeners({ sql, clock, random }),
    add(name, max = storesMax) {
      if (!nameForm.test(name)) return err('name_malformed')
      if (byName(name) !== undefined) return err('name_taken')
      if (list().length >= Math.min(max, storesMax)) return err('too_many_stores')
      const row = { id: toHex(random(8)), name, createdAt: clock.now() }
      sql.all(
        'INSERT INTO stores (id, name, created_at) VALUES (?, ?, ?)',
        row.id,
        name,
        row.createdAt,
      )
      return ok(row)
    },
    byName,
    list,
    remove(name) {
      const row = byName(name)
      if (row === undefined) return err('store_not_found')
      sql.all('UPDATE stores SET removed_at = ? WHERE id = ?', clock.now(), row.id)
      return ok(row)
    },
  }
}

const selected = 'SELECT id, name, created_at FROM stores'

const rowOf = (row: SqlRow): TrustStoreRow => ({
  id: String(row['id']),
  name: String(row['name']),
  createdAt: instantFromMs(Number(row['created_at'])),
})
