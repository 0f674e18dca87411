import { importJWK, SignJWT, type CryptoKey } from 'jose'
import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { parseJsonObject } from '../../json.ts'

/** The private key of a JWK provisioner of a step-ca. */
export interface StepCaKey {
  readonly key: CryptoKey
  readonly kid: string
  readonly algorithm: string
}

/** `step crypto jwk create` makes ES256 unless it is told otherwise; symmetric ones are refused. */
const algorithms: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
}

/** A private JWK with a `kid`, decrypted: what `step crypto jwe decrypt` prints of `encryptedKey`. */
export async function readStepCaKey(text: string): Promise<Result<StepCaKey, string>> {
  const jwk = parseJwk(text)
  const algorithm = algorithms[jwk?.['crv'] ?? '']
  const kid = jwk?.['kid']
  const expected = 'a private JWK of P-256, P-384, P-521 or Ed25519 with a kid'
  if (jwk === undefined || algorithm === undefined || kid === undefined || jwk['d'] === undefined) {
    return err(expected)
  }
  try {
    const key = await importJWK(jwk, algorithm)
    return key instanceof Uint8Array ? err(expected) : ok({ key, kid, algorithm })
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return err(expected)
    throw error
  }
}

function parseJwk(text: string): Readonly<Record<string, string>> | undefined {
  const value = parseJsonObject(text)
  if (value === undefined) return undefined
  const texts = Object.entries(value).filter(([, each]) => typeof each === 'string')
  return Object.fromEntries(texts) as Readonly<Record<string, string>>
}

export interface StepCaToken {
  readonly provisioner: string
  readonly audience: string
  readonly subject: string
  readonly sans: readonly string[]
  /** step-ca takes each once. */
  readonly id: string
  readonly now: Instant
}

/** step-ca's own client asks for five minutes. */
const lifetimeSeconds = 300

/** A one-time token of a JWK provisioner (step-ca: authority/provisioner/jwk.go). */
export async function stepCaToken(
  { key, kid, algorithm }: StepCaKey,
  { provisioner, audience, subject, sans, id, now }: StepCaToken,
): Promise<string> {
  const seconds = Math.floor(now / 1000)
  return new SignJWT({ sans: [...sans] })
    .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
    .setIssuer(provisioner)
    .setAudience(audience)
    .setSubject(subject)
    .setJti(id)
    .setIssuedAt(seconds)
    .setNotBefore(seconds)
    .setExpirationTime(seconds + lifetimeSeconds)
    .sign(key)
}
