import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  errors,
  jwtVerify,
  type JWTVerifyGetKey,
} from 'jose'
import { tokensAt, type TokenBearer, type TokenRule } from '#shared/authorization/token-rule.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { parseJsonObject } from '../json.ts'

/** What a token says of its bearer. */
export type Claims = Readonly<Record<string, unknown>>

/** Tokens beside the certificate, by whose rules they are believed. */
export interface Tokens {
  /**
   * The claims of a request's token; undefined where it bears none. More than one token, and one of an
   * issuer that no rule names, is as wrong as a forged one.
   */
  claimsOf(
    bearer: TokenBearer,
    now: Instant,
  ): Promise<Result<Claims | undefined, 'token_invalid' | 'token_keys_unavailable'>>
}

/** RFC 8725 3.1 and 3.2: signatures alone, never a secret that both sides have. */
const algorithms = 'ES256 ES384 ES512 EdDSA Ed25519 PS256 PS384 PS512 RS256 RS384 RS512'.split(' ')

/** As Envoy, and so Istio, has it: clocks of issuers are some seconds off. */
const toleranceSeconds = 60

/** Longer ones come through few servers' limits of headers. */
const tokenLengthMax = 16 * 1024

/** Keys at an address are asked for again this often at most, whatever names of keys tokens bring. */
const keysAgainMs = 30_000
const keysPatienceMs = 2000

/** A rule, and the keys that it names. */
interface Known {
  readonly rule: TokenRule
  readonly keys: JWTVerifyGetKey
}

/** Fetches a set of keys from its address. */
export type FetchKeys = (address: string, options: RequestInit) => Promise<Response>

/**
 * Verifies tokens by these rules (RFC 7519, RFC 8725).
 *
 * @returns a sentence where the keys of a rule are no JWK Set of public keys; none of them is repeated
 */
export function createTokens(
  rules: readonly TokenRule[],
  fetchKeys: FetchKeys = (address, options) => fetch(address, options),
): Result<Tokens, string> {
  const known: Known[] = []
  for (const [index, rule] of rules.entries()) {
    const keys = keySetOf(rule, fetchKeys)
    if (keys === undefined)
      return err(`the keys of rule ${index}: expected a JWK Set of public keys`)
    known.push({ rule, keys })
  }
  return ok({
    async claimsOf(bearer, now) {
      const found = known.map(({ rule }) => tokensAt(rule.places, bearer))
      const [token, ...others] = new Set(found.flat())
      if (token === undefined) return ok(undefined)
      if (others.length > 0 || token.length > tokenLengthMax) return err('token_invalid')
      const issuer = issuerOf(token)
      const asked = known.find(({ rule }, nth) => {
        return rule.issuer === issuer && found[nth]?.includes(token) === true
      })
      return asked === undefined ? err('token_invalid') : verified(token, asked, now)
    },
  })
}

/** Whoever it says it is by: only which rule to ask. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return undefined
    throw error
  }
}

async function verified(
  token: string,
  { rule: { issuer, audiences }, keys }: Known,
  now: Instant,
): Promise<Result<Claims, 'token_invalid' | 'token_keys_unavailable'>> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      algorithms,
      clockTolerance: toleranceSeconds,
      currentDate: new Date(now),
      ...(audiences.length > 0 && { audience: [...audiences] }),
    })
    return ok(payload)
  } catch (error) {
    if (areKeysAway(error)) return err('token_keys_unavailable')
    if (error instanceof errors.JOSEError) return err('token_invalid')
    throw error
  }
}

/** What jose throws where an address of keys does not answer, or answers something else. */
function areKeysAway(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return true
  // `fetch` rejects with a TypeError; any answer but 200 is jose's error without a kind.
  if (error instanceof TypeError) return true
  return error instanceof errors.JOSEError && error.code === errors.JOSEError.code
}

function keySetOf({ keys }: TokenRule, fetchKeys: FetchKeys): JWTVerifyGetKey | undefined {
  if (keys.kind === 'address') {
    return createRemoteJWKSet(new URL(keys.url), {
      cooldownDuration: keysAgainMs,
      timeoutDuration: keysPatienceMs,
      [customFetch]: fetchKeys,
    })
  }
  const { keys: members }: { readonly keys?: unknown } = { ...parseJsonObject(keys.jwks) }
  if (!Array.isArray(members) || !members.every(isPublic)) return undefined
  return createLocalJWKSet({ keys: members })
}

/** A private key in a variable is a key that its owner has lost; a symmetric one signs for everybody. */
function isPublic(jwk: unknown): boolean {
  if (typeof jwk !== 'object' || jwk === null) return false
  return 'kty' in jwk && typeof jwk.kty === 'string' && !('d' in jwk) && !('k' in jwk)
}
