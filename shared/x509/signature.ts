import type { Bytes } from '#shared/bytes.ts'
import { parseDer, tag, type DerReader } from '#shared/der/reader.ts'
import type { PublicKeyKind, SignatureAlgorithm } from './algorithms.ts'

/** Who verifies signatures: WebCrypto by default; a runtime may bring a faster one. */
export interface SignatureVerifier {
  /** RSA keys of fewer bits verify nothing; without it `rsaBitsMin` of algorithms.ts. */
  readonly rsaBitsMin?: number
  /** Whether signatures over SHA-1 are looked at: in tests of old worlds alone. */
  readonly sha1?: 'refuse' | 'accept'
  /**
   * Whether `signature` over `signed` was made with the key of `spki`. Never throws for bad input:
   * a key or signature that cannot be read verifies nothing. It may answer at once, where the runtime
   * verifies without a promise, or where the answer is known.
   */
  verify(input: {
    readonly algorithm: SignatureAlgorithm
    readonly kind: PublicKeyKind
    readonly spki: Bytes
    /** As X.509 has it; for ECDSA a DER SEQUENCE of r and s. */
    readonly signature: Bytes
    readonly signed: Bytes
    /** A leaf's: remembering it is in vain, since the path it ends is remembered whole. */
    readonly comesOnce?: boolean
  }): boolean | Promise<boolean>
}

/**
 * r and s of a DER ECDSA signature (RFC 3279 2.2.3) side by side, as WebCrypto takes them; or
 * undefined where it is not one. WebCrypto answers false, silently, to a DER signature.
 */
export function rawEcdsaSignature(der: Bytes, scalarOctets: number): Bytes | undefined {
  const parsed = parseDer(der, (reader) => {
    const raw = new Uint8Array(2 * scalarOctets)
    const outer = reader.open(tag.sequence, 'Ecdsa-Sig-Value')
    copyScalar(reader, passScalar(reader, 'r', scalarOctets), raw, scalarOctets)
    copyScalar(reader, passScalar(reader, 's', scalarOctets), raw, 2 * scalarOctets)
    reader.close(outer)
    return raw
  })
  return parsed.ok ? parsed.value : undefined
}

/** Whether a DER ECDSA signature is one, for those who take it as it is. */
export function isEcdsaSignature(der: Bytes, scalarOctets: number): boolean {
  return parseDer(der, (reader) => {
    const outer = reader.open(tag.sequence, 'Ecdsa-Sig-Value')
    passScalar(reader, 'r', scalarOctets)
    passScalar(reader, 's', scalarOctets)
    reader.close(outer)
  }).ok
}

/**
 * Passes over a positive INTEGER of at most so many octets without its sign octet.
 *
 * @returns where its magnitude starts; it ends at `at`
 */
function passScalar(reader: DerReader, name: string, scalarOctets: number): number {
  const content = reader.passInteger(name)
  const sign = reader.octet(content)
  const start = sign === 0 ? content + 1 : content
  if (sign >= 0x80 || reader.at - start > scalarOctets) {
    reader.fail(`${name} within its curve's order`, content)
  }
  return start
}

/** Copies what the reader has passed over since `start` to a place of `raw` that ends at `end`. */
function copyScalar(reader: DerReader, start: number, raw: Bytes, end: number): void {
  const length = reader.at - start
  for (let at = 0; at < length; at += 1) raw[end - length + at] = reader.octet(start + at)
}
