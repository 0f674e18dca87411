import type { Sql } from '../../sqlite/sql.ts'
import { albStoreLimits, type LimitsWord, type StoreLimits } from './document.ts'

/** Remembers by whose quotas a store was made. */
export function noteQuotas(sql: Sql, word: LimitsWord): void {
  sql.all(
    'INSERT OR REPLACE INTO counters (name, value) VALUES (?, ?)',
    albQuotas,
    Number(word === 'alb'),
  )
}

/**
 * The quotas that a store comes up against: ALB's where AWS's tools made it, because those will be
 * refused at them, and otherwise its own.
 */
export function quotasOf(sql: Sql, own: StoreLimits): StoreLimits {
  const [row] = sql.all('SELECT value FROM counters WHERE name = ?', albQuotas)
  return row?.['value'] === 1 ? albStoreLimits : own
}

const albQuotas = 'alb_quotas'
