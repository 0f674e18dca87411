import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Sql } from '../../sqlite/sql.ts'
import {
  addCertificate,
  certificateBySerial,
  certificatesOf,
  type KnownCertificate,
} from './certificates.ts'
import type { RegistryRefusal } from './refusal.ts'
import type { Device, IssuedCertificate } from './device.ts'
import { addDevice, deviceByName, devicesOf, type DevicePage, type Word } from './devices.ts'
import { markRefusedChanged } from './refused-rows.ts'

/** A device as it goes from one registry to another: one line of JSON. */
export interface TransferredDevice extends Pick<
  Device,
  'name' | 'status' | 'classes' | 'factoryLeaf'
> {
  readonly certificates: readonly Omit<IssuedCertificate, 'enrolment'>[]
}

/** What became of one device that was brought. */
export type Imported =
  | 'added'
  /** It is known, and stays as it is; certificates that were not known are added. */
  | 'known'
  /** Another one has its name in other letters, or one of its serials. */
  | 'name_taken'
  | 'serial_taken'

/** Writes devices down that come from elsewhere, each whole or not at all. Call it in a transaction. */
export function importDevices(
  sql: Sql,
  devices: readonly TransferredDevice[],
  word: Word,
): readonly Imported[] {
  const outcomes = devices.map((device) => importDevice(sql, device, word))
  markRefusedChanged(sql)
  return outcomes
}

function importDevice(sql: Sql, device: TransferredDevice, word: Word): Imported {
  const before = deviceByName(sql, device.name)
  if (before !== undefined && before.name !== device.name) return 'name_taken'
  const known = device.certificates.map((each) => certificateBySerial(sql, each))
  if (known.some((each) => each !== undefined && each.device !== device.name)) return 'serial_taken'
  if (before === undefined) addDevice(sql, device, word)
  for (const [index, certificate] of device.certificates.entries()) {
    if (known[index] !== undefined) continue
    addCertificate(sql, { ...certificate, device: device.name, enrolment: undefined })
  }
  return before === undefined ? 'added' : 'known'
}

/** Devices by name, with their certificates. */
export function exportDevices(sql: Sql, page: DevicePage): readonly TransferredDevice[] {
  return devicesOf(sql, page).map(({ name, status, classes, factoryLeaf }) => ({
    name,
    status,
    classes,
    factoryLeaf,
    certificates: certificatesOf(sql, name).map(transferred),
  }))
}

function transferred(known: KnownCertificate): TransferredDevice['certificates'][number] {
  const { device: _, enrolment: __, ...certificate } = known
  return certificate
}

/** A certificate that a device showed at a connection, and what its CA's rule makes of that. */
export interface FirstSight {
  readonly device: string
  readonly leafSha256: string
  readonly certificate: Omit<IssuedCertificate, 'enrolment' | 'revokedAt'>
  readonly status: 'pending' | 'active'
  readonly classes: readonly string[]
}

/**
 * The device of a certificate, where that is known: undefined where nobody knows it. A certificate that
 * was revoked by itself speaks for nobody any more.
 */
export function metBefore(
  sql: Sql,
  { device, certificate }: Pick<FirstSight, 'device' | 'certificate'>,
): Result<Device | undefined, RegistryRefusal> {
  const known = certificateBySerial(sql, certificate)
  if (known === undefined) return ok(undefined)
  if (!isSame(known, device, certificate)) {
    const because = `the serial ${known.serial} is not of ${device}`
    return err({ code: 'device_of_another', because })
  }
  if (known.revokedAt === undefined) return ok(deviceByName(sql, device))
  return err({ code: 'certificate_revoked', because: `the certificate ${known.serial} is revoked` })
}

/**
 * Rows are found by a key identifier that any CA can write, and a serial: whoever has that row's key
 * as well, of an issuer of that name, is that device.
 */
function isSame(
  known: KnownCertificate,
  device: string,
  { issuer, keySha256 }: FirstSight['certificate'],
): boolean {
  return known.device === device && known.issuer === issuer && known.keySha256 === keySha256
}

/** What a first sight came to: the device as it is now, and whether its certificate was new. */
export interface Met {
  readonly device: Device
  readonly isNew: boolean
}

/** Writes a first sight down; undefined where it is another's name or leaf. Call it in a transaction. */
export function meetDevice(sql: Sql, sight: FirstSight, at: Instant): Met | undefined {
  const { device: name, leafSha256, certificate, status, classes } = sight
  const before = deviceByName(sql, name)
  const known = certificateBySerial(sql, certificate)
  if (known !== undefined)
    return metOf(isSame(known, name, certificate) ? before : undefined, false)
  // Whoever has enrolled is known by that: a factory's certificate that comes later is none of its own.
  if (before !== undefined && before.factoryLeaf !== leafSha256) return undefined
  if (before === undefined) {
    const word = { at, by: 'first connection', because: `first seen with ${certificate.serial}` }
    addDevice(sql, { name, status, classes, factoryLeaf: leafSha256 }, word)
  }
  addCertificate(sql, { ...certificate, device: name, enrolment: undefined, revokedAt: undefined })
  const met = deviceByName(sql, name)
  // Whoever is let in changes nothing of who is refused: a storm of first connections rewrites no file.
  if (met?.status !== 'active' || met.suspendedClass !== undefined) markRefusedChanged(sql)
  return metOf(met, true)
}

const metOf = (device: Device | undefined, isNew: boolean): Met | undefined =>
  device && { device, isNew }

/** Revokes one certificate for good, whatever becomes of its device; false where it is not known. */
export function revokeCertificate(
  sql: Sql,
  certificate: Pick<IssuedCertificate, 'issuerKeyId' | 'serial'>,
  at: number,
): boolean {
  const rows = sql.all(
    `UPDATE certificates SET revoked_at = IFNULL(revoked_at, ?)
     WHERE serial = ? AND issuer IN (SELECT id FROM issuers WHERE key_id = ?) RETURNING 1`,
    instantFromMs(at),
    certificate.serial,
    certificate.issuerKeyId,
  )
  if (rows.length > 0) markRefusedChanged(sql)
  return rows.length > 0
}
