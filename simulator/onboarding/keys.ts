import { createPrivateKey, sign, type KeyObject } from 'node:crypto'
import { bitString, objectIdentifier, sequence } from '../ca/der.ts'
import { deriveKey, toPkcs8 } from '../ca/identity.ts'
import { toPem } from '../ca/pem.ts'
import { signatureAlgorithms, type CorpusKeys } from '../commands/onboard/corpus/keys.ts'

/** A P-256 key of the rehearsed world, which signs requests, certificates and tokens. */
export interface WorldKeys extends CorpusKeys {
  readonly private: KeyObject
  /** PKCS#8. */
  readonly pem: string
}

/** RFC 5480 2.1.1: the AlgorithmIdentifier of a P-256 key. */
const p256 = sequence(
  objectIdentifier('1.2.840.10045.2.1'),
  objectIdentifier('1.2.840.10045.3.1.7'),
)

/** The key of `seed` for this scope, such as `('device', 'dev-000007', '2')`: the same on every machine. */
export function worldKeys(seed: number, ...scope: readonly string[]): WorldKeys {
  const derived = deriveKey(seed, 'onboarding', ...scope)
  const pkcs8 = toPkcs8(derived)
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  return {
    private: key,
    spki: sequence(p256, bitString(derived.point)),
    algorithm: signatureAlgorithms.ecdsaSha256,
    sign: (signed) => new Uint8Array(sign('sha256', signed, key)),
    get pem() {
      return toPem('PRIVATE KEY', pkcs8)
    },
  }
}
