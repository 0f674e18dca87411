/** What is bound to a question mark, and what a column holds. */
export type SqlValue = string | number | null

export type SqlRow = Readonly<Record<string, SqlValue>>

/**
 * SQLite, as little of it as a trust store needs: a Durable Object's storage in production, Node's
 * own beside the local gateway and in tests.
 */
export interface Sql {
  /** Runs one statement and gives its rows back. */
  all(statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[]
  /** Everything in it happens, or, where it throws or the process ends, none of it. */
  transaction<Value>(work: () => Value): Value
}
