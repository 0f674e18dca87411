import type { Bytes } from '#shared/bytes.ts'
import { canSign, type PublicKeyKind, type SignatureAlgorithm } from './algorithms.ts'
import type { Hash } from './rsa-pss.ts'
import { isEcdsaSignature, type SignatureVerifier } from './signature.ts'

/** What a runtime's own `node:crypto` does of a verification, whose names for things differ. */
interface KeysAtOnce<Key> {
  /** Undefined where the key is none (a point off the curve, say): it then verifies nothing. */
  readonly importKey: (spki: Bytes, kind: PublicKeyKind) => Key | undefined
  readonly isSignature: (
    algorithm: SignatureAlgorithm,
    key: Key,
    signature: Bytes,
    signed: Bytes,
  ) => boolean
}

interface Imported<Key> {
  readonly key: Key
}

/**
 * A verifier that answers at once. Keys are kept by the very SPKI view they came from, so trust
 * anchors and stored intermediates are imported once a snapshot and leave with it.
 *
 * @param bitsMin the fewest bits of an RSA key that is taken
 * @param sha1 whether signatures over SHA-1 are looked at
 */
export function createVerifierAtOnce<Key>(
  { importKey, isSignature }: KeysAtOnce<Key>,
  bitsMin: number,
  sha1: 'refuse' | 'accept',
): SignatureVerifier {
  const keys = new WeakMap<Bytes, Imported<Key>>()
  const importAndKeep = (spki: Bytes, kind: PublicKeyKind): Imported<Key> | undefined => {
    const key = importKey(spki, kind)
    if (key === undefined) return undefined
    const imported = { key }
    keys.set(spki, imported)
    return imported
  }
  return {
    rsaBitsMin: bitsMin,
    sha1,
    verify({ algorithm, kind, spki, signature, signed }) {
      if (!canSign(kind, algorithm)) return false
      const imported = keys.get(spki) ?? importAndKeep(spki, kind)
      if (imported === undefined) return false
      // OpenSSL takes ECDSA signatures that are not DER: what it is given has been read strictly.
      if (kind.family === 'ec' && !isEcdsaSignature(signature, kind.scalarOctets)) return false
      return isSignature(algorithm, imported.key, signature, signed)
    },
  }
}

/** As `node:crypto` names it; null for an algorithm that has its hash in itself. */
export function hashOf({ hash }: SignatureAlgorithm): string | null {
  return hash === undefined ? null : hashNames[hash]
}

const hashNames = {
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
} as const satisfies Record<Hash, string>
