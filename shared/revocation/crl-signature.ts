import type { Bytes } from '#shared/bytes.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Crl } from './crl.ts'

/** RFC 5280 6.3.3 (g): whether a CRL was signed with the key of a SubjectPublicKeyInfo. */
export async function isCrlSignedBy(
  crl: Crl,
  spki: Bytes,
  verifier: SignatureVerifier,
): Promise<boolean> {
  const algorithm = signatureAlgorithmOf(crl.signatureAlgorithm)
  const kind = publicKeyKindOf(spki, verifier.rsaBitsMin)
  if (algorithm === undefined || kind === undefined) return false
  return verifier.verify({ algorithm, kind, spki, signature: crl.signature, signed: crl.tbs })
}
