import { toHex } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { WireFault } from './fault.ts'

/** RFC 5280 4.1.2.2: conforming CAs use at most 20 octets. */
const serialOctetsMax = 20

/** 2^160 - 1, the largest number of 20 octets, has 49 decimal digits. */
const decimalDigitsMax = 49

/**
 * ALB's and nginx's form of a serial's content octets, and this core's own: upper-case
 * hexadecimal, whole bytes, no sign byte, a minus sign before a negative one's magnitude.
 */
export function albSerial(octets: Uint8Array): string {
  const magnitude = positiveMagnitude(octets)
  if (magnitude !== undefined) return toHex(magnitude).toUpperCase()
  const number = serialNumber(octets)
  return number < 0n ? `-${wholeBytes(-number)}` : wholeBytes(number)
}

/** A number above zero in its shortest form without its sign octet; undefined of any other. */
function positiveMagnitude(octets: Uint8Array): Uint8Array | undefined {
  const first = octets[0] ?? 0
  if (first > 0 && first < 0x80) return octets
  return first === 0 && (octets[1] ?? 0) >= 0x80 ? octets.subarray(1) : undefined
}

/** Cloudflare's form: upper-case hexadecimal of the content octets as they are, sign byte included. */
export function cloudflareSerial(octets: Uint8Array): string {
  return toHex(octets).toUpperCase()
}

/** API Gateway's form: lower-case bytes between colons, no sign byte. */
export function colonSerial(octets: Uint8Array): string {
  return betweenColons(albSerial(octets))
}

/** The form of CloudFront's events and logs: as `colonSerial`, sign byte included. */
export function colonSerialWithSignByte(octets: Uint8Array): string {
  return betweenColons(toHex(octets))
}

/** The form of Traefik, Caddy and Go: decimal. */
export function decimalSerial(octets: Uint8Array): string {
  return serialNumber(octets).toString()
}

/**
 * A hexadecimal serial in any platform's spelling (either case, colons or none, sign byte or none)
 * in this core's form. Text of an odd number of digits is refused, for it may as well be decimal;
 * one digit from 0 to 9 is the same in both and read.
 */
export function readSerial(text: string): Result<string, WireFault> {
  const digits = /^[0-9]$/.test(text) ? `0${text}` : text
  if (!/^-?[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2})*|(?:[0-9A-Fa-f]{2})*)$/.test(digits)) {
    return err({ at: 0, expected: 'a serial as whole hexadecimal bytes' })
  }
  return bounded(digits.replaceAll(':', '').toUpperCase())
}

/** A decimal serial in this core's form. Never guessed: the caller knows the platform writes decimal. */
export function readDecimalSerial(text: string): Result<string, WireFault> {
  if (!/^-?[0-9]+$/.test(text) || text.length > decimalDigitsMax) {
    return err({ at: 0, expected: 'a serial as decimal digits' })
  }
  const number = BigInt(text)
  return bounded(number < 0n ? `-${wholeBytes(-number)}` : wholeBytes(number))
}

/** Leading zero bytes off, at least one byte left, at most what RFC 5280 allows. */
function bounded(hex: string): Result<string, WireFault> {
  const sign = hex.startsWith('-') ? '-' : ''
  const magnitude = hex.slice(sign.length).replace(/^(?:00)+(?=..)/, '')
  if (magnitude.length > 2 * serialOctetsMax) {
    return err({ at: 0, expected: `a serial of at most ${serialOctetsMax} octets` })
  }
  return ok(magnitude === '00' ? magnitude : sign + magnitude)
}

/** Two's complement, big-endian (X.690 8.3.3). No octets at all count as zero. */
function serialNumber(octets: Uint8Array): bigint {
  if (octets.length === 0) return 0n
  return BigInt.asIntN(8 * octets.length, BigInt(`0x${toHex(octets)}`))
}

function wholeBytes(number: bigint): string {
  const hex = number.toString(16).toUpperCase()
  return hex.length % 2 === 0 ? hex : `0${hex}`
}

function betweenColons(hex: string): string {
  return hex.toLowerCase().replaceAll(/[0-9a-f]{2}(?=[0-9a-f])/g, '$&:')
}
