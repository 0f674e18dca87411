import type { Context } from 'hono'
import type { Presented } from '#shared/verdict/presented.ts'
import { albNames, writeAlbPassthrough, writeAlbVerify, type HeaderLine } from '#shared/wire/alb.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { AppEnv, Ports } from '../context.ts'
import { hopHeader, type Listener } from '../listener.ts'
import { serviceFault } from '../observe/problem.ts'

/** Hands an admitted request to the target, with the headers that ALB hands over in this mode. */
export function forward(listener: Listener, ports: Ports) {
  return async (context: Context<AppEnv>): Promise<Response> => {
    if (ports.target === undefined) return whoami(context)
    const headers = new Headers(context.get('headers'))
    for (const [name, value] of metadata(listener, context)) headers.set(name, value)
    if (listener.targetHopSecret !== undefined) headers.set(hopHeader, listener.targetHopSecret)
    try {
      return await ports.target(new Request(context.req.raw, { headers }))
    } catch (error) {
      console.error(`the target did not answer: ${String(error)}`)
      return serviceFault(502, 'target_unreachable')
    }
  }
}

function metadata(listener: Listener, context: Context<AppEnv>): readonly HeaderLine[] {
  const presented = context.get('presented')
  switch (listener.mode) {
    case 'off':
      return []
    case 'passthrough':
      return presented.kind === 'chain'
        ? writeAlbPassthrough([presented.leaf, ...presented.intermediates])
        : []
    case 'verify':
      return verifyMetadata(presented)
  }
}

function verifyMetadata(presented: Presented): readonly HeaderLine[] {
  if (presented.kind !== 'chain' && presented.kind !== 'attested') return []
  const leaf = presented.leaf === undefined ? undefined : parseCertificate(presented.leaf)
  if (leaf?.ok !== true) return []
  const written = writeAlbVerify(leaf.value, albNames())
  return written.ok ? written.value : []
}

/** Where no target is configured the app answers by itself: who was let in, and how. */
function whoami(context: Context<AppEnv>): Response {
  const { identity } = context.get('decision') ?? {}
  const session = context.get('session')
  return context.json({ device: identity ?? null, session }, 200, { 'cache-control': 'no-store' })
}
