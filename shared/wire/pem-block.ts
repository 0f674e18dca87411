import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { WireFault } from './fault.ts'
import { decodeUsualBody, readUsualBlock } from './usual-pem.ts'

/** The labels of RFC 7468 sections 5 to 7 that this core reads. */
export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'X509 CRL'

export interface PemBlock {
  readonly der: Bytes
  /** Offset of what follows the block and its line end. */
  readonly next: number
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const padding = 0x3d
const notBase64 = 0xff

/** Six-bit values by character code; everything outside the alphabet is `notBase64`. */
const sextets = new Uint8Array(128).fill(notBase64)
for (let value = 0; value < 64; value += 1) sextets[alphabet.charCodeAt(value)] = value

export const beginFence = (label: PemLabel): string => `-----BEGIN ${label}-----`
export const endFence = (label: PemLabel): string => `-----END ${label}-----`

/**
 * One textual encoding that starts exactly at `at` (RFC 7468 section 3, `stricttextualmsg`, but
 * for the width of its lines, which tools disagree about): no headers, no blank lines, no spaces,
 * canonical padding. Lines end in LF, CRLF or CR.
 *
 * @returns the DER and the offset behind the block, or the first fault
 */
export function readPemBlock(
  text: string,
  at: number,
  label: PemLabel,
): Result<PemBlock, WireFault> {
  const begin = beginFence(label)
  const usual = readUsualBlock(text, at, {
    begin: `${begin}\n`,
    end: `${endFence(label)}\n`,
    decode: decodePlainBody,
  })
  if (usual !== undefined) return ok(usual)
  if (!text.startsWith(begin, at)) return err({ at, expected: begin })
  const body = afterLineEnd(text, at + begin.length)
  if (body === undefined) {
    return err({ at: at + begin.length, expected: `a line end after ${begin}` })
  }
  return readBodyAndEnd(text, body, label)
}

const decodePlainBody = (body: string): Bytes | undefined => decodeUsualBody(body, '\n')

function readBodyAndEnd(text: string, body: number, label: PemLabel): Result<PemBlock, WireFault> {
  const end = endFence(label)
  const fence = text.indexOf('-----', body)
  if (fence < 0) return err({ at: text.length, expected: end })
  if (!text.startsWith(end, fence)) return err({ at: fence, expected: end })
  const der = decodeBody(text, body, fence)
  if (!der.ok) return der
  const afterFence = fence + end.length
  const next = afterFence === text.length ? afterFence : afterLineEnd(text, afterFence)
  if (next === undefined) return err({ at: afterFence, expected: `a line end after ${end}` })
  return ok({ der: der.value, next })
}

/** The offset behind the line end at `at`, or undefined where no line ends. */
function afterLineEnd(text: string, at: number): number | undefined {
  const code = text.charCodeAt(at)
  if (code === lineFeed) return at + 1
  if (code !== carriageReturn) return undefined
  return text.charCodeAt(at + 1) === lineFeed ? at + 2 : at + 1
}

/** Base64 lines of `text` from `from` to the fence at `to`. One pass, for lists of 50 MB. */
function decodeBody(text: string, from: number, to: number): Result<Bytes, WireFault> {
  const values = new Uint8Array(to - from)
  let count = 0
  let pads = 0
  let previous = lineFeed
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at)
    const value = sextets[code] ?? notBase64
    if (value !== notBase64 && pads === 0) values[count++] = value
    else if (code === padding) pads += 1
    else if (!endsLine(code, previous)) return err({ at, expected: expectedAfter(pads) })
    previous = code
  }
  if (!isLineEnd(previous)) return err({ at: to, expected: 'a line end before the closing fence' })
  const der = packSextets(values.subarray(0, count), pads)
  return der === undefined
    ? err({ at: to, expected: 'base64 that ends with whole octets' })
    : ok(der)
}

const isLineEnd = (code: number): boolean => code === lineFeed || code === carriageReturn

/** Whether `code` ends a line that holds something, or is the LF of a CRLF. */
function endsLine(code: number, previous: number): boolean {
  if (code === lineFeed && previous === carriageReturn) return true
  return isLineEnd(code) && !isLineEnd(previous)
}

const expectedAfter = (pads: number): string =>
  pads === 0 ? 'a base64 character' : 'nothing after the padding'

/**
 * Six-bit values as octets; undefined when they are not whole octets, when the padding is not what
 * their number asks for, or when its bits are not zero (RFC 4648 3.5: one text for one value).
 */
function packSextets(values: Bytes, pads: number): Bytes | undefined {
  const remainder = values.length % 4
  if (values.length === 0 || remainder === 1 || pads !== (4 - remainder) % 4) return undefined
  const octets = new Uint8Array(Math.floor((values.length * 3) / 4))
  let held = 0
  let bits = 0
  let length = 0
  for (const value of values) {
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    octets[length++] = held >> bits
  }
  return (held & ((1 << bits) - 1)) === 0 ? octets : undefined
}
