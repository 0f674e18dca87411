import type { Sql, SqlValue } from './sql.ts'

/** A Durable Object's SQLite storage. */
export function durableSql(storage: DurableObjectStorage): Sql {
  return {
    all: (statement, ...bindings) =>
      storage.sql.exec<Record<string, SqlValue>>(statement, ...bindings).toArray(),
    transaction: (work) => storage.transactionSync(work),
  }
}
