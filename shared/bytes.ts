/** Bytes over a plain ArrayBuffer: what WebCrypto takes in every runtime. */
export type Bytes = Uint8Array<ArrayBuffer>

type Base64Alphabet = 'base64' | 'base64url'

/** Whether padding may be left out, and bits be set that the last octet does not take (RFC 4648 3.5). */
type Base64Form = 'loose' | 'strict'

const loosely: Readonly<Record<Base64Alphabet, RegExp>> = {
  base64: /^[A-Za-z0-9+/]*={0,2}$/,
  base64url: /^[A-Za-z0-9_-]*$/,
}

interface NativeOptions {
  readonly alphabet: Base64Alphabet
  readonly lastChunkHandling: Base64Form
}

/** What newer runtimes bring themselves (workerd does, Node 24 does not): many times faster than a loop. */
const { fromBase64: nativeFromBase64 } = Uint8Array as {
  readonly fromBase64?: (text: string, options: NativeOptions) => Bytes
}

/** The way back, of the same runtimes. */
const { toBase64: nativeToBase64, toHex: nativeToHex } = Uint8Array.prototype as {
  readonly toBase64?: (options: {
    readonly alphabet: Base64Alphabet
    readonly omitPadding: boolean
  }) => string
  readonly toHex?: () => string
}

type NodeBuffer = Bytes & { toString(to: Base64Alphabet | 'hex'): string }

/** What Node has in their place. */
const { Buffer: nodeBuffer } = globalThis as {
  readonly Buffer?: {
    from(text: string, alphabet: Base64Alphabet): NodeBuffer
    from(octets: ArrayBufferLike, at: number, length: number): NodeBuffer
  }
}

/** Bytes of base64 text (RFC 4648 section 4, padding optional), or undefined where it is not base64. */
export function fromBase64(text: string): Bytes | undefined {
  return decodeBase64(text, { alphabet: 'base64', lastChunkHandling: 'loose' })
}

/** Bytes of base64 text in the one spelling that its value has; undefined where it is not that, or empty. */
export function fromStrictBase64(text: string): Bytes | undefined {
  if (text === '') return undefined
  return decodeBase64(text, { alphabet: 'base64', lastChunkHandling: 'strict' })
}

function decodeBase64(text: string, options: NativeOptions): Bytes | undefined {
  const octets = octetsInBase64(text, options.lastChunkHandling)
  if (octets === -1) return undefined
  if (nativeFromBase64 !== undefined) {
    return decodeNatively(nativeFromBase64, text, options, octets)
  }
  return nodeBuffer === undefined ? decodeByAtob(text, options) : decodeByNode(text, options)
}

/**
 * Node passes over what is none of base64, so what it gives is written again and compared: that
 * costs a fifth of a look at each character. The octets are a view of Node's pool of 8 kB, which
 * costs a third of memory of their own.
 */
function decodeByNode(text: string, options: NativeOptions): Bytes | undefined {
  const { alphabet } = options
  const octets = nodeBuffer?.from(text, alphabet)
  if (octets === undefined) return undefined
  if (octets.toString(alphabet) !== text && !isLoose(text, options)) return undefined
  return new Uint8Array(octets.buffer, octets.byteOffset, octets.length)
}

function isLoose(text: string, { alphabet, lastChunkHandling }: NativeOptions): boolean {
  return lastChunkHandling === 'loose' && loosely[alphabet].test(text)
}

function decodeByAtob(text: string, { alphabet, lastChunkHandling }: NativeOptions) {
  if (!loosely[alphabet].test(text)) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  if (lastChunkHandling === 'strict' && btoa(binary) !== text) return undefined
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = binary.charCodeAt(index)
  return bytes
}

/** How many octets a text of this length and padding holds; -1 where no base64 has them. */
function octetsInBase64(text: string, form: Base64Form): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const isWhole = text.length % 4 === 0
  if ((padding > 0 || form === 'strict') && !isWhole) return -1
  const characters = text.length - padding
  return characters % 4 === 1 ? -1 : Math.floor((characters * 3) / 4)
}

