import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** An object as AWS's tools name it: `S3Bucket`, `S3Key`, `S3ObjectVersion`. */
export interface BucketObject {
  readonly bucket: string
  readonly key: string
  /** The latest unless given. */
  readonly version: string | undefined
}

/** Why an object was not had: `missing` is the caller's fault, `unavailable` nobody's who calls. */
export interface BucketFault {
  readonly kind: 'missing' | 'too_large' | 'unavailable'
  readonly because: string
}

/** The buckets that bundles and revocation lists are copied from, once, when they are named. */
export interface BucketObjects {
  /** Octets that are the caller's own: it may give their memory back. */
  get(object: BucketObject): Promise<Result<Bytes, BucketFault>>
}

/** ALB's quota on a revocation list file: 50 MB. A bundle of 25 certificates of 16 KB is far smaller. */
export const objectOctetsMax = 50 * 1024 * 1024

export const bucketFault = (
  kind: BucketFault['kind'],
  because: string,
): Result<never, BucketFault> => err({ kind, because })

/** Reads a body, and no further than an object may be long. */
export async function readBounded(
  body: ReadableStream<Uint8Array>,
  octetsMax: number,
): Promise<Result<Bytes, BucketFault>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    // Leaving the loop cancels the body.
    if (length > octetsMax) return bucketFault('too_large', `it has more than ${octetsMax} octets`)
    chunks.push(chunk)
  }
  const octets = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    octets.set(chunk, at)
    at += chunk.length
  }
  return ok(octets)
}
