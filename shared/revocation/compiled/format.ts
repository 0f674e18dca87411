import { toUtf8, type Bytes } from '#shared/bytes.ts'
import type { Soon } from '#shared/soon.ts'
import { serialHash } from '../serial-hash.ts'

/**
 * A manifest's file: these eight octets, the last of which is the version, then 64 octets of an
 * Ed25519 signature (RFC 8032) over them and what follows, then the manifest in DER. Shards are
 * known by their digests in it, and have no mark of their own.
 */
export const manifestMagic: Bytes = toUtf8('sallyCL\u0001')

export const signatureOctets = 64

/** AlgorithmIdentifier of Ed25519 (RFC 8410 section 3). */
export const ed25519Identifier: Bytes = Uint8Array.of(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70)

/** The 32 octets of SHA-256 over some others (FIPS 180-4): by WebCrypto, or as a runtime does it. */
export type Sha256 = (octets: Bytes) => Soon<Bytes>

/** `Sha256` by WebCrypto. */
export async function sha256(octets: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', octets))
}

/** Which of so many shards a serial is in, whoever issued it. */
export function shardOf(serial: Bytes, count: number): number {
  return serialHash(serial, 0, serial.length) % count
}
