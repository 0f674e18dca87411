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
    const outer = this.end
    const contentEnd = this.#enter(expectedTag, expected)
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
    this.at = this.#enter(this.nextTag, expected)
  }

  /** Passes over one element and returns where it starts: `readerAt` gets back to it. */
  pass(expectedTag: number, expected: string): number {
    const start = this.at
    this.at = this.#enter(expectedTag, expected)
    return start
  }

  /** Passes over one element and returns where its content starts; the content ends at `at`. */
  passContent(expectedTag: number, expected: string): number {
    const end = this.#enter(expectedTag, expected)
    const start = this.at
    this.at = end
    return start
  }

  /** A view of one whole element, header included. */
  element(expectedTag: number, expected: string): Bytes {
    const start = this.pass(expectedTag, expected)
    return this.bytes.subarray(start, this.at)
  }

  /** A view of one element's content octets. */
  content(expectedTag: number, expected: string): Bytes {
    const start = this.passContent(expectedTag, expected)
    return this.bytes.subarray(start, this.at)
  }

  /** Content octets of an INTEGER (or ENUMERATED) in its shortest form (X.690 8.3.2). */
  integer(expected: string, expectedTag: number = tag.integer): Bytes {
    const start = this.passInteger(expected, expectedTag)
    return this.bytes.subarray(start, this.at)
  }

  /** The same without a view: where the content starts; it ends at `at`. */
  passInteger(expected: string, expectedTag: number = tag.integer): number {
    const element = this.at
    const start = this.passContent(expectedTag, expected)
    const length = this.at - start
    if (length === 0) return this.fail(`${expected} with content`, element)
    if (length > 1 && isRedundant(this.octet(start), this.octet(start + 1))) {
      return this.fail(`${expected} in its shortest form`, element)
    }
    return start
  }

  /** A non-negative INTEGER that fits 31 bits, such as a version or a path length. */
  smallInteger(expected: string, expectedTag: number = tag.integer): number {
    const element = this.at
    const start = this.passInteger(expected, expectedTag)
    const isNegative = this.octet(start) >= 0x80
    if (isNegative || this.at - start > 4)
      return this.fail(`${expected} from 0 to 2^31 - 1`, element)
    let value = 0
    for (let at = start; at < this.at; at += 1) value = value * 256 + this.octet(at)
    return value
  }

  /** BOOLEAN: DER knows only 0x00 and 0xFF (X.690 11.1). */
  boolean(expected: string): boolean {
    const element = this.at
    const start = this.passContent(tag.boolean, expected)
    const value = this.octet(start)
    if (this.at - start !== 1 || (value !== 0 && value !== 0xff)) {
      return this.fail(`${expected} as 00 or FF`, element)
    }
    return value === 0xff
  }

  /** A BIT STRING of whole octets, such as a key or a signature. */
  octetAlignedBits(expected: string): Bytes {
    const start = this.passOctetAlignedBits(expected)
    return this.bytes.subarray(start, this.at)
  }

  /** The same without a view: where its octets start; they end at `at`. */
  passOctetAlignedBits(expected: string): number {
    const element = this.at
    const start = this.passContent(tag.bitString, expected)
    if (this.at === start || this.octet(start) !== 0) {
      return this.fail(`${expected} of whole octets`, element)
    }
    return start + 1
  }

  /**
   * A BIT STRING of named bits: unused bits zero. Zero bits at its end say nothing (X.680 22.7) and
   * are let stand, which X.690 11.2.2 would not: older GnuTLS writes every keyUsage as nine bits, and
   * OpenSSL, Go and BoringSSL read it.
   */
  namedBits(expected: string, expectedTag: number = tag.bitString): Bytes {
    const start = this.passNamedBits(expected, expectedTag)
    return this.bytes.subarray(start, this.at)
  }

  /** The same without a view: where its octets start; they end at `at`, and there may be none. */
  passNamedBits(expected: string, expectedTag: number = tag.bitString): number {
    const element = this.at
    const start = this.passContent(expectedTag, expected)
    const length = this.at - start
    const unused = this.octet(start)
    if (length === 0 || unused > 7 || (length === 1 && unused !== 0)) {
      return this.fail(expected, element)
    }
    if (length === 1) return start + 1
    const last = this.octet(this.at - 1)
    if ((last & ((1 << unused) - 1)) !== 0) return this.fail(`${expected} zero-padded`, element)
    return start + 1
  }

  /** The octet at an offset; 0 beyond the end, which callers have looked at before. */
  octet(at: number): number {
    return this.bytes[at] ?? 0
  }

  /** Leaves `at` on the content of an element of this tag and returns where the content ends. */
  #enter(expectedTag: number, expected: string): number {
    const { bytes, at } = this
    if (at >= this.end || bytes[at] !== expectedTag) return this.fail(expected)
    // Most elements are short, of a tag of one octet: these are read here, all others by the rules below.
    const length = bytes[at + 1] ?? 0xff
    const contentEnd = at + 2 + length
    if (length >= 0x80 || contentEnd > this.end || (expectedTag & 0x1f) === 0x1f) {
      return this.#header(expected)
    }
    this.at = at + 2
    return contentEnd
  }

  /** Reads tag and length of an element that is there: as `#enter`, whatever its length. */
  #header(expected: string): number {
    const start = this.at
    if ((this.octet(start) & 0x1f) === 0x1f) return this.fail('a tag of one octet', start)
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
    const isShortest = this.octet(this.at) >= (count === 1 ? 0x80 : 1)
    if (!isShortest) return this.fail('a length in its shortest form', start)
    let length = 0
    for (let index = 0; index < count; index += 1)
      length = length * 256 + (this.bytes[this.at++] ?? 0)
    return length
  }
}

function isRedundant(first: number, second: number): boolean {
  return (first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)
}

/** A reader at an element that has been passed over before, to make a view of it. */
export function readerAt(bytes: Bytes, at: number): DerReader {
  return new DerReader(bytes, at)
}
