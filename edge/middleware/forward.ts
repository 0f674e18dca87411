import type { Context } from 'hono'
import type { Bytes } from '#shared/bytes.ts'
import { identityText } from '#shared/identity/identity-text.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'
import { writeAlbPassthrough, writeAlbVerify, type HeaderLine } from '#shared/wire/alb.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { AppEnv, Ports } from '../context.ts'
import { evidenceHeader } from '../evidence/claims.ts'
import { hopHeader, type Listener, type ListenerPolicy } from '../listener.ts'
import type { ProblemCode } from '../observe/problem.ts'
import type { PlatformRequest } from '../platforms/platform.ts'
import { runtimeAfter } from '../routing/deadline.ts'
import { deliver, type MakeRequest } from '../routing/deliver.ts'
import { removeHopByHop, writeForwarded } from '../routing/forwarded-headers.ts'
import type { RoutedRequest } from '../routing/match-rule.ts'
import { createRouter } from '../routing/router.ts'
import { areHeadersTooLarge } from '../routing/size-limits.ts'
import { sourceAddress } from '../routing/source-address.ts'
import type { Target } from '../routing/target.ts'
import { writeTraceContext } from '../routing/trace-context.ts'
import { pathOf, recheckOf } from '../websocket/recheck.ts'
import { takePathOf } from '../websocket/switched.ts'
import { answerProblem } from './answer-problem.ts'
import { cutLogged } from './logged.ts'
import { signed } from './signed.ts'

/**
 * Hands an admitted request to a target, with the headers that ALB hands over in this mode. Throws an
 * Error where the listener's targets cannot be opened.
 */
export function forward(listener: Listener, ports: Ports) {
  const router = createRouter(listener.forwarding.routing, ports)
  if (router === undefined) return whoami
  const limits = { ...listener.forwarding, after: ports.after ?? runtimeAfter }
  const onCut = cutLogged(listener, ports)
  return async (context: Context<AppEnv>): Promise<Response> => {
    const headers = context.get('headers').copy()
    if (areHeadersTooLarge(headers)) return answerProblem(context, ports, 'headers_too_large')
    if (couldNotBeCut(context)) return answerProblem(context, ports, 'attestation_insufficient')
    const facts = factsOf(context, listener, headers)
    const route = router(facts, () => deviceOf(context))
    if (route.kind === 'answered') return route.response
    const lines = metadata(context.get('listenerPolicy'), context.get('presented'))
    if (!lines.ok) return answerProblem(context, ports, lines.error)
    writeTargetHeaders(listener, ports, facts, lines.value)
    const { group } = route
    context.set('target', { group, name: undefined })
    const make: MakeRequest = (target, init) => {
      context.set('target', { group, name: target.name })
      return outgoing(context, listener, ports, { target, headers, ...init })
    }
    const response = await deliver(context.req.raw, route.pool, make, limits)
    return response.ok
      ? held(response.value, context, ports, onCut)
      : answerProblem(context, ports, response.error)
  }
}

/** Where a session would be decided on, and there would be nothing to ask again while it is open. */
function couldNotBeCut(context: Context<AppEnv>): boolean {
  const decision = context.get('decision')
  if (decision === undefined || pathOf(decision) !== undefined) return false
  return context.get('headers').get('upgrade')?.toLowerCase() === 'websocket'
}

/**
 * Stays in the path of a WebSocket that was decided here, so that it is cut when it would no longer
 * be let in. Throws an Error where a target agrees to one in a way that cannot be held.
 */
function held(
  response: Response,
  context: Context<AppEnv>,
  ports: Ports,
  onCut: ReturnType<typeof cutLogged>,
): Response {
  const decision = context.get('decision')
  if (decision === undefined) return response
  const [take, path] = [takePathOf(response), pathOf(decision)]
  if (take === undefined && response.status !== 101) return response
  if (take === undefined || path === undefined) {
    throw new Error('a target agreed to an upgrade that cannot be held: open it by `openTarget`')
  }
  const recheck = recheckOf(path, context.get('listenerPolicy'), ports)
  return take({ recheck, repeat: ports.repeat, onCut: onCut(context) })
}

/** What rules ask of this request. */
function factsOf(
  context: Context<AppEnv>,
  { platform }: Listener,
  headers: Headers,
): RoutedRequest {
  const { raw } = context.req
  const request: PlatformRequest = raw
  return {
    method: raw.method,
    url: new URL(context.get('address') ?? raw.url),
    headers,
    source: sourceAddress(platform.name, { headers, connection: request.connection }),
  }
}

/** A name that a device keeps when its certificate is renewed. */
function deviceOf(context: Context<AppEnv>): string | undefined {
  const decision = context.get('decision')
  if (decision?.outcome !== 'accepted') return undefined
  const { spiffeId, issuer, subject } = identityText(decision.identity)
  return spiffeId ?? `${issuer}\n${subject}`
}

