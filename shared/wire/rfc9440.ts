import { fromBase64, toBase64, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { rememberByText } from '#shared/text-memo.ts'
import type { WireFault } from './fault.ts'
import { skipParameters } from './sf-parameters.ts'
import { headerMemoBounds, type ChainLimits } from './url-pem.ts'

/**
 * Bounds of `Client-Cert` and `Client-Cert-Chain`. RFC 9440 section 4 asks for bounds and names
 * none; Cloudflare leaves a chain of more than 16 KiB away, and Google Cloud leaf and chain of more
 * than 16 KB. Certificates: as for other chains.
 */
export const rfc9440Limits: ChainLimits = { lengthMax: 16 * 1024, certificatesMax: 10 }

/**
 * `Client-Cert` (RFC 9440 2.2): one Structured Fields byte sequence, `:base64:`. Spaces around it
 * are allowed (RFC 9651 4.2); parameters have no meaning here and are passed over.
 */
export function readClientCert(
  text: string,
  limits: ChainLimits = rfc9440Limits,
): Result<Bytes, WireFault> {
  const too = tooLong(text, limits)
  if (too !== undefined) return err(too)
  const start = skip(text, 0, ' ')
  const item = readByteSequence(text, start)
  if (!item.ok) return item
  const end = skip(text, item.value.next, ' ')
  return end === text.length ? ok(item.value.der) : err({ at: end, expected: 'one byte sequence' })
}

/**
 * `Client-Cert-Chain` (RFC 9440 2.3): a Structured Fields list of byte sequences, possibly over
 * several header lines joined by commas, without the leaf, in the order of TLS. The empty text is
 * the empty list, as in RFC 9651 4.2.
 */
export function readClientCertChain(
  text: string,
  limits: ChainLimits = rfc9440Limits,
): Result<Bytes[], WireFault> {
  const too = tooLong(text, limits)
  if (too !== undefined) return err(too)
  const start = skip(text, 0, ' ')
  return start === text.length ? ok([]) : readMembers(text, start, limits.certificatesMax)
}

/** RFC 9651 4.2.1: members, each but the last followed by optional white space around a comma. */
function readMembers(
  text: string,
  start: number,
  certificatesMax: number,
): Result<Bytes[], WireFault> {
  const ders: Bytes[] = []
  let at = start
  for (;;) {
    if (ders.length === certificatesMax) {
      return err({ at, expected: `at most ${certificatesMax} certificates` })
    }
    const item = readByteSequence(text, at)
    if (!item.ok) return item
    ders.push(item.value.der)
    if (skip(text, item.value.next, ' ') === text.length) return ok(ders)
    const comma = skip(text, item.value.next, ' \t')
    if (text[comma] !== ',') return err({ at: comma, expected: 'a comma between byte sequences' })
    at = skip(text, comma + 1, ' \t')
  }
}

/** RFC 9651 4.2.7. An empty sequence holds no certificate and is refused. */
function readByteSequence(
  text: string,
  at: number,
): Result<{ der: Bytes; next: number }, WireFault> {
  const close = text.indexOf(':', at + 1)
  if (text[at] !== ':' || close < 0) return err({ at, expected: 'a byte sequence between colons' })
  const der = decodeItem(text.slice(at + 1, close))
  if (der === undefined) {
    return err({ at: at + 1, expected: 'base64 of a certificate' })
  }
  return ok({ der, next: skipParameters(text, close + 1) })
}

/** The octets of one text are the same ones each time: nobody writes to them. */
const decodeItem = rememberByText((base64) => {
  const der = fromBase64(base64)
  return der === undefined || der.length === 0 ? undefined : der
}, headerMemoBounds)

function skip(text: string, from: number, characters: string): number {
  let at = from
  while (at < text.length && characters.includes(text.charAt(at))) at += 1
  return at
}

function tooLong(text: string, { lengthMax }: ChainLimits): WireFault | undefined {
  if (text.length <= lengthMax) return undefined
  return { at: lengthMax, expected: `at most ${lengthMax} characters` }
}

/** The value of `Client-Cert` for a leaf. */
export function writeClientCert(leaf: Uint8Array): string {
  return `:${toBase64(leaf)}:`
}

/** The value of `Client-Cert-Chain` for the certificates behind the leaf; empty for none. */
export function writeClientCertChain(intermediates: readonly Uint8Array[]): string {
  return intermediates.map(writeClientCert).join(', ')
}
