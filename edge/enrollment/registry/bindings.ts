import { err, ok, type Result } from '#shared/result.ts'
import type { Sql } from '../../sqlite/sql.ts'

/**
 * What belongs to one device alone, wherever devices lie: `key <sha256>` and `leaf <sha256>`. Each has
 * its place in one part of the registry, by its own digest, so that of two devices one is first.
 *
 * A binding is held while an enrolment is under way and lasts once a certificate was issued. What
 * crashes leaves it held: others stay shut out, and the same device goes on.
 */
export interface Binding {
  readonly what: string
  readonly device: string
}

/** Holds a binding, as often as it is asked; the device that has it where that is another. */
export function bind(sql: Sql, { what, device }: Binding): Result<void, string> {
  const owner = ownerOf(sql, what)
  if (owner !== undefined && owner !== device) return err(owner)
  sql.all(
    `INSERT INTO bindings (what, request, device, held) VALUES (?, 'held', ?, 1)
     ON CONFLICT DO UPDATE SET held = held + 1`,
    what,
    device,
  )
  return ok(undefined)
}

/** The device that something is bound to. */
export function ownerOf(sql: Sql, what: string): string | undefined {
  const [row] = sql.all('SELECT device FROM bindings WHERE what = ? LIMIT 1', what)
  return row && String(row['device'])
}

/** Lets go of what was held: once, or however often it was, where what it was held for has ended. */
export function unbind(sql: Sql, { what, device }: Binding, how: 'once' | 'all'): void {
  sql.all(
    "UPDATE bindings SET held = held - ? WHERE what = ? AND device = ? AND request = 'held'",
    how === 'once' ? 1 : Number.MAX_SAFE_INTEGER,
    what,
    device,
  )
  sql.all("DELETE FROM bindings WHERE what = ? AND request = 'held' AND held <= 0", what)
}

/** For good: there is a certificate. The device that has it where that is another. */
export function bindForGood(sql: Sql, { what, device }: Binding): Result<void, string> {
  const owner = ownerOf(sql, what)
  if (owner !== undefined && owner !== device) return err(owner)
  sql.all("DELETE FROM bindings WHERE what = ? AND request = 'held'", what)
  sql.all("INSERT OR IGNORE INTO bindings VALUES (?, 'good', ?, 0)", what, device)
  return ok(undefined)
}

/** An operator's word: the key of a device that is no more may be another's. False where nothing was bound. */
export function forgetBinding(sql: Sql, what: string): boolean {
  return sql.all('DELETE FROM bindings WHERE what = ? RETURNING 1', what).length > 0
}
