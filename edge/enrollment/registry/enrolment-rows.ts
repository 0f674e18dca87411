import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Sql } from '../../sqlite/sql.ts'
import { requestOfKey } from './claimants.ts'

/** An enrolment, for whoever looks after a fleet. */
export interface EnrolmentRow {
  readonly id: string
  readonly at: Instant
  readonly kind: string
  readonly state: string
  readonly requestSha256: string
  /** What was written down to be signed. */
  readonly serial: string
  readonly because: string | undefined
}

/** The enrolments of a device, latest first. */
export function enrolmentsOf(sql: Sql, device: string, limit: number): readonly EnrolmentRow[] {
  const rows = sql.all(
    'SELECT * FROM enrolments WHERE device = ? ORDER BY at DESC LIMIT ?',
    device,
    limit,
  )
  return rows.map((row) => ({
    id: String(row['id']),
    at: instantFromMs(Number(row['at'])),
    kind: String(row['kind']),
    state: String(row['state']),
    requestSha256: requestOfKey(String(row['request_sha256'])),
    serial: String(row['serial']),
    because: typeof row['because'] === 'string' ? row['because'] : undefined,
  }))
}

/** A row's certificate. Throws an Error where it cannot be read. */
export function derOf(base64: unknown): Bytes {
  const der = typeof base64 === 'string' ? fromBase64(base64) : undefined
  if (der === undefined) throw new Error('a certificate of the registry cannot be read')
  return der
}
