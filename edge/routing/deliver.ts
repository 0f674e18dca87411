import { err, ok, type Result } from '#shared/result.ts'
import type { ProblemCode } from '../observe/problem.ts'
import { startDeadline, type After } from './deadline.ts'
import { limitBody, type LimitedBody } from './size-limits.ts'
import { targetFaultOf, type TargetFault } from './target-fault.ts'
import type { Target, TargetPool } from './target.ts'

/** What a request is delivered within. */
export interface DeliveryLimits {
  /** Milliseconds that a target may take to begin its answer, or another part of it, each time octets of the body went to it. */
  readonly timeoutMs: number
  readonly bodyOctetsMax: number
  readonly after: After
}

/** The request as one target gets it. */
export type MakeRequest = (
  target: Target,
  init: { readonly signal: AbortSignal; readonly body: LimitedBody['body'] },
) => Promise<Result<Request, ProblemCode>>

/**
 * Sends a request to a target of a group. It goes to another one only where nothing was sent, its
 * method may be repeated and it has no body: no target ever gets a request that another one may have.
 *
 * @param raw the client's request
 * @returns the answer as soon as it begins, its body streaming, or what to tell the client
 */
export async function deliver(
  raw: Request,
  pool: TargetPool,
  make: MakeRequest,
  limits: DeliveryLimits,
): Promise<Result<Response, ProblemCode>> {
  let code: ProblemCode = 'target_unavailable'
  for (const target of pool.next()) {
    const attempt = await tryTarget(raw, target, make, limits)
    if (attempt.kind === 'done') {
      if (attempt.result.ok) pool.takeIn(target)
      return attempt.result
    }
    pool.passOver(target)
    code = attempt.fault.code
    if (attempt.fault.sent === 'perhaps' || !mayRepeat(raw)) break
  }
  return err(code)
}

/** RFC 9110 9.2.2: asking for these twice is asking once. */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

const mayRepeat = ({ method, body }: Request): boolean => body === null && idempotent.has(method)

type Attempt =
  | { readonly kind: 'done'; readonly result: Result<Response, ProblemCode> }
  | { readonly kind: 'failed'; readonly fault: TargetFault }

async function tryTarget(
  raw: Request,
  target: Target,
  make: MakeRequest,
  { timeoutMs, bodyOctetsMax, after }: DeliveryLimits,
): Promise<Attempt> {
  const deadline = startDeadline(timeFor(raw, timeoutMs), after)
  try {
    const limited = limitBody(raw, bodyOctetsMax, deadline.extend)
    if (!limited.ok) return done(limited)
    const { body, isExceeded } = limited.value
    const request = await make(target, { signal: signalOf(raw, deadline.signal), body })
    if (!request.ok) return done(request)
    try {
      return done(ok(await target.send(request.value, { silenceMs: timeoutMs })))
    } catch (error) {
      if (isExceeded()) return done(err('body_too_large'))
      if (raw.signal.aborted) return done(err('client_gone'))
      console.error(`the target ${target.name} did not answer: ${String(error)}`)
      return { kind: 'failed', fault: targetFaultOf(error, deadline.isOver()) }
    }
  } finally {
    deadline.stop()
  }
}

const done = (result: Result<Response, ProblemCode>): Attempt => ({ kind: 'done', result })

/** Ends with the client as well: a target need not finish what nobody waits for. */
const signalOf = (raw: Request, deadline: AbortSignal): AbortSignal =>
  AbortSignal.any([raw.signal, deadline])

/** Octets a second: what a device on an EDGE network manages. Slower bodies are taken for stuck. */
const bodyOctetsPerSecondMin = 16 * 1024

/** A body of a known length is given time to arrive; one without is watched on its way. */
function timeFor({ headers }: Request, timeoutMs: number): number {
  const octets = Number(headers.get('content-length') ?? 0)
  return timeoutMs + Math.ceil((octets / bodyOctetsPerSecondMin) * 1000)
}
