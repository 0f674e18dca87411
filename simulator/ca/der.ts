import { concatBytes, type Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'

/*
 * Writes the little DER that device certificates and CRLs are made of (X.690). Leaves are issued by
 * the thousand, and a general library takes some 6 ms of CPU for one; certificates of authorities,
 * which are few, are left to it.
 */

const text = new TextEncoder()

/** One element: identifier octet, shortest length, contents. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Bytes {
  const body = concatBytes(...contents)
  return concatBytes(Uint8Array.from([tag, ...lengthOctets(body.length)]), body)
}

/** X.690 8.1.3 and 10.1: the short form under 128, else as few octets as hold the number. */
function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  if (length < 0x10000) return [0x82, length >> 8, length & 0xff]
  if (length < 0x1000000) return [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  throw new RangeError(`nothing of the simulated world holds ${length} octets`)
}

export const sequence = (...items: readonly Uint8Array[]): Bytes => element(0x30, ...items)
export const set = (...items: readonly Uint8Array[]): Bytes => element(0x31, ...items)
export const octetString = (contents: Uint8Array): Bytes => element(0x04, contents)
export const utf8String = (value: string): Bytes => element(0x0c, text.encode(value))
export const boolean = (value: boolean): Bytes => element(0x01, Uint8Array.of(value ? 0xff : 0))

/** An INTEGER of big-endian octets that are zero or positive; a zero octet is put before a set sign bit. */
export function integer(octets: Uint8Array): Bytes {
  const first = octets.findIndex((octet) => octet !== 0)
  const shortest = first < 0 ? Uint8Array.of(0) : octets.subarray(first)
  const sign = (shortest[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array()
  return element(0x02, sign, shortest)
}

/** An ENUMERATED of one octet. */
export const enumerated = (value: number): Bytes => element(0x0a, Uint8Array.of(value))

/** A BIT STRING; `unused` bits at its end do not count. */
export function bitString(contents: Uint8Array, unused = 0): Bytes {
  return element(0x03, Uint8Array.of(unused), contents)
}

/** [number], constructed: explicit tagging, or implicit over what is constructed itself. */
export function tagged(number: number, ...contents: readonly Uint8Array[]): Bytes {
  return element(0xa0 | number, ...contents)
}

/** [number] in place of the tag of something primitive: implicit tagging. */
export function taggedOctets(number: number, octets: Uint8Array): Bytes {
  return element(0x80 | number, octets)
}

export const taggedText = (number: number, value: string): Bytes =>
  taggedOctets(number, text.encode(value))

/** X.690 8.19: the first two arcs share an octet, the others are in base 128. */
export function objectIdentifier(dotted: string): Bytes {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

function base128(arc: number): readonly number[] {
  const octets = [arc & 0x7f]
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7) octets.unshift((rest & 0x7f) | 0x80)
  return octets
}

/** RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050, whole seconds, always Z. */
export function time(at: Instant): Bytes {
  const iso = new Date(at).toISOString()
  const general = iso >= '2050'
  const places = general ? digitPlaces : digitPlaces.slice(2)
  const octets = new Uint8Array(places.length + 1)
  for (let index = 0; index < places.length; index += 1) {
    octets[index] = iso.charCodeAt(places[index] ?? 0)
  }
  octets[places.length] = zulu
  return element(general ? 0x18 : 0x17, octets)
}

/** Where the digits stand in `2027-01-31T23:59:59`. */
const digitPlaces: readonly number[] = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
const zulu = 0x5a
