import { toBase64, toHex } from '#shared/bytes.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import { albSerial } from '#shared/wire/serial.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { Sql, SqlRow } from '../../sqlite/sql.ts'
import type { IssuedCertificate } from './device.ts'

/** What the registry keeps of a certificate. */
export type CertificateFacts = Omit<IssuedCertificate, 'enrolment' | 'revokedAt'>

/** A certificate as a row of the registry, and whose it is. */
export interface KnownCertificate extends IssuedCertificate {
  readonly device: string
}

/**
 * How the registry names the key that signed a certificate: its authority key identifier (RFC 5280
 * 4.2.1.1), hexadecimal, empty where it has none. It picks no key: the path was verified before, and
 * together with the serial it finds the row.
 */
export function issuerKeyIdOf({ extensions }: Pick<Certificate, 'extensions'>): string {
  const { authorityKeyIdentifier } = extensions
  return authorityKeyIdentifier === undefined ? '' : toHex(authorityKeyIdentifier)
}

/** What the registry keeps of this certificate. */
export async function factsOfCertificate(certificate: Certificate): Promise<CertificateFacts> {
  return {
    issuerKeyId: issuerKeyIdOf(certificate),
    issuer: toBase64(certificate.issuer),
    serial: albSerial(certificate.serial),
    keySha256: toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', certificate.spki))),
    ...certificate.validity,
  }
}

/** The certificates of a device, latest first. */
export function certificatesOf(sql: Sql, device: string): readonly KnownCertificate[] {
  const rows = sql.all(`${selected} WHERE device = ? ORDER BY not_after DESC, serial`, device)
  return rows.map(certificateOf)
}

/** The certificate of a serial; undefined where this part of the registry does not know it. */
export function certificateBySerial(
  sql: Sql,
  { issuerKeyId, serial }: Pick<IssuedCertificate, 'issuerKeyId' | 'serial'>,
): KnownCertificate | undefined {
  const [row] = sql.all(`${selected} WHERE key_id = ? AND serial = ?`, issuerKeyId, serial)
  return row && certificateOf(row)
}

const selected = `SELECT certificates.*, issuers.key_id, issuers.name AS issuer_name
  FROM certificates JOIN issuers ON issuers.id = certificates.issuer`

function certificateOf(row: SqlRow): KnownCertificate {
  const { enrolment, revoked_at: revokedAt } = row
  return {
    device: String(row['device']),
    issuerKeyId: String(row['key_id']),
    issuer: String(row['issuer_name']),
    serial: String(row['serial']),
    keySha256: String(row['key_sha256']),
    notBefore: instantFromMs(Number(row['not_before'])),
    notAfter: instantFromMs(Number(row['not_after'])),
    enrolment: typeof enrolment === 'string' ? enrolment : undefined,
    revokedAt: typeof revokedAt === 'number' ? instantFromMs(revokedAt) : undefined,
  }
}

/** Whether a certificate is good at an instant, as far as it says itself. */
export const isLive = ({ notAfter, revokedAt }: IssuedCertificate, now: Instant): boolean =>
  revokedAt === undefined && now <= notAfter

/** Writes a certificate down. Throws an Error where its issuer has given the serial before. */
export function addCertificate(sql: Sql, certificate: KnownCertificate): void {
  sql.all(
    `INSERT INTO certificates
     (issuer, serial, device, key_sha256, not_before, not_after, enrolment, revoked_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    issuerId(sql, certificate),
    certificate.serial,
    certificate.device,
    certificate.keySha256,
    certificate.notBefore,
    certificate.notAfter,
    certificate.enrolment ?? null,
    certificate.revokedAt ?? null,
  )
}

function issuerId(
  sql: Sql,
  { issuerKeyId, issuer }: Pick<IssuedCertificate, 'issuerKeyId' | 'issuer'>,
): number {
  sql.all('INSERT OR IGNORE INTO issuers (key_id, name) VALUES (?, ?)', issuerKeyId, issuer)
  const [row] = sql.all('SELECT id FROM issuers WHERE key_id = ? AND name = ?', issuerKeyId, issuer)
  return Number(row?.['id'])
}

/** The revoked ones of one issuer, for its list: those of devices that are suspended are not among them. */
export function revokedOf(
  sql: Sql,
  issuerKeyId: string,
  page: { readonly after: string; readonly limit: number },
): readonly KnownCertificate[] {
  const rows = sql.all(
    `${selected} WHERE key_id = ? AND revoked_at IS NOT NULL AND serial > ? ORDER BY serial LIMIT ?`,
    issuerKeyId,
    page.after,
    page.limit,
  )
  return rows.map(certificateOf)
}
