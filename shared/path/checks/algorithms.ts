import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Bytes } from '#shared/bytes.ts'
import { algorithmInSet, isKeyInSet, type AlgorithmSet } from '#shared/x509/algorithm-sets.ts'
import { publicKeyOf, readPublicKey } from '#shared/x509/algorithms.ts'
import type { Certificate } from '#shared/x509/certificate.ts'

/** RFC 5280 6.1.1 leaves algorithms to the relying party: the certificate's signature is of its set. */
export function checkSignatureAlgorithm(
  { signatureAlgorithm }: Certificate,
  at: PathIndex,
  set: AlgorithmSet,
): Result<void, Rejection> {
  if (algorithmInSet(signatureAlgorithm, set) !== undefined) return ok(undefined)
  return err({
    code: 'algorithm_unsupported',
    at,
    algorithm: signatureAlgorithm,
    set: set.name,
  })
}

/**
 * A key is of the relying party's set: a CA's, which signs what is below it, and the leaf's, by
 * which the device proves itself in the handshake (RFC 8446 4.4.3), where nobody asks again.
 */
export function checkKey(spki: Bytes, at: PathIndex, set: AlgorithmSet): Result<void, Rejection> {
  const key = at === 0 ? readPublicKey(spki) : publicKeyOf(spki)
  if (key !== undefined && isKeyInSet(key, set)) return ok(undefined)
  return err({ code: 'key_unsupported', at, key: spki, set: set.name })
}
