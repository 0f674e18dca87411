import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Sql, SqlRow } from '../../sqlite/sql.ts'
import type { SourceChange } from '../sources/source.ts'
import type { AuditEntry } from './audit-entry.ts'

/** Writes down who added or removed a source. */
export function recordSourceChange(
  sql: Sql,
  { at, by, change }: { readonly at: Instant; readonly by: string; readonly change: SourceChange },
): void {
  sql.all(
    'INSERT INTO source_changes (id, at, by, change) VALUES (?, ?, ?, ?)',
    nextAuditId(sql),
    at,
    by,
    JSON.stringify(change),
  )
}

/** One series for both kinds of lines, so that a page of the log ends at one id. */
export function nextAuditId(sql: Sql): number {
  const [row] = sql.all(
    `SELECT MAX(id) AS last FROM (
      SELECT MAX(id) AS id FROM changes UNION ALL SELECT MAX(id) FROM source_changes
    )`,
  )
  return Number(row?.['last'] ?? 0) + 1
}

/** The audit log, latest first, below the id `before`. */
export function auditOf(
  sql: Sql,
  { before = Number.MAX_SAFE_INTEGER, limit }: { readonly before?: number; readonly limit: number },
): readonly AuditEntry[] {
  const rows = sql.all(
    `SELECT id, at, by, change, epoch, document, refusal FROM changes WHERE id < ?
      UNION ALL SELECT id, at, by, change, NULL, NULL, NULL FROM source_changes WHERE id < ?
      ORDER BY id DESC LIMIT ?`,
    before,
    before,
    limit,
  )
  return rows.map((row) => ({
    id: Number(row['id']),
    at: instantFromMs(Number(row['at'])),
    by: String(row['by']),
    change: JSON.parse(String(row['change'])) as AuditEntry['change'],
    outcome: outcomeOf(row),
  }))
}

function outcomeOf({ epoch, document, refusal }: SqlRow): AuditEntry['outcome'] {
  if (typeof refusal === 'string') {
    const read = JSON.parse(refusal) as Extract<
      AuditEntry['outcome'],
      { kind: 'refused' }
    >['refusal']
    return { kind: 'refused', refusal: read }
  }
  if (typeof epoch !== 'number') return { kind: 'done' }
  return { kind: 'made', epoch, document: typeof document === 'string' ? document : undefined }
}
