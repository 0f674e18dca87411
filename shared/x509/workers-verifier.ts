import type { Bytes } from '#shared/bytes.ts'
import { rsaBitsMin } from './algorithms.ts'
import type { SignatureVerifier } from './signature.ts'
import { createVerifierAtOnce, hashOf } from './verifier-at-once.ts'
import { createWebCryptoVerifier } from './web-crypto-verifier.ts'

/** The part of workerd's `node:crypto` that verifies: an argument, since not every worker has it. */
export interface WorkersCrypto<Key> {
  createPublicKey(key: { readonly key: Bytes; readonly format: 'der'; readonly type: 'spki' }): Key
  verify(hash: string | null, signed: Bytes, key: NoInfer<Key>, signature: Bytes): boolean
}

/**
 * A verifier over the `node:crypto` of Cloudflare Workers, which answers at once and takes a
 * twentieth to a tenth less than their WebCrypto. It takes and refuses what
 * `createWebCryptoVerifier` does, to which RSASSA-PSS is left: workerd refuses a key beside a
 * padding.
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
  const others = createVerifierAtOnce<Key>(
    {
      importKey: (spki) => importKey(crypto, spki),
      isSignature: (algorithm, key, signature, signed) =>
        crypto.verify(hashOf(algorithm), signed, key, signature),
    },
    bitsMin,
    sha1,
  )
  return {
    ...others,
    verify: (input) => (input.algorithm.padding === 'PSS' ? web : others).verify(input),
  }
}

function importKey<Key>(crypto: WorkersCrypto<Key>, spki: Bytes): Key | undefined {
  try {
    return crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch (error) {
    // All that workerd says of it: there is no code, as Node's errors have.
    if (error instanceof Error && error.message === 'Failed to parse public key') return undefined
    throw error
  }
}
