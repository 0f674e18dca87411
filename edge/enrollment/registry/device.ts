import type { Instant } from '#shared/time.ts'
import type { DeviceStatus } from './registry.ts'

/** A device, as its registry knows it. */
export interface Device {
  /** As its certificates bear it. */
  readonly name: string
  /** Its own; a class that is suspended suspends it as well. */
  readonly status: DeviceStatus
  readonly since: Instant
  readonly madeAt: Instant
  /** Labels, such as `model:x200` or `batch:2026-11`: what is suspended together. Sorted. */
  readonly classes: readonly string[]
  /** SHA-256 of its factory's certificate, where it has one: no other one speaks for it. */
  readonly factoryLeaf: string | undefined
  /** The first of its classes that is suspended. */
  readonly suspendedClass: string | undefined
}

/** One line of a device's history. Never rewritten. */
export interface HistoryEntry {
  readonly id: number
  readonly at: Instant
  /** Who asked for it: the name of a token, `enrolment`, `approval hook`, `first connection`. */
  readonly by: string
  readonly status: DeviceStatus
  readonly because: string
}

/** A certificate of a device. */
export interface IssuedCertificate {
  readonly issuerKeyId: string
  /** DER of the issuer's Name, base64. */
  readonly issuer: string
  /** As `albSerial` writes it. */
  readonly serial: string
  readonly keySha256: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** The enrolment that it came of; undefined where it was brought: imported, or met at a connection. */
  readonly enrolment: string | undefined
  /** Since when it is revoked for good, whatever becomes of the device. */
  readonly revokedAt: Instant | undefined
}

export const deviceStatuses = ['pending', 'active', 'suspended', 'revoked', 'retired'] as const

/** Whether a word is a status. */
export const isDeviceStatus = (word: unknown): word is DeviceStatus =>
  deviceStatuses.some((each) => each === word)

/**
 * What may become of a device. Revoked is for good: its key or its identity is not trusted any more,
 * and it comes back under another name. One that is retired may be taken into use again.
 */
export const transitions: Readonly<Record<DeviceStatus, readonly DeviceStatus[]>> = {
  pending: ['active', 'suspended', 'revoked', 'retired'],
  active: ['suspended', 'revoked', 'retired'],
  suspended: ['active', 'revoked', 'retired'],
  retired: ['active', 'revoked'],
  revoked: [],
}

/** Whether a status ends the device's certificates for good: none comes back with the device. */
export const endsCertificates = (status: DeviceStatus): boolean =>
  status === 'revoked' || status === 'retired'

/** SPIFFE IDs are the longest names in the field: the part behind the trust domain is kept below this. */
const nameLengthMax = 255

/**
 * Whether a name can be a device's. Azure's device provisioning takes letters, digits and `- . _ :`,
 * the last of them a letter, a digit or a hyphen; SPIFFE IDs add the slash.
 */
export function isDeviceName(name: string): boolean {
  return name.length <= nameLengthMax && /^[A-Za-z0-9._:/-]*[A-Za-z0-9-]$/.test(name)
}

/** Names that people take for one, as Azure's device provisioning does: no two devices have them. */
export const foldedName = (name: string): string => name.toLowerCase()

/** A class: a word, or a key and a value. */
export function isClassName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:=/-]{0,63}$/.test(name)
}

/** Of one device; each is a row, and one more thing that suspends it. */
export const classesMax = 16
