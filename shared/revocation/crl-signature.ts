import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { ShardedCrl } from './compiled/load.ts'
import type { Crl } from './crl.ts'

/** A list that a trust store holds, in either form. */
export type RevocationList = Crl | ShardedCrl

/**
 * RFC 5280 6.3.3 (g): whether a list was signed with the key of a SubjectPublicKeyInfo. Of a
 * compiled one its compiler has verified that, and says with its own signature whose key it was.
 */
export async function isCrlSignedBy(
  crl: RevocationList,
  spki: Bytes,
  verifier: SignatureVerifier,
): Promise<boolean> {
  if ('signerSpki' in crl) return equalBytes(crl.signerSpki, spki)
  const algorithm = signatureAlgorithmOf(crl.signatureAlgorithm)
  const kind = publicKeyKindOf(spki, verifier.rsaBitsMin)
  if (algorithm === undefined || kind === undefined) return false
  return verifier.verify({ algorithm, kind, spki, signature: crl.signature, signed: crl.tbs })
}