function decodeNatively(
  decode: NonNullable<typeof nativeFromBase64>,
  text: string,
  options: NativeOptions,
  octets: number,
): Bytes | undefined {
  try {
    const bytes = decode.call(Uint8Array, text, options)
    // It passes over white space, of which base64 in a header has none: there are fewer octets then.
    return bytes.length === octets ? bytes : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  return encodeBase64(bytes, 'base64')
}

/** Base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes, 'base64url')
}

function encodeBase64(bytes: Uint8Array, alphabet: Base64Alphabet): string {
  if (nativeToBase64 !== undefined) {
    return nativeToBase64.call(bytes, { alphabet, omitPadding: alphabet === 'base64url' })
  }
  if (nodeBuffer === undefined) return encodeByBtoa(bytes, alphabet)
  return nodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(alphabet)
}

function encodeByBtoa(bytes: Uint8Array, alphabet: Base64Alphabet): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  const text = btoa(binary)
  if (alphabet === 'base64') return text
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Bytes of base64url text without padding, or undefined where it is not that. */
export function fromBase64Url(text: string): Bytes | undefined {
  if (text.endsWith('=')) return undefined
  return decodeBase64(text, { alphabet: 'base64url', lastChunkHandling: 'loose' })
}

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  if (nativeToHex !== undefined) return nativeToHex.call(bytes)
  if (nodeBuffer === undefined) return toHexByDigits(bytes)
  return nodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

function toHexByDigits(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Shorter ones are compared octet by octet: two views of words cost as much as fifty octets. */
const wordwiseMin = 128

/** Whether two byte strings are the same. Not for secrets: see `equalInConstantTime`. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const { length } = a
  if (length !== b.length) return false
  const isAligned = (a.byteOffset & 3) === 0 && (b.byteOffset & 3) === 0
  let index = length >= wordwiseMin && isAligned ? equalWords(a, b) : 0
  if (index === -1) return false
  for (; index < length; index += 1) if (a[index] !== b[index]) return false
  return true
}

/** How many octets of two aligned byte strings of one length are the same, in words of four; -1 where they differ. */
function equalWords(a: Uint8Array, b: Uint8Array): number {
  const count = a.length >>> 2
  const wordsOfA = new Uint32Array(a.buffer, a.byteOffset, count)
  const wordsOfB = new Uint32Array(b.buffer, b.byteOffset, count)
  for (let index = 0; index < count; index += 1) {
    if (wordsOfA[index] !== wordsOfB[index]) return -1
  }
  return count * 4
}

/**
 * A number of the last four octets, to look signed structures up by: they end in their signature,
 * which nobody foresees. No more than a place to look: whoever finds something compares it whole.
 */
export function tailOf(bytes: Uint8Array): number {
  let tail = 0
  for (let at = Math.max(0, bytes.length - 4); at < bytes.length; at += 1) {
    tail = (tail << 8) | (bytes[at] ?? 0)
  }
  // 30 bits: what V8 holds without a heap object, with compressed pointers as well.
  return tail & 0x3fff_ffff
}

/** Whether `wanted` stands in `bytes` at an offset. Not for secrets. */
export function standsAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index += 1) {
    if (bytes[at + index] !== wanted[index]) return false
  }
  return true
}

/** Whether so many octets at one offset are those at another. Not for secrets. */
export function repeatsAt(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let index = 0; index < length; index += 1) {
    if (bytes[a + index] !== bytes[b + index]) return false
  }
  return true
}

/** Whether two byte strings are the same, in a time that depends on their lengths only. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index += 1) difference |= (a[index] ?? 0) ^ (b[index] ?? 0)
  return difference === 0
}

/** The same of texts, without the cost of writing each out as octets. */
export function equalTextsInConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let at = 0; at < a.length; at += 1) difference |= a.charCodeAt(at) ^ b.charCodeAt(at)
  return difference === 0
}

/** Order by unsigned bytes, shorter first when one is the other's prefix: <0, 0 or >0. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** One byte string after another. */
export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

const encoder = new TextEncoder()

/** UTF-8 octets of a text. Each runtime types what the encoder gives differently; it is a plain buffer in all of them. */
export function toUtf8(text: string): Bytes {
  const octets: Uint8Array = encoder.encode(text)
  return octets as Bytes
}
