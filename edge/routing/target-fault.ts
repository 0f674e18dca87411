import { isFields } from '../platforms/reading.ts'

/** Why a target did not answer, and whether it may have seen the request. */
export interface TargetFault {
  readonly code: 'target_unreachable' | 'target_timeout'
  readonly sent: 'nothing' | 'perhaps'
}

/** The statuses of Cloudflare's own that say how an origin failed it ("Cloudflare 5xx errors"). */
export const cloudflareCodes: ReadonlyMap<number, string> = new Map(
  [520, 521, 522, 523, 524, 525, 526, 527, 530].map((status) => [status, `CLOUDFLARE_${status}`]),
)

/**
 * What runtimes say of a connection that never was: Node's system errors, undici's, and Cloudflare's
 * for a refused connection, no route, a failed handshake and no name. A Worker's other errors say no
 * more than that it failed.
 */
const notConnected: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'CLOUDFLARE_521',
  'CLOUDFLARE_523',
  'CLOUDFLARE_525',
  'CLOUDFLARE_526',
  'CLOUDFLARE_530',
])

/** Cloudflare's 522 may come behind a connection as well. */
const timedOut: ReadonlySet<unknown> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'CLOUDFLARE_522',
  'CLOUDFLARE_524',
])

/**
 * ALB's two answers: 504 where time ran out, 502 where the target was not there or broke off.
 *
 * @param isLate whether the deadline was what ended the wait
 */
export function targetFaultOf(error: unknown, isLate: boolean): TargetFault {
  const code = codeOf(error)
  return {
    code: isLate || timedOut.has(code) ? 'target_timeout' : 'target_unreachable',
    sent: notConnected.has(code) ? 'nothing' : 'perhaps',
  }
}

/** Of an error, or of the cause that it wraps; several attempts at one name have an aggregate of their own. */
function codeOf(error: unknown): unknown {
  if (!isFields(error)) return undefined
  return error['code'] ?? (isFields(error['cause']) ? error['cause']['code'] : undefined)
}
