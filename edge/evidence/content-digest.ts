import { toBase64, type Bytes } from '#shared/bytes.ts'

/**
 * The value of `Content-Digest` (RFC 9530 section 2) for a body: a Structured Fields dictionary of
 * the one algorithm that evidence is bound by. No body is the empty one.
 */
export async function contentDigest(body: Bytes): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body))
  return `sha-256=:${toBase64(digest)}:`
}
