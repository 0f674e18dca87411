import type { Bytes } from '#shared/bytes.ts'
import { explicit, integer, nul, octets, oid, sequence } from './der/writer.ts'

/** A key pair that signs as X.509 wants it. */
export interface Keys {
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Bytes
  /** DER of the AlgorithmIdentifier of its signatures. */
  readonly algorithm: Bytes
  readonly sign: (signed: Bytes) => Promise<Bytes>
}

interface Kind {
  readonly generate: { readonly name: string } & Readonly<Record<string, unknown>>
  readonly sign: { readonly name: string; readonly hash?: string; readonly saltLength?: number }
  readonly algorithm: Bytes
}

const rsa = (hash: string, name = 'RSASSA-PKCS1-v1_5'): Kind['generate'] => ({
  name,
  hash,
  modulusLength: 2048,
  publicExponent: octets(1, 0, 1),
})

/** RFC 4055 3.1: RSASSA-PSS with one hash, by its last arc under 2.16.840.1.101.3.4.2, and a salt. */
export function pssIdentifier(hashArc: number, salt: number): Bytes {
  const hash = sequence(oid(`2.16.840.1.101.3.4.2.${hashArc}`), nul)
  const mgf1 = sequence(oid('1.2.840.113549.1.1.8'), hash)
  const parameters = sequence(explicit(0, hash), explicit(1, mgf1), explicit(2, integer(salt)))
  return sequence(oid('1.2.840.113549.1.1.10'), parameters)
}

/** By the name of the key's kind: what is signed with it by default (RFC 5758, 4055, 8410). */
const kinds = {
  'P-256': {
    generate: { name: 'ECDSA', namedCurve: 'P-256' },
    sign: { name: 'ECDSA', hash: 'SHA-256' },
    algorithm: sequence(oid('1.2.840.10045.4.3.2')),
  },
  'P-384': {
    generate: { name: 'ECDSA', namedCurve: 'P-384' },
    sign: { name: 'ECDSA', hash: 'SHA-384' },
    algorithm: sequence(oid('1.2.840.10045.4.3.3')),
  },
  'P-384 with SHA-256': {
    generate: { name: 'ECDSA', namedCurve: 'P-384' },
    sign: { name: 'ECDSA', hash: 'SHA-256' },
    algorithm: sequence(oid('1.2.840.10045.4.3.2')),
  },
  'P-521': {
    generate: { name: 'ECDSA', namedCurve: 'P-521' },
    sign: { name: 'ECDSA', hash: 'SHA-512' },
    algorithm: sequence(oid('1.2.840.10045.4.3.4')),
  },
  RSA: {
    generate: rsa('SHA-256'),
    sign: { name: 'RSASSA-PKCS1-v1_5' },
    algorithm: sequence(oid('1.2.840.113549.1.1.11'), nul),
  },
  'RSA, parameters left out': {
    generate: rsa('SHA-256'),
    sign: { name: 'RSASSA-PKCS1-v1_5' },
    algorithm: sequence(oid('1.2.840.113549.1.1.11')),
  },
  'RSA with SHA-512': {
    generate: rsa('SHA-512'),
    sign: { name: 'RSASSA-PKCS1-v1_5' },
    algorithm: sequence(oid('1.2.840.113549.1.1.13'), nul),
  },
  'RSA-PSS with SHA-256': {
    generate: rsa('SHA-256', 'RSA-PSS'),
    sign: { name: 'RSA-PSS', saltLength: 32 },
    algorithm: pssIdentifier(1, 32),
  },
  'RSA-PSS with SHA-384': {
    generate: rsa('SHA-384', 'RSA-PSS'),
    sign: { name: 'RSA-PSS', saltLength: 48 },
    algorithm: pssIdentifier(2, 48),
  },
  'RSA-PSS with SHA-512': {
    generate: rsa('SHA-512', 'RSA-PSS'),
    sign: { name: 'RSA-PSS', saltLength: 64 },
    algorithm: pssIdentifier(3, 64),
  },
  Ed25519: {
    generate: { name: 'Ed25519' },
    sign: { name: 'Ed25519' },
    algorithm: sequence(oid('1.3.101.112')),
  },
} as const satisfies Readonly<Record<string, Kind>>

export type KeyName = keyof typeof kinds
export const keyNames = Object.keys(kinds) as readonly KeyName[]

/** New keys of one kind. */
export async function newKeys(kindName: KeyName = 'P-256'): Promise<Keys> {
  const { generate, sign, algorithm }: Kind = kinds[kindName]
  const made = await crypto.subtle.generateKey(generate, true, ['sign', 'verify'])
  if (!('privateKey' in made)) throw new Error(`${kindName} makes no pair`)
  const { publicKey, privateKey } = made
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))
  return {
    spki,
    algorithm,
    sign: async (signed) => {
      const raw = new Uint8Array(await crypto.subtle.sign(sign, privateKey, signed))
      return generate.name === 'ECDSA' ? ecdsaSignature(raw) : raw
    },
  }
}

const kept = new Map<KeyName, Keys>()

/** Keys of one kind, the same ones at every asking: to make an RSA key takes a tenth of a second. */
export async function sameKeys(kindName: KeyName): Promise<Keys> {
  const keys = kept.get(kindName) ?? (await newKeys(kindName))
  kept.set(kindName, keys)
  return keys
}

/** RFC 3279 2.2.3: r and s as a SEQUENCE of INTEGERs; WebCrypto gives them side by side. */
export function ecdsaSignature(raw: Bytes): Bytes {
  const half = raw.length / 2
  return sequence(positive(raw.subarray(0, half)), positive(raw.subarray(half)))
}

function positive(magnitude: Bytes): Bytes {
  const first = magnitude.findIndex((octet) => octet !== 0)
  const shortest = first < 0 ? octets(0) : magnitude.subarray(first)
  return (shortest[0] ?? 0) >= 0x80 ? integer(0, ...shortest) : integer(...shortest)
}
