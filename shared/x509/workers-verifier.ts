import type { Bytes } from '#shared/bytes.ts'
import { canSign, rsaBitsMin, type PublicKeyKind } from './algorithms.ts'
import { hashNames } from './node-verifier.ts'
import { isEcdsaSignature, type SignatureVerifier } from './signature.ts'
import { createWebCryptoVerifier } from './web-crypto-verifier.ts'

/** The part of workerd's `node:crypto` that verifies: an argument, since not every worker has it. */
export interface WorkersCrypto<Key> {
  createPublicKey(key: { readonly key: Bytes; readonly format: 'der'; readonly type: 'spki' }): Key
  verify(hash: string | null, signed: Bytes, key: NoInfer<Key>, signature: Bytes): boolean
}

interface Imported<Key> {
  readonly key: Key
}

/**
 * A verifier over the `node:crypto` of Cloudflare Workers, which answers at once and takes a
 * twentieth to a tenth less than their WebCrypto. It takes and refuses what
 * `createWebCryptoVerifier` does, to which RSASSA-PSS is left: workerd refuses a key beside a
 * padding. Keys are kept in the same way, by the very SPKI view they came from.
 *
 * @param crypto the module `node:crypto`
 * @param bitsMin the fewest bits of an RSA key that is taken: fewer than 2048 are for old worlds only
 * @param sha1 whether signatures over SHA-1 are looked at: for old worlds only
 */
export function createWorkersVerifier<Key>(
  crypto: WorkersCrypto<Key>,
  bitsMin = rsaBitsMin,
  sha1: 'refuse' | 'accept' = 'refuse',
): SignatureVerifier {
  const web = createWebCryptoVerifier(bitsMin, sha1)
  const keys = new WeakMap<Bytes, Imported<Key>>()
  return {
    rsaBitsMin: bitsMin,
    sha1,
    verify(input) {
      const { algorithm, kind, spki, signature, signed } = input
      if (algorithm.padding === 'PSS') return web.verify(input)
      if (!canSign(kind, algorithm) || !isReadable(signature, kind)) return false
      const imported = keys.get(spki) ?? importAndKeep(crypto, keys, spki)
      if (imported === undefined) return false
      const hash = algorithm.hash === undefined ? null : hashNames[algorithm.hash]
      return crypto.verify(hash, signed, imported.key, signature)
    },
  }
}

/** ECDSA signatures are DER, which is read as strictly here as for WebCrypto. */
const isReadable = (signature: Bytes, { family, scalarOctets }: PublicKeyKind): boolean =>
  family !== 'ec' || isEcdsaSignature(signature, scalarOctets)

/** Undefined where BoringSSL refuses the key (a point off the curve, say): it then verifies nothing. */
function importAndKeep<Key>(
  crypto: WorkersCrypto<Key>,
  keys: WeakMap<Bytes, Imported<Key>>,
  spki: Bytes,
): Imported<Key> | undefined {
  try {
    const imported = { key: crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' }) }
    keys.set(spki, imported)
    return imported
  } catch (error) {
    // All that workerd says of it: there is no code, as Node's errors have.
    if (error instanceof Error && error.message === 'Failed to parse public key') return undefined
    throw error
  }
}
