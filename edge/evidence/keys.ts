import { CompactSign, compactVerify, errors, importJWK, type CryptoKey } from 'jose'
import { err, ok, type Result } from '#shared/result.ts'
import { evidenceAlgorithm } from './claims.ts'
import { parseJsonObject } from '../json.ts'

/** A signing key by its name; the public half is what a JWKS publishes of it. */
export interface EvidenceKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicJwk: PublicJwk
}

/** RFC 8037 section 2. */
interface PublicJwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
}

/** Keys in use, newest first: the first one signs, all of them are published. */
export type EvidenceRing = readonly [EvidenceKey, ...EvidenceKey[]]

/** What a target verifies with, by `kid`. */
export type EvidenceKeys = ReadonlyMap<string, CryptoKey>

/** Rotation needs the last key, the current one and the next one: more is a forgotten key. */
const keysMax = 3

/** Three public keys take half a kilobyte; a document of another kind is not read to its end. */
const documentLengthMax = 8 * 1024

/**
 * Reads a ring from a JWK Set of private Ed25519 keys (RFC 7517 section 5, RFC 8037), newest first,
 * each with a `kid`. A fault says which key is wrong and never repeats it: it is a secret.
 */
export async function importEvidenceRing(text: string): Promise<Result<EvidenceRing, string>> {
  const jwks = readSet(text)
  if (!jwks.ok) return jwks
  const keys: EvidenceKey[] = []
  for (const [index, jwk] of jwks.value.entries()) {
    const key = await importPrivate(jwk)
    if (key === undefined) return err(`evidence key ${index + 1} is no private Ed25519 JWK`)
    keys.push(key)
  }
  const [first, ...rest] = keys
  return first === undefined ? err('no evidence key') : ok([first, ...rest])
}

/** The JWKS document of a ring: the public halves, for targets to fetch. */
export function jwksDocument(ring: EvidenceRing): string {
  const keys = ring.map(({ kid, publicJwk }) => ({
    ...publicJwk,
    kid,
    alg: evidenceAlgorithm,
    use: 'sig',
  }))
  return JSON.stringify({ keys })
}

/**
 * Reads a gateway's JWKS document at the target. One that holds a private key is refused whole: who
 * publishes it has lost it.
 */
export async function readEvidenceKeys(text: string): Promise<Result<EvidenceKeys, string>> {
  const jwks = readSet(text)
  if (!jwks.ok) return jwks
  const keys = new Map<string, CryptoKey>()
  for (const [index, jwk] of jwks.value.entries()) {
    if (jwk.d !== undefined) return err(`key ${index + 1} is a private key`)
    const key = await importKey(publicOf(jwk))
    if (key === undefined) return err(`key ${index + 1} is no Ed25519 JWK`)
    keys.set(jwk.kid, key)
  }
  return keys.size === 0 ? err('no key') : ok(keys)
}

/** A member of a JWK Set as far as it was looked at. */
interface NamedJwk {
  readonly kid: string
  readonly x: string
  readonly d: string | undefined
}

function readSet(text: string): Result<readonly NamedJwk[], string> {
  if (text.length > documentLengthMax) return err(`at most ${documentLengthMax} characters`)
  const { keys } = parseObject(text)
  if (!Array.isArray(keys)) return err('it is no JWK Set')
  if (keys.length > keysMax) return err(`at most ${keysMax} keys, got ${keys.length}`)
  const named: NamedJwk[] = []
  for (const [index, key] of keys.entries()) {
    const jwk = namedJwk(key)
    if (jwk === undefined) return err(`key ${index + 1} is no Ed25519 JWK with a kid`)
    if (named.some(({ kid }) => kid === jwk.kid)) return err(`key name ${jwk.kid} stands twice`)
    named.push(jwk)
  }
  return ok(named)
}

function namedJwk(value: unknown): NamedJwk | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { kty, crv, kid, x, d, alg } = value as Readonly<Record<string, unknown>>
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') return undefined
  if (alg !== undefined && alg !== evidenceAlgorithm && alg !== 'Ed25519') return undefined
  if (typeof kid !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(kid)) return undefined
  return d === undefined || typeof d === 'string' ? { kid, x, d } : undefined
}

const publicOf = ({ x }: NamedJwk): PublicJwk => ({ kty: 'OKP', crv: 'Ed25519', x })

async function importPrivate(jwk: NamedJwk): Promise<EvidenceKey | undefined> {
  if (jwk.d === undefined) return undefined
  const publicJwk = publicOf(jwk)
  const privateKey = await importKey({ ...publicJwk, d: jwk.d })
  const publicKey = await importKey(publicJwk)
  if (privateKey === undefined || publicKey === undefined) return undefined
  const fits = await isPair(privateKey, publicKey)
  return fits ? { kid: jwk.kid, privateKey, publicJwk } : undefined
}

/** Runtimes import a private key beside another's public one: nothing it signs could be verified. */
async function isPair(privateKey: CryptoKey, publicKey: CryptoKey): Promise<boolean> {
  const signer = new CompactSign(new Uint8Array()).setProtectedHeader({ alg: evidenceAlgorithm })
  try {
    await compactVerify(await signer.sign(privateKey), publicKey)
    return true
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return false
    throw error
  }
}

async function importKey(jwk: PublicJwk & { readonly d?: string }): Promise<CryptoKey | undefined> {
  try {
    const key = await importJWK({ ...jwk }, evidenceAlgorithm)
    return key instanceof Uint8Array ? undefined : key
  } catch (error) {
    // DataError of WebCrypto, TypeError of base64url: the octets are no key, which is the answer.
    const isAnswer = error instanceof TypeError || error instanceof DOMException
    if (isAnswer || error instanceof errors.JOSEError) return undefined
    throw error
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  return { ...parseJsonObject(text) }
}
