import { equalBytes, fromBase64, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { WireFault } from './fault.ts'

const sha256Octets = 32

/**
 * The 32 octets of a SHA-256 fingerprint in any platform's spelling: hexadecimal of either case
 * (Envoy, CloudFront, Caddy, Cloudflare), base64 (Google Cloud) or base64url (CloudFront's events),
 * padded or not. Their lengths differ, so no text can be read in two ways.
 */
export function readSha256(text: string): Result<Bytes, WireFault> {
  const octets = text.length === 2 * sha256Octets ? fromHex(text) : fromAnyBase64(text)
  if (octets?.length === sha256Octets) return ok(octets)
  return err({ at: 0, expected: 'a SHA-256 fingerprint' })
}

/** Whether a fingerprint of `readSha256` is that of a certificate's DER. */
export async function isSha256Of(fingerprint: Bytes, der: Bytes): Promise<boolean> {
  return equalBytes(fingerprint, new Uint8Array(await crypto.subtle.digest('SHA-256', der)))
}

function fromHex(text: string): Bytes | undefined {
  if (!/^[0-9A-Fa-f]*$/.test(text)) return undefined
  const octet = (_: unknown, at: number): number =>
    Number.parseInt(text.slice(2 * at, 2 * at + 2), 16)
  return Uint8Array.from({ length: sha256Octets }, octet)
}

/** 43 characters without padding, 44 with it. */
function fromAnyBase64(text: string): Bytes | undefined {
  if (text.length !== 43 && text.length !== 44) return undefined
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'))
}
