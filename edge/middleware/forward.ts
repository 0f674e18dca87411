import type { Context } from 'hono'
import { identityText } from '#shared/identity/identity-text.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'
import { writeAlbPassthrough, writeAlbVerify, type HeaderLine } from '#shared/wire/alb.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { AppEnv, Ports } from '../context.ts'
import { evidenceHeader } from '../evidence/claims.ts'
import { hopHeader, type Listener } from '../listener.ts'
import type { ProblemCode } from '../observe/problem.ts'
import { answerProblem } from './answer-problem.ts'
import { signed } from './signed.ts'

/** Hands an admitted request to the target, with the headers that ALB hands over in this mode. */
export function forward(listener: Listener, ports: Ports) {
  return async (context: Context<AppEnv>): Promise<Response> => {
    if (ports.target === undefined) return whoami(context)
    const lines = metadata(listener, context.get('presented'))
    if (!lines.ok) return answerProblem(context, ports, lines.error)
    const headers = targetHeaders(listener, context.get('headers'), lines.value)
    const request = await outgoing(context, listener, ports, headers)
    if (!request.ok) return answerProblem(context, ports, request.error)
    try {
      return await ports.target(request.value)
    } catch (error) {
      console.error(`the target did not answer: ${String(error)}`)
      return answerProblem(context, ports, 'target_unreachable')
    }
  }
}

/** The request as it goes on, with evidence where this listener signs any. */
async function outgoing(
  context: Context<AppEnv>,
  { evidence }: Listener,
  ports: Ports,
  headers: Headers,
): Promise<Result<Request, ProblemCode>> {
  const { raw } = context.req
  const to = context.get('address')
  if (evidence === undefined) return ok(addressed(new Request(raw, { headers }), to))
  const requested = to ?? raw.url
  const address = ports.addressAtTarget?.(requested) ?? new URL(requested)
  const proof = await signed(context, evidence, ports, address)
  if (!proof.ok) return proof
  headers.set(evidenceHeader, proof.value.evidence)
  const { body } = proof.value
  return ok(addressed(new Request(raw, body === undefined ? { headers } : { headers, body }), to))
}

const addressed = (request: Request, to: string | undefined): Request =>
  to === undefined ? request : new Request(to, request)

/** The client's headers, none that speak of certificates but our own, and the hop's secret. */
function targetHeaders(
  { platform, targetHopSecret }: Listener,
  clientHeaders: Headers,
  lines: readonly HeaderLine[],
): Headers {
  const headers = new Headers(clientHeaders)
  // Read already: what the target may believe is written anew, under the names that it knows.
  for (const name of platform.ownHeaders) headers.delete(name)
  for (const [name, value] of lines) headers.set(name, value)
  if (targetHopSecret !== undefined) headers.set(hopHeader, targetHopSecret)
  return headers
}

/** What the target is told of the certificate; a refusal where it could only be told a half-truth. */
function metadata(
  { mode }: Listener,
  presented: Presented,
): Result<readonly HeaderLine[], RejectionCode> {
  switch (mode) {
    case 'off':
      return ok([])
    case 'passthrough':
      return passthroughMetadata(presented)
    case 'verify':
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

/** ALB writes all five headers or none; an admitted leaf that has no such form goes no further. */
function verifyMetadata(presented: Presented): Result<readonly HeaderLine[], RejectionCode> {
  if (presented.kind !== 'chain' && presented.kind !== 'attested') return err('no_certificate')
  if (presented.leaf === undefined) return err('attestation_insufficient')
  const leaf = parseCertificate(presented.leaf)
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
