/** Bytes over a plain ArrayBuffer: what WebCrypto takes in every runtime. */
export type Bytes = Uint8Array<ArrayBuffer>

const hexOf = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += hexOf[byte] ?? ''
  return text
}

/** What newer runtimes bring themselves (workerd does, Node 24 does not): many times faster than a loop. */
const { fromBase64: nativeFromBase64 } = Uint8Array as {
  readonly fromBase64?: (text: string, options: { lastChunkHandling: 'loose' }) => Bytes
}

/** Bytes of base64 text (RFC 4648 section 4, padding optional), or undefined where it is not base64. */
export function fromBase64(text: string): Bytes | undefined {
  // Checked first: native decoders skip white space, which base64 in a header has none of.
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  try {
    if (nativeFromBase64 !== undefined) {
      return nativeFromBase64.call(Uint8Array, text, { lastChunkHandling: 'loose' })
    }
    return octetsOf(atob(text))
  } catch {
    // Both throw on a length that base64 cannot have; the caller names the field at fault.
    return undefined
  }
}

function octetsOf(binary: string): Bytes {
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index)
  return bytes
}

/** Base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** Base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Bytes of base64url text without padding, or undefined where it is not that. */
export function fromBase64Url(text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'))
}

/** Whether two byte strings are the same. Not for secrets: see `equalInConstantTime`. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false
  return true
}

/** Whether two byte strings are the same, in a time that depends on their lengths only. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index += 1) difference |= (a[index] ?? 0) ^ (b[index] ?? 0)
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

/** UTF-8 octets of a text, over a plain buffer: what the encoder itself gives is typed differently by each runtime. */
export function toUtf8(text: string): Bytes {
  return new Uint8Array(encoder.encode(text))
}
