import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { err, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { evidenceHeader, type EvidenceClaims } from './claims.ts'
import { contentDigest } from './content-digest.ts'
import { verifyEvidence, type EvidenceRefusal, type EvidenceTrust } from './verify.ts'

/**
 * Verifies the evidence that a request brings to a target. The request's body stays unread; where
 * it breaks off, this throws as reading it would.
 *
 * @param bodyOctetsMax longer bodies are not held in memory: evidence bound to one is then refused
 */
export async function verifyRequest(
  request: Request,
  trust: EvidenceTrust,
  bodyOctetsMax: number,
  now: Instant,
): Promise<Result<EvidenceClaims, EvidenceRefusal | { readonly code: 'no_evidence' }>> {
  const token = request.headers.get(evidenceHeader)
  if (token === null) return err({ code: 'no_evidence' })
  const { host, pathname, search } = new URL(request.url)
  const body = await readBody(request.clone(), bodyOctetsMax)
  const bodyDigest = body === undefined ? undefined : await contentDigest(body)
  const seen = { method: request.method, path: pathname + search, host, bodyDigest }
  return verifyEvidence(token, seen, trust, now)
}

/** The body, or undefined where it is longer; no body is an empty one. */
async function readBody({ body }: Request, octetsMax: number): Promise<Bytes | undefined> {
  if (body === null) return new Uint8Array()
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let left = octetsMax
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return concatBytes(...chunks)
    left -= value.length
    if (left < 0) {
      // Lets go of this half of the clone. It is not awaited: it ends with the other half, and what
      // goes wrong with the body is for whoever reads that.
      reader.cancel().catch(() => undefined)
      return undefined
    }
    chunks.push(value)
  }
}
