import { Readable } from 'node:stream'
import { Pool } from 'undici'
import { endToEnd, type FieldLine } from './node-headers.ts'
import { urlAtTarget } from './target-url.ts'

/** A target behind a Node server, over connections of its own. */
export interface NodeTarget {
  readonly send: (request: Request) => Promise<Response>
  /** Lets what is under way end. */
  close(): Promise<void>
}

/** Milliseconds without an answer's head, or between two parts of its body: ALB's idle timeout. */
const silenceMs = 60_000

/**
 * Sends requests to the origin of a URL and streams both ways. Not Node's `fetch`: that decodes
 * content and leaves the field that says it is encoded. Redirects are handed on, never followed.
 *
 * @param target an absolute `http:` or `https:` URL, of which the origin counts
 */
export function createNodeTarget(target: string): NodeTarget {
  const pool = new Pool(new URL(target).origin, {
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    connectTimeout: 5_000,
  })
  return {
    send: async (request) => {
      const { pathname, search } = urlAtTarget(request.url, target)
      const answer = await pool.request({
        method: request.method,
        path: `${pathname}${search}`,
        headers: targetFields(request.headers),
        body: request.body === null ? null : Readable.fromWeb(request.body),
        signal: request.signal,
      })
      return responseOf(answer)
    },
    close: () => pool.close(),
  }
}

/** The target's own name goes out as `Host`, as a Worker's fetch has it; the client's goes beside it. */
function targetFields(headers: Headers): string[] {
  const lines = endToEnd([...headers]).filter(
    ([name]) => name !== 'host' && name !== 'x-forwarded-host',
  )
  const host = headers.get('host')
  const forwarded: FieldLine[] = host === null ? [] : [['x-forwarded-host', host]]
  return [...lines, ...forwarded].flat()
}

/** Statuses that Fetch knows without a body (Fetch 2.2.3). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

async function responseOf(answer: Awaited<ReturnType<Pool['request']>>): Promise<Response> {
  const { statusCode: status, headers, body } = answer
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): FieldLine => [name, one]),
  )
  const init = { status, headers: endToEnd(lines).map(([n, v]): [string, string] => [n, v]) }
  if (!bodiless.has(status)) return new Response(Readable.toWeb(body), init)
  await body.dump()
  return new Response(null, init)
}
