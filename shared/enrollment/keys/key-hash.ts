import { toHex, type Bytes } from '#shared/bytes.ts'

/** SHA-256 of octets; a runtime may bring one that answers at once. */
export type Sha256 = (octets: Bytes) => Uint8Array | Promise<Uint8Array>

async function webCryptoSha256(octets: Bytes): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', octets))
}

/**
 * A key's name in registries, deny-lists and batches: the SHA-256 of its SubjectPublicKeyInfo in
 * lower-case hexadecimal.
 *
 * @param sha256 WebCrypto's by default, which in Node costs as much as verifying a signature
 */
export async function keySha256Of(
  { spki }: { readonly spki: Bytes },
  sha256: Sha256 = webCryptoSha256,
): Promise<string> {
  const digest = sha256(spki)
  return toHex(digest instanceof Uint8Array ? digest : await digest)
}
