import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Sql, SqlRow } from '../../sqlite/sql.ts'
import type { RegistryRefusal } from './refusal.ts'
import type { EnrolmentRefusal } from './registry.ts'

/** Who says whether a new device comes in: nobody, a hook, or a person. */
export type Approval = 'automatic' | 'hook' | 'manual'

/** What becomes of a device that connects with a factory's certificate before it was ever registered. */
export type FirstConnection = 'refuse' | 'pending' | 'active'

/** A CA whose key was proven to be in the hands of whoever registered it: the rule for all below it. */
export interface Authority {
  /** SHA-256 of its SubjectPublicKeyInfo, hex. */
  readonly keySha256: string
  /** Its subject, for people. */
  readonly name: string
  /** DER, base64. */
  readonly certificate: string
  readonly status: 'enabled' | 'disabled'
  readonly approval: Approval
  readonly firstConnection: FirstConnection
  /** How many devices that makes at most; undefined: as many as come. */
  readonly firstConnectionsMax?: number | undefined
  /** How many it has made. */
  readonly firstConnections?: number
  /** Of devices that it makes. */
  readonly classes: readonly string[]
  readonly madeAt: Instant
  readonly madeBy: string
}

/** What of a CA may be changed. */
export type AuthorityChange = Partial<
  Pick<Authority, 'status' | 'approval' | 'firstConnection' | 'firstConnectionsMax' | 'classes'>
>

/** A hierarchy has some CAs for each factory and year; every attempt reads those of its path alone. */
export const authoritiesMax = 1000

/**
 * The most specific rule (Azure's device provisioning): that of the nearest CA that has one. Where it
 * is disabled it blocks all below it, whatever a CA further up would say.
 *
 * @param cas SHA-256 of the keys of the path's CAs, the leaf's issuer first
 */
export function ruleFor(sql: Sql, cas: readonly string[]): Result<Authority, EnrolmentRefusal> {
  for (const keySha256 of cas) {
    const authority = authorityByKey(sql, keySha256)
    if (authority?.status === 'enabled') return ok(authority)
    if (authority !== undefined) {
      return err({ code: 'ca_disabled', because: `the CA ${authority.name} is disabled` })
    }
  }
  return err({ code: 'ca_unknown', because: 'no CA of the path is registered' })
}

/**
 * The rule by which a device is registered at its first connection, and one of those that it may make
 * used up. Call it in a transaction.
 */
export function takeFirstConnection(
  sql: Sql,
  cas: readonly string[],
): Result<Authority, RegistryRefusal> {
  const rule = ruleFor(sql, cas)
  if (!rule.ok) {
    const code = rule.error.code === 'ca_disabled' ? 'ca_disabled' : 'ca_unknown'
    return err({ code, because: rule.error.because })
  }
  const { keySha256, name, firstConnection, firstConnectionsMax } = rule.value
  if (firstConnection === 'refuse') {
    const because = `the CA ${name} registers no device at its first connection`
    return err({ code: 'first_connection_refused', because })
  }
  const taken = sql.all(
    `INSERT INTO first_connections (key_sha256, made) VALUES (?, 1)
     ON CONFLICT DO UPDATE SET made = made + 1 WHERE most IS NULL OR made < most RETURNING 1`,
    keySha256,
  )
  if (taken.length > 0) return rule
  const because = `the CA ${name} has registered ${firstConnectionsMax} devices, as many as it may`
  return err({ code: 'first_connections_used', because })
}

/** No device came of it. */
export function giveFirstConnectionBack(sql: Sql, keySha256: string): void {
  sql.all('UPDATE first_connections SET made = MAX(0, made - 1) WHERE key_sha256 = ?', keySha256)
}

export function authorityByKey(sql: Sql, keySha256: string): Authority | undefined {
  const [row] = sql.all(`${selected} WHERE key_sha256 = ?`, keySha256)
  return row && authorityOf(row)
}

export function authoritiesOf(sql: Sql): readonly Authority[] {
  return sql.all(`${selected} ORDER BY made_at, key_sha256`).map(authorityOf)
}

const selected = `SELECT authorities.*, most, made
  FROM authorities LEFT JOIN first_connections USING (key_sha256)`

/** Writes a CA as it is to be, in the place of what it was; what it has made stays counted. */
export function putAuthority(sql: Sql, authority: Authority): void {
  sql.all(
    'INSERT OR REPLACE INTO authorities VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    authority.keySha256,
    authority.name,
    authority.certificate,
    authority.status,
    authority.approval,
    authority.firstConnection,
    JSON.stringify(authority.classes),
    authority.madeAt,
    authority.madeBy,
  )
  sql.all(
    `INSERT INTO first_connections (key_sha256, most) VALUES (?, ?)
     ON CONFLICT DO UPDATE SET most = excluded.most`,
    authority.keySha256,
    authority.firstConnectionsMax ?? null,
  )
}

/** False where there was none. */
export function removeAuthority(sql: Sql, keySha256: string): boolean {
  sql.all('DELETE FROM first_connections WHERE key_sha256 = ?', keySha256)
  return sql.all('DELETE FROM authorities WHERE key_sha256 = ? RETURNING 1', keySha256).length > 0
}

/** A nonce that a CA is to put its name to, until then. */
export function addChallenge(sql: Sql, nonce: string, until: Instant, now: Instant): void {
  sql.all('DELETE FROM challenges WHERE until < ?', now)
  sql.all('INSERT INTO challenges VALUES (?, ?)', nonce, until)
}

/** Uses a nonce up; false where there is none, or it is too old. */
export function takeChallenge(sql: Sql, nonce: string, now: Instant): boolean {
  const taken = 'DELETE FROM challenges WHERE nonce = ? AND until >= ? RETURNING 1'
  return sql.all(taken, nonce, now).length > 0
}

/** One line of what was asked of the registry beside its devices. */
export interface AuditLine {
  readonly id: number
  readonly at: Instant
  readonly by: string
  readonly what: string
}

export function addAudit(sql: Sql, { at, by, what }: Omit<AuditLine, 'id'>): void {
  sql.all('INSERT INTO audit (at, by, what) VALUES (?, ?, ?)', at, by, what)
}

/** Latest first, below the id `before`. */
export function auditOf(
  sql: Sql,
  { before, limit }: { readonly before: number; readonly limit: number },
): readonly AuditLine[] {
  const rows = sql.all('SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?', before, limit)
  return rows.map((row) => ({
    id: Number(row['id']),
    at: instantFromMs(Number(row['at'])),
    by: String(row['by']),
    what: String(row['what']),
  }))
}

function authorityOf(row: SqlRow): Authority {
  const { most } = row
  return {
    keySha256: String(row['key_sha256']),
    name: String(row['name']),
    certificate: String(row['certificate']),
    status: row['status'] === 'enabled' ? 'enabled' : 'disabled',
    approval: row['approval'] as Approval,
    firstConnection: row['first_connection'] as FirstConnection,
    ...(typeof most === 'number' && { firstConnectionsMax: most }),
    firstConnections: Number(row['made'] ?? 0),
    classes: JSON.parse(String(row['classes'])) as readonly string[],
    madeAt: instantFromMs(Number(row['made_at'])),
    madeBy: String(row['made_by']),
  }
}
