import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { instantFromMs } from '#shared/time.ts'
import * as z from 'zod'
import type { ListenerSettings } from '../../control/listeners.ts'
import type { FollowedTrustStoreOptions } from './followed-trust-store.ts'
import type { StoreHead } from './managed-trust-store.ts'
import { parseJson } from '../../json.ts'

export interface HttpFeedOptions {
  /** Of the control plane: everything up to `/api/v1`. */
  readonly url: string
  /** The trust store's name, or the listener's. */
  readonly name: string
  /** Of the scope `read`. */
  readonly token: string
  /** The platform's own unless a test brings one. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
}

/** What a follower asks, as it asks over HTTP. */
export type Feed = Pick<FollowedTrustStoreOptions, 'head' | 'objects'>

/** A head is a hundred octets: who takes longer than the usual `maxStaleness` of 5 s is away. */
const headTimeoutMs = 4_000

/** Sixty-four megabytes, the largest list that a store takes, at eight megabits a second. */
const objectTimeoutMs = 64_000

/** What the API stores at most (its `fileOctetsMax`). */
const objectOctetsMax = 65 * 1024 * 1024

/** A store's description or a problem document: far below. */
const answerOctetsMax = 64 * 1024

/**
 * Follows a trust store over the JSON API, from where no binding leads to the control plane. Only the
 * API's own word that there is no such store counts as one; anything else that is not the answer
 * asked for is an Error, so that a proxy's page does not take a trust store away.
 */
export function httpFeed(options: HttpFeedOptions): Feed {
  return {
    head: (used = []) => askHead(options, used),
    objects: {
      get: (file) => askObject(options, file),
      put: () => Promise.reject(new Error('whoever follows a trust store writes nothing to it')),
    },
  }
}

const storeForm = z.object({
  head: z
    .object({
      epoch: z.int().positive(),
      document: z.string().regex(/^[0-9a-f]{64}$/),
      at: z.int().transform(instantFromMs),
    })
    .optional(),
})

async function askHead(
  options: HttpFeedOptions,
  used: readonly string[],
): Promise<StoreHead | undefined> {
  const told = used.length === 0 ? '' : `?anchorsUsed=${used.join(',')}`
  const path = `trust-stores/${encodeURIComponent(options.name)}${told}`
  const answer = await ask(options, path, headTimeoutMs, answerOctetsMax)
  if (isProblem(answer, 404, 'store_not_found')) return undefined
  return storeForm.parse(jsonOf(wholeOf(answer))).head
}

/**
 * What a listener says (`fleet:443`, or its ARN); undefined on the API's own word alone that there is
 * none for this token. Throws an Error where no answer can be had.
 */
export async function askListener(options: HttpFeedOptions): Promise<ListenerSettings | undefined> {
  const path = `listeners/${encodeURIComponent(options.name)}`
  const answer = await ask(options, path, headTimeoutMs, answerOctetsMax)
  if (isProblem(answer, 404, 'listener_not_found')) return undefined
  const { trustStore, ...settings } = listenerForm.parse(jsonOf(wholeOf(answer)))
  return { ...settings, trustStore }
}

const listenerForm = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  version: z.int().positive(),
  mode: z.enum(['off', 'passthrough', 'verify']),
  trustStore: z.string().min(1).optional(),
  ignoreExpiry: z.boolean(),
  renamed: z.partialRecord(
    z.enum([
      'chain',
      'serialNumber',
      'issuer',
      'subject',
      'validity',
      'leaf',
      'tlsVersion',
      'tlsCipherSuite',
    ]),
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/),
  ),
})

async function askObject(options: HttpFeedOptions, file: string): Promise<Bytes | undefined> {
  const answer = await ask(options, `files/${file}`, objectTimeoutMs, objectOctetsMax)
  return isProblem(answer, 404, 'file_not_found') ? undefined : wholeOf(answer)
}

interface Answer {
  readonly path: string
  readonly status: number
  readonly octets: Bytes
}

/** No redirect is followed: a token goes nowhere but where it was meant for. */
async function ask(
  { url, token, fetch: given = fetch }: HttpFeedOptions,
  path: string,
  timeoutMs: number,
  octetsMax: number,
): Promise<Answer> {
  const base = url.endsWith('/') ? url : `${url}/`
  const request = {
    headers: { authorization: `Bearer ${token}` },
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  } as const
  const response = await given(new URL(`api/v1/${path}`, base).href, request).catch(
    (error: unknown) => {
      throw new Error(`the control plane does not answer: ${causeOf(error)}`, { cause: error })
    },
  )
  return { path, status: response.status, octets: await readBody(response, octetsMax) }
}

/** Node says no more than that a fetch failed, and why in its cause. */
function causeOf(error: unknown): string {
  return String(error instanceof Error && error.cause !== undefined ? error.cause : error)
}

async function readBody({ body }: Response, octetsMax: number): Promise<Bytes> {
  const chunks: Uint8Array[] = []
  let octets = 0
  for await (const chunk of body ?? []) {
    octets += chunk.length
    if (octets > octetsMax) throw new Error(`the answer is longer than ${octetsMax} octets`)
    chunks.push(chunk)
  }
  return concatBytes(...chunks)
}

const problemForm = z.object({ code: z.string() })

function isProblem({ status, octets }: Answer, wanted: number, code: string): boolean {
  if (status !== wanted) return false
  const problem = problemForm.safeParse(jsonOf(octets))
  return problem.success && problem.data.code === code
}

function wholeOf({ path, status, octets }: Answer): Bytes {
  if (status === 200) return octets
  const because = {
    401: ': it does not know the token',
    403: ': the token needs the scope read, for this store',
  }[status]
  throw new Error(`the control plane answered ${status} to ${path}${because ?? ''}`)
}

function jsonOf(octets: Bytes): unknown {
  return parseJson(new TextDecoder().decode(octets))
}
