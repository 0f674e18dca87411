import { toBase64, type Bytes } from '#shared/bytes.ts'
import { canSign, rsaBitsMin, type PublicKeyKind, type SignatureAlgorithm } from './algorithms.ts'
import { hashOctets, plainRsaSpki, type Hash } from './rsa-pss.ts'
import { isEcdsaSignature, type SignatureVerifier } from './signature.ts'

/** The part of `node:crypto` that verifies: an argument, since this core runs where Node is not. */
export interface NodeCrypto<Key> {
  readonly constants: {
    readonly RSA_PKCS1_PSS_PADDING: number
  }
  /** @param pem a SubjectPublicKeyInfo (RFC 7468 section 13) */
  createPublicKey(pem: string): Key
  verify(
    hash: string | null,
    signed: Bytes,
    key: NoInfer<Key> | ({ key: NoInfer<Key> } & PssOptions),
    signature: Bytes,
  ): boolean
}

interface Imported<Key> {
  readonly key: Key
}

interface PssOptions {
  readonly padding: number
  readonly saltLength: number
}

/**
 * A verifier over `node:crypto`, which answers at once and costs two thirds of what WebCrypto does in
 * Node. It takes and refuses what `createWebCryptoVerifier` does. Keys are kept in the same way, by
 * the very SPKI view they came from.
 *
 * @param crypto the module `node:crypto`
 * @param bitsMin the fewest bits of an RSA key that is taken: fewer than 2048 are for old worlds only
 * @param sha1 whether signatures over SHA-1 are looked at: for old worlds only
 */
export function createNodeVerifier<Key>(
  crypto: NodeCrypto<Key>,
  bitsMin = rsaBitsMin,
  sha1: 'refuse' | 'accept' = 'refuse',
): SignatureVerifier {
  const keys = new WeakMap<Bytes, Imported<Key>>()
  return {
    rsaBitsMin: bitsMin,
    sha1,
    verify({ algorithm, kind, spki, signature, signed }) {
      if (!canSign(kind, algorithm)) return false
      const key = keys.get(spki) ?? importKey(crypto, keys, spki, kind)
      if (key === undefined) return false
      // OpenSSL takes ECDSA signatures that are not DER: what it is given has been read strictly.
      if (kind.family === 'ec' && !isEcdsaSignature(signature, kind.scalarOctets)) return false
      return isSignature(crypto, algorithm, key, signature, signed)
    },
  }
}

/** False, too, where OpenSSL throws at what it was given. */
function isSignature<Key>(
  crypto: NodeCrypto<Key>,
  algorithm: SignatureAlgorithm,
  key: Imported<Key>,
  signature: Bytes,
  signed: Bytes,
): boolean {
  try {
    return crypto.verify(hashOf(algorithm), signed, askedWith(crypto, algorithm, key), signature)
  } catch (error) {
    if (isRefusal(error)) return false
    throw error
  }
}

/** Undefined where OpenSSL refuses the key (a point off the curve, say): it then verifies nothing. */
function importKey<Key>(
  crypto: NodeCrypto<Key>,
  keys: WeakMap<Bytes, Imported<Key>>,
  spki: Bytes,
  kind: PublicKeyKind,
): Imported<Key> | undefined {
  // As for WebCrypto: which padding a key is for has been looked at, and OpenSSL would look again.
  const plain = kind.pssOnly === undefined ? spki : plainRsaSpki(spki)
  if (plain === undefined) return undefined
  const key = createKey(crypto, plain)
  if (key === undefined) return undefined
  const imported = { key }
  keys.set(spki, imported)
  return imported
}

/**
 * A text, and no object of options: of every object Node 24 asks whether it is a KeyObject by
 * catching what is thrown where it is none, with a stack each time. A P-256 key takes 37 us as DER
 * and 20 us so, one of RSA 41 and 13.
 */
function pemOf(spki: Bytes): string {
  const lines = toBase64(spki).replaceAll(/.{1,64}/g, '$&\n')
  return `-----BEGIN PUBLIC KEY-----\n${lines}-----END PUBLIC KEY-----\n`
}

/** Undefined where OpenSSL throws. */
function createKey<Key>(crypto: NodeCrypto<Key>, spki: Bytes): Key | undefined {
  try {
    return crypto.createPublicKey(pemOf(spki))
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

/** Node passes on what OpenSSL says under codes of these beginnings, or with what OpenSSL keeps of it. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('opensslErrorStack' in error) return true
  return 'code' in error && /^ERR_(?:OSSL|CRYPTO)_/.test(String(error.code))
}

function hashOf({ hash }: SignatureAlgorithm): string | null {
  return hash === undefined ? null : hashNames[hash]
}

/** As `node:crypto` names them. */
export const hashNames = {
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
} as const satisfies Record<Hash, string>

/**
 * The key by itself wherever no option is needed: PKCS #1 v1.5 is the padding of RSA keys, and DER
 * the form of ECDSA signatures. With options, and r and s side by side, a P-256 verification in Node
 * 24 took 140 us where this takes 95.
 */
function askedWith<Key>(
  { constants }: NodeCrypto<Key>,
  { padding, hash }: SignatureAlgorithm,
  { key }: Imported<Key>,
): Key | ({ key: Key } & PssOptions) {
  if (padding !== 'PSS') return key
  const saltLength = hashOctets[hash ?? 'SHA-256']
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}
