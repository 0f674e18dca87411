import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { tag } from '#shared/der/reader.ts'

/** One DER element: the tag's octet, the length in its shortest form (X.690 10.1), the contents. */
export function element(tagOctet: number, ...contents: readonly Uint8Array[]): Bytes {
  const length = contents.reduce((total, each) => total + each.length, 0)
  const digits = bigEndian(length)
  const header = length < 0x80 ? [tagOctet, length] : [tagOctet, 0x80 | digits.length, ...digits]
  return concatBytes(Uint8Array.from(header), ...contents)
}

/** An INTEGER in its shortest form (X.690 8.3.2). */
export function unsigned(value: number): Bytes {
  const digits = bigEndian(value)
  const isNegative = (digits[0] ?? 0) >= 0x80
  return element(tag.integer, Uint8Array.from(isNegative ? [0, ...digits] : digits))
}

function bigEndian(value: number): readonly number[] {
  const digits = [value % 0x100]
  for (let rest = Math.floor(value / 0x100); rest > 0; rest = Math.floor(rest / 0x100)) {
    digits.unshift(rest % 0x100)
  }
  return digits
}
