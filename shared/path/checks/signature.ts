import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import { algorithmText, publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Budget } from '../budget.ts'

/** RFC 5280 6.1.3 (a)(1): the certificate was signed with its issuer's key. Costs one signature. */
export async function checkSignature(
  certificate: Certificate,
  at: PathIndex,
  issuerSpki: Bytes,
  verifier: SignatureVerifier,
  budget: Budget,
): Promise<Result<void, Rejection>> {
  const algorithm = signatureAlgorithmOf(certificate.signatureAlgorithm)
  if (algorithm === undefined) {
    return err({
      code: 'algorithm_unsupported',
      at,
      algorithm: algorithmText(certificate.signatureAlgorithm),
    })
  }
  const kind = publicKeyKindOf(issuerSpki, verifier.rsaBitsMin)
  if (kind === undefined)
    return err({ code: 'key_unsupported', at: at + 1, key: algorithmText(issuerSpki) })
  if (budget.signatures === 0) return err({ code: 'budget_exhausted', budget: 'signatures' })
  budget.signatures -= 1
  const { signature, tbs: signed } = certificate
  const isRight = await verifier.verify({ algorithm, kind, spki: issuerSpki, signature, signed })
  return isRight ? ok(undefined) : err({ code: 'signature_invalid', at })
}
