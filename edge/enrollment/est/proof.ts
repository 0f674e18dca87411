import { decodeProtectedHeader, errors, importSPKI, jwtVerify, type CryptoKey } from 'jose'
import { fromBase64, toBase64, toBase64Url, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { readPublicKey, type PublicKeyKind } from '#shared/x509/algorithms.ts'
import { parseCertificate } from '#shared/x509/parse.ts'

/** What a token has to speak of, so that it proves nothing to anybody else, nor for another request. */
export interface ProofWanted {
  /**
   * Path of the address that is asked. The token's audience is that address; a proxy in front may call
   * this edge by another host.
   */
  readonly path: string
  /** DER of the certification request; the token's claim `csr` is its SHA-256 in base64url. */
  readonly request: Bytes
  readonly now: Instant
}

/** step-ca: a token of its client lives for five minutes. */
const lifetimeSeconds = 300

/** Devices that were off for weeks have clocks that went wrong. */
const skewSeconds = 60

/** Certificates in the header: the leaf and what a chain has. */
const certificatesMax = 5

/** `x5cInsecure` of a token's header, where text is a token of this kind at all. */
export function certificatesOfToken(text: string): readonly string[] | undefined {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return undefined
  try {
    const { x5cInsecure } = decodeProtectedHeader(text)
    if (!Array.isArray(x5cInsecure) || x5cInsecure.length > certificatesMax) return undefined
    const texts = x5cInsecure.filter((each) => typeof each === 'string')
    return texts.length > 0 && texts.length === x5cInsecure.length ? texts : undefined
  } catch (error) {
    // A one-time token may look like one.
    if (error instanceof TypeError || error instanceof errors.JOSEError) return undefined
    throw error
  }
}

/**
 * Proof of possession by the key of a certificate that TLS refuses because it has expired: a JWT that
 * it signed, with the certificate in the header `x5cInsecure`, as step-ca's renewal has it. Whether
 * the certificate is one of ours is decided afterwards, as of every other one that is presented.
 *
 * @returns what the token presents, or why it proves nothing
 */
export async function readProof(
  token: string,
  certificates: readonly string[],
  { path, request, now }: ProofWanted,
): Promise<Result<Presented, string>> {
  const [leaf, ...intermediates] = certificates.map(fromBase64).filter((each) => each !== undefined)
  if (leaf === undefined || intermediates.length + 1 < certificates.length) {
    return err('x5cInsecure has to be base64 of DER')
  }
  const parsed = parseCertificate(leaf)
  if (!parsed.ok) return err('the first certificate of x5cInsecure cannot be read')
  const algorithm = algorithmOf(readPublicKey(parsed.value.spki)?.kind)
  const key = algorithm === undefined ? undefined : await importKey(parsed.value.spki, algorithm)
  if (algorithm === undefined || key === undefined) {
    return err('the key of the certificate signs no token of JWS')
  }
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      requiredClaims: ['exp', 'iat', 'aud', 'csr'],
      currentDate: new Date(now),
      clockTolerance: skewSeconds,
      maxTokenAge: lifetimeSeconds,
    })
    if (!isPath(payload.aud, path)) return err('its audience is another address')
    if (payload['csr'] !== (await digestOf(request))) return err('its claim csr is another request')
  } catch (error) {
    if (error instanceof errors.JOSEError) return err(error.message)
    throw error
  }
  return ok({ kind: 'chain', leaf, intermediates })
}

const isPath = (audience: unknown, path: string): boolean =>
  typeof audience === 'string' && URL.canParse(audience) && new URL(audience).pathname === path

const digestOf = async (request: Bytes): Promise<string> =>
  toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', request)))

/** RFC 7518 3.1, RFC 8037 3.1: the one algorithm that each kind of key signs tokens with here. */
function algorithmOf(kind: PublicKeyKind | undefined): string | undefined {
  if (kind?.family === 'ed25519') return 'EdDSA'
  if (kind?.family === 'rsa') return 'RS256'
  return kind?.curve && { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }[kind.curve]
}

/** Undefined where the runtime refuses the key: a point off the curve, say. */
async function importKey(spki: Bytes, algorithm: string): Promise<CryptoKey | undefined> {
  const pem = `-----BEGIN PUBLIC KEY-----\n${toBase64(spki)}\n-----END PUBLIC KEY-----\n`
  try {
    return await importSPKI(pem, algorithm)
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return undefined
    throw error
  }
}
