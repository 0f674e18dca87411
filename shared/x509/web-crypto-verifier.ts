import type { Bytes } from '#shared/bytes.ts'
import { after } from '#shared/soon.ts'
import { canSign, rsaBitsMin, type PublicKeyKind, type SignatureAlgorithm } from './algorithms.ts'
import { hashOctets, plainRsaSpki } from './rsa-pss.ts'
import { rawEcdsaSignature, type SignatureVerifier } from './signature.ts'

/** `CryptoKey`, by whatever name a runtime's types know it. */
type WebCryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/**
 * A verifier over WebCrypto, for every runtime. Imported keys are kept by the very SPKI view they
 * came from, so trust anchors and stored intermediates are imported once a snapshot and leave
 * with it. Values only: a promise of one request must never be awaited in another (Workers).
 *
 * @param bitsMin the fewest bits of an RSA key that is taken: fewer than 2048 are for old worlds only
 * @param sha1 whether signatures over SHA-1 are looked at: for old worlds only
 */
export function createWebCryptoVerifier(
  bitsMin = rsaBitsMin,
  sha1: 'refuse' | 'accept' = 'refuse',
): SignatureVerifier {
  const keys = new WeakMap<Bytes, Map<SignatureAlgorithm, WebCryptoKey>>()
  return {
    rsaBitsMin: bitsMin,
    sha1,
    verify({ algorithm, kind, spki, signature, signed }) {
      if (!canSign(kind, algorithm)) return false
      const raw = kind.family === 'ec' ? rawEcdsaSignature(signature, kind.scalarOctets) : signature
      if (raw === undefined) return false
      const key = keys.get(spki)?.get(algorithm) ?? importAndKeep(keys, spki, algorithm, kind)
      return after(key, (imported) =>
        imported === undefined ? false : isSignature(algorithm, imported, raw, signed),
      )
    },
  }
}

/** False, too, where a runtime throws instead: workerd does for an Ed25519 signature of other than 64 octets. */
async function isSignature(
  algorithm: SignatureAlgorithm,
  key: WebCryptoKey,
  signature: Bytes,
  signed: Bytes,
): Promise<boolean> {
  try {
    return await crypto.subtle.verify(verifyParameters(algorithm), key, signature, signed)
  } catch (error) {
    if (error instanceof DOMException) return false
    throw error
  }
}

async function importAndKeep(
  keys: WeakMap<Bytes, Map<SignatureAlgorithm, WebCryptoKey>>,
  spki: Bytes,
  algorithm: SignatureAlgorithm,
  kind: PublicKeyKind,
): Promise<WebCryptoKey | undefined> {
  const key = await importKey(spki, algorithm, kind)
  if (key === undefined) return undefined
  const ofKey = keys.get(spki) ?? new Map<SignatureAlgorithm, WebCryptoKey>()
  ofKey.set(algorithm, key)
  keys.set(spki, ofKey)
  return key
}

/** Undefined where WebCrypto refuses the key (a point off the curve, say): it then verifies nothing. */
async function importKey(
  spki: Bytes,
  algorithm: SignatureAlgorithm,
  kind: PublicKeyKind,
): Promise<WebCryptoKey | undefined> {
  const parameters = importParameters(algorithm, kind)
  // WebCrypto knows RSA keys under the one name rsaEncryption; the key inside is the same.
  const plain = kind.pssOnly === undefined ? spki : plainRsaSpki(spki)
  if (plain === undefined) return undefined
  try {
    return await crypto.subtle.importKey('spki', plain, parameters, false, ['verify'])
  } catch (error) {
    if (error instanceof DOMException) return undefined
    throw error
  }
}

function importParameters(
  algorithm: SignatureAlgorithm,
  kind: PublicKeyKind,
): { name: string; namedCurve?: string; hash?: string } {
  if (kind.family === 'ed25519') return { name: 'Ed25519' }
  if (kind.curve !== undefined) return { name: 'ECDSA', namedCurve: kind.curve }
  const name = algorithm.padding === 'PSS' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5'
  return { name, hash: algorithm.hash ?? 'SHA-256' }
}

function verifyParameters(algorithm: SignatureAlgorithm): {
  name: string
  hash?: string
  saltLength?: number
} {
  if (algorithm.family === 'ed25519') return { name: 'Ed25519' }
  if (algorithm.padding === 'PSS') {
    return { name: 'RSA-PSS', saltLength: hashOctets[algorithm.hash ?? 'SHA-256'] }
  }
  if (algorithm.family === 'rsa') return { name: 'RSASSA-PKCS1-v1_5' }
  return { name: 'ECDSA', hash: algorithm.hash ?? 'SHA-256' }
}
