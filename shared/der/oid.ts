import type { Bytes } from '#shared/bytes.ts'
import { tag, type DerReader } from './reader.ts'

/** Longer identifiers than this exist in no profile we read; the bound keeps reasons short. */
const oidOctetsMax = 64

/** An OBJECT IDENTIFIER in dotted form (X.690 8.19). */
export function readOid(reader: DerReader, expected: string): string {
  const start = reader.at
  const content = reader.content(tag.oid, expected)
  return dottedOid(content) ?? reader.fail(`${expected} as a well-formed identifier`, start)
}

/** Dotted form of an identifier's content octets, or undefined where they are not well formed. */
export function dottedOid(content: Bytes): string | undefined {
  if (content.length === 0 || content.length > oidOctetsMax) return undefined
  const arcs: bigint[] = []
  let arc = 0n
  let startsArc = true
  for (const octet of content) {
    if (startsArc && octet === 0x80) return undefined
    arc = (arc << 7n) | BigInt(octet & 0x7f)
    startsArc = octet < 0x80
    if (!startsArc) continue
    arcs.push(arc)
    arc = 0n
  }
  return startsArc ? dotted(arcs) : undefined
}

function dotted(arcs: readonly bigint[]): string {
  const [joined = 0n, ...rest] = arcs
  const first = joined < 40n ? 0n : joined < 80n ? 1n : 2n
  return [first, joined - first * 40n, ...rest].join('.')
}
