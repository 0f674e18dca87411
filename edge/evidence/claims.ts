/** The header that carries evidence to the target. */
import { parseJson } from '../json.ts'
export const evidenceHeader = 'x-sallyport-evidence'

/** `typ` (RFC 8725 3.11): no other token of ours, or of anybody's, passes for evidence. */
export const evidenceType = 'sallyport-evidence+jwt'

/** RFC 8037 3.1: the one algorithm; nothing is negotiated. */
export const evidenceAlgorithm = 'EdDSA'

/** Longest life of evidence: it is for the request that it came with, and for no later one. */
export const evidenceLifetimeMaxMs = 60_000

/** Half of what proxies take as a header (ALB: 16 K): names from a hostile CA are longer. */
export const evidenceLengthMax = 8 * 1024

/** What evidence says, all of it signed. Instants are seconds since 1970 (RFC 7519 section 2). */
export interface EvidenceClaims {
  /** The gateway that decided. */
  readonly iss: string
  /** The target's host, with its port where it has one; lower-case. */
  readonly aud: string
  /** When it was decided. */
  readonly iat: number
  readonly exp: number
  /** 128 random bits: the nonce that makes a replay visible. */
  readonly jti: string
  /** The SPIFFE ID, where the device has one. */
  readonly sub?: string
  /** RFC 8705 3.1: base64url SHA-256 of the leaf's DER. */
  readonly cnf: { readonly 'x5t#S256': string }
  /** As ALB writes them: upper-case hexadecimal, RFC 2253. */
  readonly serial: string
  readonly subject: string
  readonly issuer: string
  /** The trust store's epoch, and what the decision rests on. */
  readonly epoch: number
  readonly basis: 'path' | 'session' | 'attestation'
  /** As in RFC 9449 4.2, and the request's path with its query. */
  readonly htm: string
  readonly path: string
  /** `Content-Digest` of the body (RFC 9530); missing where the gateway did not hold it whole. */
  readonly digest?: string
}

const texts = ['iss', 'aud', 'jti', 'serial', 'subject', 'issuer', 'htm', 'path'] as const
const optionalTexts = ['sub', 'digest'] as const
const numbers = ['iat', 'exp', 'epoch'] as const

/** The claims of a payload whose signature held; undefined where it is of another shape. */
export function evidenceClaims(payload: string): EvidenceClaims | undefined {
  const value = parseJson(payload)
  if (typeof value !== 'object' || value === null) return undefined
  const claims = value as Readonly<Record<string, unknown>>
  const isShaped =
    texts.every((name) => typeof claims[name] === 'string') &&
    optionalTexts.every((name) => ['string', 'undefined'].includes(typeof claims[name])) &&
    numbers.every((name) => Number.isFinite(claims[name])) &&
    isBasis(claims['basis']) &&
    isConfirmation(claims['cnf'])
  return isShaped ? (value as EvidenceClaims) : undefined
}

function isBasis(value: unknown): boolean {
  return value === 'path' || value === 'session' || value === 'attestation'
}

function isConfirmation(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return typeof (value as Readonly<Record<string, unknown>>)['x5t#S256'] === 'string'
}
