import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { instantFromMs } from '#shared/time.ts'
import type { Sql } from '../../sqlite/sql.ts'
import { encodeRefused, type RefusedCertificate } from './refused-file.ts'

/** What was last written out of who is refused. */
export interface RefusedState {
  /** Grows with each change of who is refused. */
  readonly revision: number
  /** The revision that `file` holds. */
  readonly written: number
  /** Name of the object; undefined where nobody is refused, or nothing was written yet. */
  readonly file: string | undefined
  readonly entries: number
}

/** Somebody is refused from now on, or nobody knows: what was written out is out of date. */
export function markRefusedChanged(sql: Sql): void {
  sql.all('UPDATE refused_file SET revision = revision + 1')
}

export function refusedState(sql: Sql): RefusedState {
  const [row] = sql.all('SELECT * FROM refused_file')
  if (row === undefined) throw new Error('the state of the refused certificates is missing')
  const file = row['file']
  return {
    revision: Number(row['revision']),
    written: Number(row['written']),
    file: typeof file === 'string' ? file : undefined,
    entries: Number(row['entries']),
  }
}

/** A file of everybody who is refused, and of which revision it is. */
export interface RefusedContent {
  readonly revision: number
  readonly entries: number
  readonly octets: Bytes
}

/**
 * The certificates of every device that is not active, or of a suspended class, and those revoked by
 * themselves. None is left out because it is expired: some listener may let expired ones in.
 */
export function refusedContent(sql: Sql): RefusedContent {
  const { revision } = refusedState(sql)
  const rows = sql.all(
    `SELECT name, serial, MIN(refused_at) AS since FROM (
       SELECT issuer, serial, revoked_at AS refused_at FROM certificates
       WHERE revoked_at IS NOT NULL
       UNION ALL
       SELECT issuer, serial, devices.since FROM devices
       JOIN certificates ON certificates.device = devices.name
       WHERE status <> 'active'
       UNION ALL
       SELECT issuer, serial, suspended_classes.at FROM suspended_classes
       JOIN device_classes USING (class)
       JOIN certificates USING (device)
     ) JOIN issuers ON issuers.id = issuer
     GROUP BY issuer, serial`,
  )
  const issuers = new Map<string, RefusedCertificate[]>()
  for (const row of rows) {
    const name = String(row['name'])
    const certificates = issuers.get(name) ?? []
    certificates.push({
      serial: String(row['serial']),
      since: instantFromMs(Number(row['since'])),
    })
    issuers.set(name, certificates)
  }
  const encoded = [...issuers].map(([name, certificates]) => ({
    issuer: derOf(name),
    certificates,
  }))
  return { revision, entries: rows.length, octets: encodeRefused(encoded) }
}

function derOf(base64: string): Bytes {
  const der = fromBase64(base64)
  if (der === undefined) throw new Error('an issuer of the registry is not base64')
  return der
}

/** Remembers what was written out; a later revision may have come meanwhile, and is written next. */
export function refusedWritten(
  sql: Sql,
  { revision, file, entries }: { revision: number; file: string | undefined; entries: number },
): void {
  sql.all(
    'UPDATE refused_file SET written = ?, file = ?, entries = ? WHERE written <= ?',
    revision,
    file ?? null,
    entries,
    revision,
  )
}
