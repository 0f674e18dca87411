import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** Universal and context tags that X.509 uses (X.690 8.1.2), constructed bit included. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** [n] primitive, implicit. */
  context: (number: number): number => 0x80 | number,
  /** [n] constructed. */
  contextConstructed: (number: number): number => 0xa0 | number,
} as const

/** Where bytes stopped being DER, and what belonged there. */
export interface DerFault {
  readonly offset: number
  readonly expected: string
}

/** Thrown by the reader only, and caught by `parseDer` only: a parse has one way out. */
class DerError extends Error {
  readonly fault: DerFault
  constructor(fault: DerFault) {
    super(`at byte ${fault.offset}: expected ${fault.expected}`)
    this.fault = fault
  }
}

/** Runs one parse over a whole buffer: the value, or the first fault. Trailing bytes are a fault. */
export function parseDer<Value>(
  bytes: Bytes,
  parse: (reader: DerReader) => Value,
): Result<Value, DerFault> {
  try {
    const reader = new DerReader(bytes)
    const value = parse(reader)
    reader.close(bytes.length)
    return ok(value)
  } catch (error) {
    if (error instanceof DerError) return err(error.fault)
    throw error
  }
}

/**
 * A strict reader of DER (X.690 section 10) over one buffer: it copies nothing and allocates only
 * the views it is asked for. Lengths are definite and minimal, tags have one octet.
 *
 * Nesting is written `const outer = reader.open(…)` … `reader.close(outer)`; `close` refuses bytes
 * that were not read. There is no recursion, so depth is bounded by the code that reads.
 */
export class DerReader {
  readonly bytes: Bytes
  /** The next octet to read. */
  at: number
  /** One past the last octet of the element that is open. */
  end: number

  constructor(bytes: Bytes, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get done(): boolean {
    return this.at === this.end
  }

  /** The tag of the next element, or -1 at the end of the open one. */
  get nextTag(): number {
    return this.at < this.end ? (this.bytes[this.at] ?? -1) : -1
  }

  fail(expected: string, offset = this.at): never {
    throw new DerError({ offset, expected })
  }

  /** Enters an element: moves to its content and returns what `close` needs to leave it. */
  open(expectedTag: number, expected: string): number {
    if (this.nextTag !== expectedTag) this.fail(expected)
    const outer = this.end
    const contentEnd = this.#header(expected)
    this.end = contentEnd
    return outer
  }

  /** Leaves an element whose content must have been read to its end. */
  close(outer: number): void {
    if (this.at !== this.end) this.fail('the end of the element')
    this.end = outer
  }

  /** Enters an element only if it is there; -1 when it is not. */
  openOptional(expectedTag: number, expected: string): number {
    return this.nextTag === expectedTag ? this.open(expectedTag, expected) : -1
  }

  /** Passes over one element of any tag. */
  skip(expected: string): void {
    this.at = this.#header(expected)
  }

  /** A view of one whole element, header included. */
  element(expectedTag: number, expected: string): Bytes {
    if (this.nextTag !== expectedTag) this.fail(expected)
    const start = this.at
    this.at = this.#header(expected)
    return this.bytes.subarray(start, this.at)
  }

  /** A view of one element's content octets. */
  content(expectedTag: number, expected: string): Bytes {
    if (this.nextTag !== expectedTag) this.fail(expected)
    const end = this.#header(expected)
    const start = this.at
    this.at = end
    return this.bytes.subarray(start, end)
  }

  /** Content octets of an INTEGER (or ENUMERATED) in its shortest form (X.690 8.3.2). */
  integer(expected: string, expectedTag: number = tag.integer): Bytes {
    const start = this.at
    const content = this.content(expectedTag, expected)
    const [first, second] = content
    if (first === undefined) return this.fail(`${expected} with content`, start)
    const redundant =
      second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
    if (redundant) return this.fail(`${expected} in its shortest form`, start)
    return content
  }

  /** A non-negative INTEGER that fits 31 bits, such as a version or a path length. */
  smallInteger(expected: string, expectedTag: number = tag.integer): number {
    const start = this.at
    const content = this.integer(expected, expectedTag)
    const negative = (content[0] ?? 0) >= 0x80
    if (negative || content.length > 4) return this.fail(`${expected} from 0 to 2^31 - 1`, start)
    return content.reduce((value, octet) => value * 256 + octet, 0)
  }

  /** BOOLEAN: DER knows only 0x00 and 0xFF (X.690 11.1). */
  boolean(expected: string): boolean {
    const start = this.at
    const content = this.content(tag.boolean, expected)
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
      return this.fail(`${expected} as 00 or FF`, start)
    }
    return content[0] === 0xff
  }

  /** A BIT STRING of whole octets, such as a key or a signature. */
  octetAlignedBits(expected: string): Bytes {
    const start = this.at
    const content = this.content(tag.bitString, expected)
    if (content[0] !== 0) return this.fail(`${expected} of whole octets`, start)
    return content.subarray(1)
  }

  /** A BIT STRING of named bits (X.690 11.2.2): unused bits zero, no trailing zero bits. */
  namedBits(expected: string, expectedTag: number = tag.bitString): Bytes {
    const start = this.at
    const content = this.content(expectedTag, expected)
    const unused = content[0]
    const last = content.at(-1) ?? 0
    const empty = content.length === 1
    if (unused === undefined || unused > 7 || (empty && unused !== 0)) {
      return this.fail(expected, start)
    }
    if (!empty && (last & ((1 << unused) - 1)) !== 0)
      return this.fail(`${expected} zero-padded`, start)
    if (!empty && ((last >> unused) & 1) === 0) {
      return this.fail(`${expected} without trailing zero bits`, start)
    }
    return content.subarray(1)
  }

  /** Reads tag and length, leaves `at` on the content and returns where the content ends. */
  #header(expected: string): number {
    const start = this.at
    const first = this.bytes[start]
    if (first === undefined || start >= this.end) return this.fail(expected, start)
    if ((first & 0x1f) === 0x1f) return this.fail('a tag of one octet', start)
    this.at = start + 1
    const length = this.#length(start)
    if (length > this.end - this.at)
      return this.fail(`${expected} within its enclosing element`, start)
    return this.at + length
  }

  /** X.690 10.1: definite form, in the fewest octets. Four octets of length are more than any input has. */
  #length(start: number): number {
    if (this.at >= this.end) return this.fail('a length', start)
    const first = this.bytes[this.at++] ?? 0
    if (first < 0x80) return first
    const count = first & 0x7f
    if (count === 0 || count > 4)
      return this.fail('a definite length of at most four octets', start)
    if (count > this.end - this.at) return this.fail('a length', start)
    let length = 0
    for (let index = 0; index < count; index += 1)
      length = length * 256 + (this.bytes[this.at++] ?? 0)
    const shortest = length >= 0x80 && length >= 256 ** (count - 1)
    return shortest ? length : this.fail('a length in its shortest form', start)
  }
}
