import { concatBytes, type Bytes } from '#shared/bytes.ts'

/** One element of any tag. */
function element(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const content = concatBytes(...parts)
  return concatBytes(Uint8Array.of(tag, ...lengthOctets(content.length)), content)
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length]
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
}

/** An OBJECT IDENTIFIER of a dotted text. */
function oid(dotted: string): Bytes {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt)
  return element(6, ...[first * 40n + second, ...rest].map(arcOctets))
}

function arcOctets(arc: bigint): Uint8Array {
  const octets = [Number(arc & 0x7fn)]
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80)
  return Uint8Array.from(octets)
}

export interface Attribute {
  readonly type: string
  readonly tag: number
  readonly content: readonly number[]
}

export function nameDer(rdns: readonly (readonly Attribute[])[]): Bytes {
  return element(0x30, ...rdns.map((rdn) => element(0x31, ...rdn.map(attributeDer))))
}

function attributeDer({ type, tag, content }: Attribute): Bytes {
  return element(0x30, oid(type), element(tag, Uint8Array.from(content)))
}

/**
 * A certificate that bears two names and nothing true beside: a point off any curve for a key, and
 * a signature of zeros. Readers that only print it do not mind.
 */
export function unsignedCertificate(subject: Bytes, issuer: Bytes): Bytes {
  const algorithm = element(0x30, oid('1.2.840.10045.4.3.2'))
  const date = element(0x17, new TextEncoder().encode('260101000000Z'))
  const key = element(0x30, oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7'))
  const bits = element(3, new Uint8Array(66).fill(4, 1, 2))
  const tbs = element(
    0x30,
    element(2, Uint8Array.of(1)),
    algorithm,
    issuer,
    element(0x30, date, date),
    subject,
    element(0x30, key, bits),
  )
  return element(0x30, tbs, algorithm, element(3, new Uint8Array(9)))
}
