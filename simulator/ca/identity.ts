import {
  createECDH,
  createHash,
  createHmac,
  createSecretKey,
  sign,
  webcrypto,
  type KeyObject,
} from 'node:crypto'
import type { Bytes } from '#shared/bytes.ts'
import { bitString, integer, objectIdentifier, octetString, sequence, tagged } from './der.ts'
import { keyAlgorithm, type Ca, type MakeCaKeys } from './hierarchy.ts'
import { serialText } from './identifiers.ts'
import { ecdsaWithSha256, type KeyAndLeaf, type LeafFields } from './leaf.ts'
import { toPem } from './pem.ts'
import { createLeafTemplates } from './template.ts'

/*
 * Identities that nobody has to store: every private key of a simulated world is derived from its
 * seed, so whoever knows seed, device and number makes key and certificate again. Such keys are as
 * secret as the seed, which stands in a file: they are good for simulated worlds and nothing else.
 */

/** A P-256 key pair by its numbers. */
export interface DerivedKey {
  /** The private scalar, 32 octets, from 1 to the order of the curve less one. */
  readonly scalar: Bytes
  /** The public point, uncompressed: 65 octets (SEC 1, 2.3.3). */
  readonly point: Bytes
}

/** Makes the leaf of a certificate's fields: key, certificate, signature. */
export type MakeLeaf = (issuer: Ca, fields: LeafFields) => KeyAndLeaf

/**
 * The key of `seed` for one purpose, such as `deriveKey(42, 'leaf', serial)`: HKDF-SHA-256 (RFC 5869)
 * of the seed, with the scope as `info`. The same arguments give the same key on every machine.
 */
export function deriveKey(seed: number, ...scope: readonly string[]): DerivedKey {
  const scalar = deriveScalar(seed, scope)
  curve.setPrivateKey(scalar)
  return { scalar, point: new Uint8Array(curve.getPublicKey()) }
}

/** One for all: its key is set before each use, and the next use is after the one before. */
const curve = createECDH('prime256v1')

/** An octet string below the order, which one in four thousand million is not: then the next is taken. */
function deriveScalar(seed: number, scope: readonly string[]): Bytes {
  for (let attempt = 0; ; attempt += 1) {
    const scalar = expand(pseudorandomKeyOf(seed), JSON.stringify([...scope, attempt]))
    if (isScalar(scalar)) return scalar
  }
}

/** HKDF-Expand (RFC 5869 2.3) to the 32 octets of a single round. */
function expand(key: KeyObject, info: string): Bytes {
  const round = createHmac('sha256', key).update(info).update(firstRound).digest()
  return new Uint8Array(round)
}

const firstRound = Uint8Array.of(1)

/** The last world's: a run has one seed, and asks for it a million times. */
let kept: { readonly seed: number; readonly key: KeyObject } | undefined

/** HKDF-Extract (RFC 5869 2.2), the same for all keys of a world. */
function pseudorandomKeyOf(seed: number): KeyObject {
  if (kept?.seed !== seed) {
    const secret = createHash('sha256').update(`seed ${seed}`).digest()
    const key = createSecretKey(createHmac('sha256', salt).update(secret).digest())
    kept = { seed, key }
  }
  return kept.key
}

const salt = 'sallyport simulated world, P-256'

/** FIPS 186-5, curve P-256: the order of the base point. */
const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')

function isScalar(octets: Uint8Array): boolean {
  return Buffer.compare(octets, order) < 0 && octets.some((octet) => octet !== 0)
}

const p256 = sequence(
  objectIdentifier('1.2.840.10045.2.1'),
  objectIdentifier('1.2.840.10045.3.1.7'),
)

/** RFC 5958 around RFC 5915: the private key with its public point, as every TLS stack reads it. */
export function toPkcs8({ scalar, point }: DerivedKey): Bytes {
  const privateKey = sequence(
    integer(Uint8Array.of(1)),
    octetString(scalar),
    tagged(1, bitString(point)),
  )
  return sequence(integer(Uint8Array.of(0)), p256, octetString(privateKey))
}

/**
 * Leaves whose keys are derived from the seed and the serial, their octets written into a template:
 * 0 bytes to store for each. Two leaves of the same fields differ in their signature's octets only,
 * since OpenSSL draws a number of its own for every ECDSA signature.
 *
 * @param scope keeps worlds apart that imitate each other's serials, such as a forger's
 */
export function derivedLeaves(seed: number, scope: string): MakeLeaf {
  const templates = createLeafTemplates()
  return (issuer, fields) => {
    const key = deriveKey(seed, scope, serialText(fields.serial))
    const tbs = templates.toBeSigned(issuer, fields, key.point)
    const signature = sign('sha256', tbs, issuer.key)
    return {
      get keyPem() {
        return toPem('PRIVATE KEY', toPkcs8(key))
      },
      der: sequence(tbs, ecdsaWithSha256, bitString(signature)),
    }
  }
}

/** Key pairs of authorities, derived from the seed and their names, for WebCrypto. */
export function derivedCaKeys(seed: number, scope: string): MakeCaKeys {
  return async (name) => {
    const key = deriveKey(seed, scope, name)
    const { subtle } = webcrypto
    return {
      privateKey: await subtle.importKey('pkcs8', toPkcs8(key), keyAlgorithm, true, ['sign']),
      publicKey: await subtle.importKey('raw', key.point, keyAlgorithm, true, ['verify']),
    }
  }
}
