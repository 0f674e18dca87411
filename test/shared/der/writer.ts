import { concatBytes, toUtf8, type Bytes } from '#shared/bytes.ts'
import { isoFromInstant, type Instant } from '#shared/time.ts'

/*
 * Writes DER for tests, and whatever is nearly DER: nothing here looks at what it is given. Numbers
 * in place of octets are octets.
 */

export const octets = (...values: readonly number[]): Bytes => Uint8Array.from(values)

/** One element: identifier octet, length in its shortest form, contents. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Bytes {
  const body = concatBytes(...contents)
  return concatBytes(octets(tag, ...lengthOctets(body.length)), body)
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  if (length < 0x10000) return [0x82, length >> 8, length & 0xff]
  if (length < 0x1000000) return [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  return [0x84, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]
}

export const sequence = (...items: readonly Uint8Array[]): Bytes => element(0x30, ...items)
export const set = (...items: readonly Uint8Array[]): Bytes => element(0x31, ...items)
/** An INTEGER of just these content octets. */
export const integer = (...values: readonly number[]): Bytes => element(0x02, octets(...values))
export const enumerated = (...values: readonly number[]): Bytes => element(0x0a, octets(...values))
export const boolean = (octet: number): Bytes => element(0x01, octets(octet))
export const octetString = (contents: Uint8Array): Bytes => element(0x04, contents)
export const utf8String = (text: string): Bytes => element(0x0c, toUtf8(text))
export const nothing = octets()
export const nul = octets(0x05, 0x00)

export function bitString(contents: Uint8Array, unused = 0): Bytes {
  return element(0x03, octets(unused), contents)
}

/** [number] in place of a primitive's own tag. */
export function context(number: number, contents: Uint8Array): Bytes {
  return element(0x80 | number, contents)
}

/** [number] around elements. */
export function explicit(number: number, ...contents: readonly Uint8Array[]): Bytes {
  return element(0xa0 | number, ...contents)
}

/** An OBJECT IDENTIFIER (X.690 8.19). */
export function oid(dotted: string): Bytes {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, octets(...[first * 40 + second, ...rest].flatMap(base128)))
}

function base128(arc: number): readonly number[] {
  const digits = [arc & 0x7f]
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}

export const utcTime = (text: string): Bytes => element(0x17, toUtf8(text))
export const generalizedTime = (text: string): Bytes => element(0x18, toUtf8(text))

/** RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050. */
export function time(at: Instant): Bytes {
  const digits = isoFromInstant(at).replace(/[-T:]/g, '')
  return digits < '2050' ? utcTime(digits.slice(2)) : generalizedTime(digits)
}
