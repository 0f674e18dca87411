import type { Context } from 'hono'
import { err, ok, type Result } from '#shared/result.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'
import { writeAlbPassthrough, writeAlbVerify, type HeaderLine } from '#shared/wire/alb.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { AppEnv, Ports } from '../context.ts'
import { hopHeader, type Listener } from '../listener.ts'
import { refusal, serviceFault } from '../observe/problem.ts'

/** Hands an admitted request to the target, with the headers that ALB hands over in this mode. */
export function forward(listener: Listener, ports: Ports) {
  return async (context: Context<AppEnv>): Promise<Response> => {
    if (ports.target === undefined) return whoami(context)
    const lines = metadata(listener, context.get('presented'))
    if (!lines.ok) return refusal(lines.error)
    const headers = targetHeaders(listener, context.get('headers'), lines.value)
    try {
      return await ports.target(new Request(context.req.raw, { headers }))
    } catch (error) {
      console.error(`the target did not answer: ${String(error)}`)
      return serviceFault(502, 'target_unreachable')
    }
  }
}

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
  const { identity } = context.get('decision') ?? {}
  const session = context.get('session')
  return context.json({ device: identity ?? null, session }, 200, { 'cache-control': 'no-store' })
}
