import type { IssuerKeyId } from '#shared/revocation/authenticated-crls.ts'

/** What a session token says, sealed. */
export interface SessionClaims {
  /** Milliseconds since 1970; the last instant at which the session stands for a verification. */
  readonly exp: number
  /** RFC 8705 `x5t#S256`: base64url SHA-256 of the leaf's DER. */
  readonly x5t: string
  /** For each certificate of the path, leaf first: its issuer's key and its serial (base64url). */
  readonly path: readonly (readonly [IssuerKeyId, string])[]
  readonly trust: string
  readonly epoch: number
  readonly policy: string
}

/** Paths have at most `intermediatesMax + 1` certificates; nothing longer was sealed by us. */
const pathMax = 16

/** Claims of an opened token, or undefined where it is of another shape (sealed by another version). */
export function sessionClaims(text: string): SessionClaims | undefined {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null) return undefined
  const { exp, x5t, path, trust, epoch, policy } = value as Record<keyof SessionClaims, unknown>
  if (typeof exp !== 'number' || typeof epoch !== 'number') return undefined
  if (typeof x5t !== 'string' || typeof trust !== 'string' || typeof policy !== 'string')
    return undefined
  return isPath(path) ? { exp, x5t, path, trust, epoch, policy } : undefined
}

function isPath(value: unknown): value is SessionClaims['path'] {
  if (!Array.isArray(value) || value.length === 0 || value.length > pathMax) return false
  return value.every(
    (entry: unknown) =>
      Array.isArray(entry) && entry.length === 2 && entry.every((part) => typeof part === 'string'),
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