interface Outgoing {
  readonly target: Target
  readonly headers: Headers
  readonly signal: AbortSignal
  /** Undefined: the request's own. */
  readonly body: ReadableStream<Uint8Array> | undefined
}

/** The request as it goes on, with evidence where this listener signs any. */
async function outgoing(
  context: Context<AppEnv>,
  { evidence }: Listener,
  ports: Ports,
  { target, headers, signal, body }: Outgoing,
): Promise<Result<Request, ProblemCode>> {
  const { raw } = context.req
  const to = context.get('address')
  const send = (own: Body): Request => {
    const init = own === undefined ? {} : { body: own, duplex: 'half' as const }
    return addressed(new Request(raw, { headers, signal, ...init }), to)
  }
  // What was not decided is not signed.
  if (evidence === undefined || context.get('decision') === undefined) return ok(send(body))
  const proof = await signed(context, evidence, ports, target.addressOf(to ?? raw.url))
  if (!proof.ok) return proof
  headers.set(evidenceHeader, proof.value.evidence)
  // A body that was read to be signed had a length, and so was not counted.
  return ok(send(proof.value.body ?? body))
}

/** Undefined: the request's own. */
type Body = Bytes | ReadableStream<Uint8Array> | undefined

const addressed = (request: Request, to: string | undefined): Request =>
  to === undefined ? request : new Request(to, request)

/**
 * Of the client's headers, none that speak of certificates but our own, the way here, and the hop's
 * secret: a request's facts become its target's.
 */
function writeTargetHeaders(
  { platform, hop, forwarding, targetHopSecret, renamed }: Listener,
  { clock, random }: Ports,
  { headers, url, source }: RoutedRequest,
  lines: readonly HeaderLine[],
): void {
  removeHopByHop(headers)
  // Read already: what the target may believe is written anew, under the names that it knows.
  for (const name of platform.ownHeaders) headers.delete(name)
  const entered = hop.word === 'runtime' ? 'here' : 'before'
  writeForwarded(headers, { mode: forwarding.xff, source, entered, requested: url })
  writeTraceContext(headers, clock.now(), random)
  for (const [name, value] of lines) headers.set(renamed?.get(name) ?? name, value)
  if (targetHopSecret !== undefined) headers.set(hopHeader, targetHopSecret)
}

/** What the target is told of the certificate; a refusal where it could only be told a half-truth. */
function metadata(
  { mode, certificate }: ListenerPolicy,
  presented: Presented,
): Result<readonly HeaderLine[], RejectionCode> {
  switch (mode) {
    case 'off':
      return ok([])
    case 'passthrough':
      return passthroughMetadata(presented)
    case 'verify':
      // Let in without one: nothing to tell.
      if (certificate === 'optional' && presented.kind === 'none') return ok([])
      return verifyMetadata(presented)
  }
}

/** A certificate that cannot be passed through is refused by name: to the target it would look like none. */
function passthroughMetadata(presented: Presented): Result<readonly HeaderLine[], RejectionCode> {
  switch (presented.kind) {
    case 'none':
      return ok([])
    case 'chain':
      return ok(writeAlbPassthrough([presented.leaf, ...presented.intermediates]))
    case 'attested':
      if (presented.leaf === undefined) return err('attestation_insufficient')
      return ok(writeAlbPassthrough([presented.leaf]))
    case 'withheld':
      return err('certificate_withheld')
    case 'malformed':
      return err('presentation_malformed')
  }
}

function verifyMetadata(presented: Presented): Result<readonly HeaderLine[], RejectionCode> {
  if (presented.kind !== 'chain' && presented.kind !== 'attested') return err('no_certificate')
  if (presented.leaf === undefined) return err('attestation_insufficient')
  const written = leafLines.get(presented.leaf) ?? writeLeafLines(presented.leaf)
  leafLines.set(presented.leaf, written)
  return written
}

/**
 * The lines of leaves that are at hand: platforms hand over the same octets for one connection or one
 * text of a header, and let go of them in their own time. Writing them costs as much as deciding.
 */
const leafLines = new WeakMap<Bytes, Result<readonly HeaderLine[], RejectionCode>>()

/** ALB writes all five headers or none; an admitted leaf that has no such form goes no further. */
function writeLeafLines(der: Bytes): Result<readonly HeaderLine[], RejectionCode> {
  const leaf = parseCertificate(der)
  if (!leaf.ok) return err('malformed_certificate')
  const written = writeAlbVerify(leaf.value)
  if (written.ok) return written
  const { field, expected } = written.error
  console.error(`an admitted leaf cannot be forwarded: its ${field} is not ${expected}`)
  return err('malformed_certificate')
}

/** Where no target is configured the app answers by itself: who was let in, and how. */
function whoami(context: Context<AppEnv>): Response {
  const decision = context.get('decision')
  const device = decision?.outcome === 'accepted' ? identityText(decision.identity) : null
  const session = context.get('session')
  return context.json({ device, session }, 200, { 'cache-control': 'no-store' })
}
