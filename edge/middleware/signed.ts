import type { Context } from 'hono'
import { err, ok, type Result } from '#shared/result.ts'
import type { Bytes } from '#shared/bytes.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { AppEnv, Ports } from '../context.ts'
import { contentDigest } from '../evidence/content-digest.ts'
import { signEvidence } from '../evidence/sign.ts'
import type { Listener } from '../listener.ts'
import type { ProblemCode } from '../observe/problem.ts'

/** What evidence adds to a request on its way to the target. */
export interface Signed {
  /** The header's value. */
  readonly evidence: string
  /** The body, where it was read to be signed; undefined: it goes on as it comes. */
  readonly body: Bytes | undefined
}

/**
 * Longer bodies are streamed, and their evidence is bound by its nonce alone: a report of a device
 * is a few kilobytes, and a worker of 128 MB holds a thousand of this size at once.
 */
const bodyOctetsMax = 64 * 1024

/** Half of the longest life: a slow target verifies when it is asked, and clocks differ. */
const lifetimeMs = 30_000

/**
 * Signs what was decided of a request, for the target to verify.
 *
 * @param address where the request is sent: its host, path and query are signed
 */
export async function signed(
  context: Context<AppEnv>,
  { ring, issuer }: NonNullable<Listener['evidence']>,
  { random }: Ports,
  address: URL,
): Promise<Result<Signed, ProblemCode>> {
  const decision = context.get('decision')
  const leaf = leafOf(context.get('presented'))
  if (decision?.outcome !== 'accepted' || leaf === undefined) return err('attestation_insufficient')
  const request = context.req.raw
  const body = await heldBody(request)
  const bodyDigest = body === undefined ? undefined : await contentDigest(body)
  const { host, pathname, search } = address
  const bound = { method: request.method, path: pathname + search, host, bodyDigest }
  const token = await signEvidence(decision, leaf, bound, { ring, issuer, lifetimeMs, random })
  if (!token.ok) {
    const { length, limit } = token.error
    console.error(`an admitted leaf cannot be told of: evidence of ${length} is over ${limit}`)
    return err('certificate_too_large')
  }
  return ok({ evidence: token.value, body: request.body === null ? undefined : body })
}

function leafOf(presented: Presented): Bytes | undefined {
  return presented.kind === 'chain' || presented.kind === 'attested' ? presented.leaf : undefined
}

/** A body of a length that was told and is small; no body is the empty one. */
async function heldBody(request: Request): Promise<Bytes | undefined> {
  if (request.body === null) return new Uint8Array()
  const length = request.headers.get('content-length') ?? ''
  if (!/^\d{1,9}$/.test(length) || Number(length) > bodyOctetsMax) return undefined
  return new Uint8Array(await request.arrayBuffer())
}
