import { toBase64, type Bytes } from '#shared/bytes.ts'
import { rsaBitsMin, type PublicKeyKind, type SignatureAlgorithm } from './algorithms.ts'
import { hashOctets, plainRsaSpki } from './rsa-pss.ts'
import type { SignatureVerifier } from './signature.ts'
import { createVerifierAtOnce, hashOf } from './verifier-at-once.ts'

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

interface PssOptions {
  readonly padding: number
  readonly saltLength: number
}

/**
 * A verifier over `node:crypto`, which answers at once and costs two thirds of what WebCrypto does in
 * Node. It takes and refuses what `createWebCryptoVerifier` does.
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
  return createVerifierAtOnce<Key>(
    {
      importKey: (spki, kind) => importKey(crypto, spki, kind),
      isSignature: (algorithm, key, signature, signed) =>
        isSignature(crypto, algorithm, key, signature, signed),
    },
    bitsMin,
    sha1,
  )
}

/** False, too, where OpenSSL throws at what it was given. */
function isSignature<Key>(
  crypto: NodeCrypto<Key>,
  algorithm: SignatureAlgorithm,
  key: Key,
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

function importKey<Key>(
  crypto: NodeCrypto<Key>,
  spki: Bytes,
  { pssOnly }: PublicKeyKind,
): Key | undefined {
  // As for WebCrypto: which padding a key is for has been looked at, and OpenSSL would look again.
  const plain = pssOnly === undefined ? spki : plainRsaSpki(spki)
  return plain && createKey(crypto, plain)
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

/**
 * The key by itself wherever no option is needed: PKCS #1 v1.5 is the padding of RSA keys, and DER
 * the form of ECDSA signatures. With options, and r and s side by side, a P-256 verification in Node
 * 24 took 140 us where this takes 95.
 */
function askedWith<Key>(
  { constants }: NodeCrypto<Key>,
  { padding, hash }: SignatureAlgorithm,
  key: Key,
): Key | ({ key: Key } & PssOptions) {
  if (padding !== 'PSS') return key
  const saltLength = hashOctets[hash ?? 'SHA-256']
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}
