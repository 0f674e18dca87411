import type { Bytes } from '#shared/bytes.ts'
import { tag, type DerReader } from './reader.ts'

/** Longer identifiers than this exist in no profile we read; the bound keeps reasons short. */
const oidOctetsMax = 64

/** Arcs of more bits than this are put together as BigInt: doubles are exact up to 2^53. */
const exactArcMax = 2 ** 46

/** An OBJECT IDENTIFIER in dotted form (X.690 8.19). */
export function readOid(reader: DerReader, expected: string): string {
  const start = passOid(reader, expected)
  return dotted(reader.bytes, start, reader.at)
}

/** Passes over an OBJECT IDENTIFIER that is well formed; where its content starts. It ends at `at`. */
export function passOid(reader: DerReader, expected: string): number {
  const element = reader.at
  const start = reader.passContent(tag.oid, expected)
  if (isWellFormed(reader.bytes, start, reader.at)) return start
  return reader.fail(`${expected} as a well-formed identifier`, element)
}

/** Dotted form of an identifier's content octets, or undefined where they are not well formed. */
export function dottedOid(content: Bytes): string | undefined {
  return isWellFormed(content, 0, content.length) ? dotted(content, 0, content.length) : undefined
}

/** X.690 8.19.2: each arc in the fewest octets, the last of which has its high bit clear. */
function isWellFormed(bytes: Bytes, start: number, end: number): boolean {
  if (start === end || end - start > oidOctetsMax) return false
  let startsArc = true
  for (let at = start; at < end; at += 1) {
    const octet = bytes[at] ?? 0
    if (startsArc && octet === 0x80) return false
    startsArc = octet < 0x80
  }
  return startsArc
}

function dotted(bytes: Bytes, start: number, end: number): string {
  let text = ''
  let arc = 0
  for (let at = start; at < end; at += 1) {
    const octet = bytes[at] ?? 0
    if (arc > exactArcMax) return dottedOfAnySize(bytes.subarray(start, end))
    arc = arc * 128 + (octet & 0x7f)
    if (octet >= 0x80) continue
    text = text === '' ? firstArcs(arc) : `${text}.${arc}`
    arc = 0
  }
  return text
}

/** X.690 8.19.4: the first two arcs are one number; the first is 0, 1 or 2. */
function firstArcs(joined: number): string {
  const first = joined < 80 ? Math.floor(joined / 40) : 2
  return `${first}.${joined - first * 40}`
}

/** The same for arcs of any size, such as the 128 bits under 2.25 (ITU-T X.667). */
function dottedOfAnySize(content: Bytes): string {
  const arcs: bigint[] = []
  let arc = 0n
  for (const octet of content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f)
    if (octet >= 0x80) continue
    arcs.push(arc)
    arc = 0n
  }
  const [joined = 0n, ...rest] = arcs
  const first = joined < 80n ? joined / 40n : 2n
  return [first, joined - first * 40n, ...rest].join('.')
}
