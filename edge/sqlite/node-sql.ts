import { DatabaseSync } from 'node:sqlite'
import type { Sql, SqlRow } from './sql.ts'

/**
 * SQLite in a file, or in memory with `:memory:`: for the control plane beside a gateway on Node.
 * The write-ahead log is synced at every commit, so that what was said to be done survives a crash.
 */
export function nodeSql(file: string): Sql & { close(): void } {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL')
  return {
    all: (statement, ...bindings) => database.prepare(statement).all(...bindings) as SqlRow[],
    transaction(work) {
      database.exec('BEGIN IMMEDIATE')
      try {
        const value = work()
        database.exec('COMMIT')
        return value
      } catch (error) {
        database.exec('ROLLBACK')
        throw error
      }
    },
    close: () => database.close(),
  }
}
