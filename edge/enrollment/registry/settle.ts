import { toBase64, type Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { Sql, SqlRow } from '../../sqlite/sql.ts'
import {
  addCertificate,
  certificateBySerial,
  type CertificateFacts,
  type KnownCertificate,
} from './certificates.ts'
import { endsCertificates } from './device.ts'
import { deviceByName } from './devices.ts'
import { derOf } from './enrolment-rows.ts'
import { markRefusedChanged } from './refused-rows.ts'

/** What became of a certificate that was brought. */
export type Recorded =
  /** This one leaves the house: it, or the one that was first. */
  | {
      readonly kind: 'hand_out'
      readonly certificate: Bytes
      readonly keySha256: string
      readonly device: string
    }
  /** It is known, and refused; nothing leaves the house. */
  | { readonly kind: 'void'; readonly because: string }

/** Writes a signed certificate down. Call it in a transaction. Throws an Error where it is not what was ordered. */
export function recordIssued(
  sql: Sql,
  id: string,
  signed: { readonly certificate: Bytes; readonly facts: CertificateFacts },
  now: Instant,
): Recorded {
  const [row] = sql.all('SELECT * FROM enrolments WHERE id = ?', id)
  const { facts, certificate } = signed
  if (row === undefined) throw new Error(`there is no enrolment ${id}`)
  if (row['key_sha256'] !== facts.keySha256) {
    throw new Error(`the certificate ${facts.serial} is for another key than was asked for`)
  }
  const device = String(row['device'])
  const known = certificateBySerial(sql, facts)
  if (row['state'] === 'issued') {
    // Two signed at once: one certificate is the request's, and a second serial is refused from birth.
    if (known === undefined) addVoid(sql, { ...facts, device, enrolment: id, revokedAt: now })
    const first = derOf(row['certificate'])
    return { kind: 'hand_out', certificate: first, keySha256: facts.keySha256, device }
  }
  if (known !== undefined) {
    if (known.enrolment === id) return { kind: 'void', because: 'the enrolment has ended' }
    throw new Error(`the CA has given the serial ${facts.serial} before`)
  }
  const status = deviceByName(sql, device)?.status ?? 'revoked'
  if (row['state'] !== 'signing' || endsCertificates(status)) {
    addVoid(sql, { ...facts, device, enrolment: id, revokedAt: now })
    return { kind: 'void', because: `the enrolment has ended, and ${device} is ${status}` }
  }
  addCertificate(sql, { ...facts, device, enrolment: id, revokedAt: undefined })
  sql.all(
    "UPDATE enrolments SET state = 'issued', certificate = ? WHERE id = ?",
    toBase64(certificate),
    id,
  )
  if (status === 'active') {
    return { kind: 'hand_out', certificate, keySha256: facts.keySha256, device }
  }
  // Suspended meanwhile: it gets its certificate when it is active again, by the same request.
  markRefusedChanged(sql)
  return { kind: 'void', because: `${device} is ${status}` }
}

function addVoid(sql: Sql, certificate: KnownCertificate): void {
  addCertificate(sql, certificate)
  markRefusedChanged(sql)
}

/** What an enrolment that has ended had used up. */
export interface Ended {
  readonly device: string
  readonly keySha256: string
  readonly claimant: string
}

/** Ends an enrolment for which nothing will be signed; undefined where it was over already. */
export function endEnrolment(sql: Sql, id: string, because: string): Ended | undefined {
  const [row] = sql.all(
    `UPDATE enrolments SET state = 'failed', because = ?
     WHERE id = ? AND state IN ('waiting', 'signing') RETURNING device, key_sha256, claimant`,
    because,
    id,
  )
  return row && endedOf(row)
}

/** Ends what a device waits for: it was not approved. */
export function endWaiting(sql: Sql, device: string, because: string): readonly Ended[] {
  const rows = sql.all(
    `UPDATE enrolments SET state = 'failed', because = ?
     WHERE device = ? AND state = 'waiting' RETURNING device, key_sha256, claimant`,
    because,
    device,
  )
  return rows.map(endedOf)
}

const endedOf = (row: SqlRow): Ended => ({
  device: String(row['device']),
  keySha256: String(row['key_sha256']),
  claimant: String(row['claimant']),
})
