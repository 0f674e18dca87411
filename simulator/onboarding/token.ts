import { sign } from 'node:crypto'
import { toBase64, toBase64Url, toUtf8, type Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { WorldKeys } from './keys.ts'

/**
 * Proof of possession by an expired certificate's key (RFC 7519, as step-ca's renewal has it): a token
 * for one address and one request, good for five minutes.
 *
 * @param requestSha256 hex
 */
export function renewalToken(
  keys: WorldKeys,
  certificate: Bytes,
  {
    url,
    requestSha256,
    now,
  }: { readonly url: string; readonly requestSha256: string; readonly now: Instant },
): string {
  const issuedAt = Math.floor(now / 1000)
  const csr = toBase64Url(new Uint8Array(Buffer.from(requestSha256, 'hex')))
  const head = { alg: 'ES256', x5cInsecure: [toBase64(certificate)] }
  const claims = { aud: url, iat: issuedAt, exp: issuedAt + 300, csr }
  const signed = [head, claims].map((each) => toBase64Url(toUtf8(JSON.stringify(each)))).join('.')
  // RFC 7518 3.4: r and s side by side.
  const key = { key: keys.private, dsaEncoding: 'ieee-p1363' } as const
  return `${signed}.${toBase64Url(new Uint8Array(sign('sha256', Buffer.from(signed), key)))}`
}
