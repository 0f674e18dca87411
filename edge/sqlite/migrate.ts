import type { Sql } from './sql.ts'

/**
 * The steps that bring a database from one version of this program to the next, in order; a step
 * that was released is never changed. Each only adds, so that the version before still works on what
 * the next one has made: that is the roll-back of an upgrade.
 */
export type MigrationSteps = readonly (readonly string[])[]

/** Brings a database to this program's version: all of a step or nothing of it. */
export function migrate(sql: Sql, steps: MigrationSteps): void {
  sql.all('CREATE TABLE IF NOT EXISTS migrations (step INTEGER PRIMARY KEY)')
  const [row] = sql.all('SELECT COUNT(*) AS done FROM migrations')
  const done = Number(row?.['done'])
  for (const [offset, statements] of steps.slice(done).entries()) {
    sql.transaction(() => {
      for (const statement of statements) sql.all(statement)
      sql.all('INSERT INTO migrations (step) VALUES (?)', done + offset)
    })
  }
}
