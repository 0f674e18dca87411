import { jwksDocument, type EvidenceRing } from '../evidence/keys.ts'

/** Where targets fetch the public keys of signed evidence. */
export const evidenceKeysPath = '/.well-known/sallyport/jwks.json'

/** Seconds. A next key is published beside the current one that long before it signs. */
const maxAgeSeconds = 300

/** The JWKS document (RFC 7517 section 5), for everybody: it holds public keys alone. */
export function evidenceKeys(ring: EvidenceRing): () => Response {
  const document = jwksDocument(ring)
  const headers = {
    'content-type': 'application/jwk-set+json',
    'cache-control': `public, max-age=${maxAgeSeconds}`,
  }
  return () => new Response(document, { headers })
}
