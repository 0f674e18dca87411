import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { Bytes } from '#shared/bytes.ts'

const generate = promisify(generateKeyPair)

/** Octets of an uncompressed P-256 point: SEC 1 2.3.3. */
const pointLength = 65

/**
 * A device's certificate with another P-256 key in place of its own: names, serial and signature stay
 * what they were. What somebody has who knows a certificate and not its key.
 *
 * @returns the key as PKCS#8 PEM, and the certificate in DER; throws a RangeError where the certificate
 *   has no P-256 key
 */
export async function swapKey(
  leafDer: Bytes,
): Promise<{ readonly keyPem: string; readonly der: Bytes }> {
  const { publicKey, privateKey } = await generate('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  // A SubjectPublicKeyInfo of this kind of key begins with the same octets, whatever its point.
  const head = publicKey.subarray(0, -pointLength)
  const at = Buffer.from(leafDer).indexOf(head)
  if (at < 0) throw new RangeError('expected a certificate over a P-256 key')
  const der = leafDer.slice()
  der.set(publicKey, at)
  return { keyPem: privateKey, der }
}
