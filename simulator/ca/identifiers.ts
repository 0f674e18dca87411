import { createHash } from 'node:crypto'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { bytes, type Random } from '#simulator/random.ts'

/**
 * Sixteen octets for a serial number. RFC 5280 4.1.2.2 wants it positive and at most 20 octets:
 * the first octet lies from 0x40 to 0x7f, so it needs no sign octet and never starts with zeros.
 */
export function serialFrom(random: Random): Bytes {
  const serial = bytes(random, 16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial
}

/** A serial as the ledger writes it: upper-case hexadecimal, whole bytes. */
export function serialText(serial: Uint8Array): string {
  return toHex(serial).toUpperCase()
}

/** RFC 5280 4.2.1.2 (1): SHA-1 of the public key's octets, here a P-256 point of 65 octets at the end. */
export function keyIdOf(spki: ArrayBuffer | Uint8Array): Bytes {
  const point = new Uint8Array(spki).subarray(-65)
  return new Uint8Array(createHash('sha1').update(point).digest())
}
