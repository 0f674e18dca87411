import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { tag } from '#shared/der/reader.ts'
import { element } from '#shared/revocation/der-element.ts'
import type { Instant } from '#shared/time.ts'

/*
 * What certificates and CRLs hold beside what they repeat of others, in DER (X.690): a dozen lines
 * in place of an ASN.1 library, which would make a Worker several times as large.
 */

export const sequence = (...items: readonly Uint8Array[]): Bytes => element(tag.sequence, ...items)

export const octetString = (contents: Uint8Array): Bytes => element(tag.octetString, contents)

/** A BIT STRING of whole octets. */
export const wholeBits = (contents: Uint8Array): Bytes =>
  element(tag.bitString, Uint8Array.of(0), contents)

/** An INTEGER of big-endian octets that are zero or positive, in its shortest form (X.690 8.3.2). */
export function positiveInteger(octets: Uint8Array): Bytes {
  const first = octets.findIndex((octet) => octet !== 0)
  const shortest = first < 0 ? Uint8Array.of(0) : octets.subarray(first)
  const sign = (shortest[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array()
  return element(tag.integer, sign, shortest)
}

/** RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on, whole seconds, always Z. */
export function time(at: Instant): Bytes {
  const digits = new Date(at).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')
  const isGeneral = digits >= '2050'
  const text = toUtf8(`${isGeneral ? digits : digits.slice(2)}Z`)
  return element(isGeneral ? tag.generalizedTime : tag.utcTime, text)
}

/** X.690 8.19: the first two arcs share an octet, the others are in base 128. */
export function objectIdentifier(dotted: string): Bytes {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(tag.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

function base128(arc: number): readonly number[] {
  const octets = [arc % 0x80]
  for (let rest = Math.floor(arc / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) {
    octets.unshift((rest % 0x80) | 0x80)
  }
  return octets
}

/** RFC 5280 4.1: one Extension. `critical` is not written where it is false (X.690 11.5). */
export function extension(
  oid: string,
  weight: 'critical' | 'not critical',
  value: Uint8Array,
): Bytes {
  const critical = weight === 'critical' ? element(tag.boolean, Uint8Array.of(0xff)) : none
  return sequence(objectIdentifier(oid), critical, octetString(value))
}

const none = new Uint8Array()
