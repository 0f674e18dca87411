import { Readable } from 'node:stream'
import { Pool } from 'undici'
import { endToEnd, type FieldLine } from './headers.ts'
import { isWebSocketRequest, sendUpgrade } from './upgrade-target.ts'
import { answerSilenceMs, type OpenTarget, type Target } from '../routing/target.ts'
import { urlAtTarget } from '../target-url.ts'

/** A target behind a Node server, over connections of its own. */
export interface NodeTarget extends Target {
  /** Lets what is under way end. */
  close(): Promise<void>
}

/** The targets of one server. */
export interface NodeTargets {
  readonly open: OpenTarget
  /** Lets what is under way end. */
  close(): Promise<void>
}

/** Opens targets by URL and closes them together. */
export function createNodeTargets(): NodeTargets {
  const opened: NodeTarget[] = []
  return {
    open: (address) => {
      if (address.kind === 'binding') {
        throw new Error(`the target binding:${address.name} needs a Worker: here targets are URLs`)
      }
      const target = createNodeTarget(address.url)
      opened.push(target)
      return target
    },
    close: async () => void (await Promise.all(opened.map((target) => target.close()))),
  }
}

/** Milliseconds that a connection may take: ALB's. */
const connectTimeoutMs = 10_000

/**
 * Sends requests to the origin of a URL and streams both ways. Not Node's `fetch`: that decodes
 * content and leaves the field that says it is encoded. Redirects are handed on, never followed. How
 * long an answer may take to begin is said by the request's signal.
 *
 * @param target an absolute `http:` or `https:` URL, of which the origin counts
 */
export function createNodeTarget(target: string): NodeTarget {
  const { origin, host } = new URL(target)
  const pool = new Pool(origin, {
    headersTimeout: 0,
    connectTimeout: connectTimeoutMs,
  })
  return {
    name: host,
    addressOf: (requested) => urlAtTarget(requested, target),
    send: async (request, { silenceMs } = { silenceMs: answerSilenceMs }) => {
      const url = urlAtTarget(request.url, target)
      const { pathname, search } = url
      if (isWebSocketRequest(request)) {
        return sendUpgrade(request, url, targetFields(request.headers))
      }
      const answer = await pool.request({
        method: request.method,
        path: `${pathname}${search}`,
        headers: targetFields(request.headers),
        body: request.body === null ? null : Readable.fromWeb(request.body),
        signal: request.signal,
        bodyTimeout: silenceMs,
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
