import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Sql, SqlRow } from './sql.ts'

/** A transaction takes milliseconds; an import of a thousand devices, a hundred. */
const busyTimeoutMs = 5000

/**
 * SQLite in a file, or in memory with `:memory:`: for the control plane beside a gateway on Node.
 * The write-ahead log is synced at every commit, so that what was said to be done survives a crash.
 */
export function nodeSql(file: string): Sql & { close(): void } {
  // A gateway and a control plane of one machine may have the same registry open.
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL')
  // As many as the program has: none is made of what somebody sent.
  const prepared = new Map<string, StatementSync>()
  const prepare = (statement: string): StatementSync => {
    const made = prepared.get(statement) ?? database.prepare(statement)
    prepared.set(statement, made)
    return made
  }
  return {
    all: (statement, ...bindings) => prepare(statement).all(...bindings) as SqlRow[],
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
