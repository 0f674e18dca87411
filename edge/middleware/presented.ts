import { createMiddleware } from 'hono/factory'
import { equalInConstantTime, toUtf8 } from '#shared/bytes.ts'
import type { AppEnv } from '../context.ts'
import { hopHeader, type Hop, type Listener } from '../listener.ts'
import { serviceFault } from '../observe/problem.ts'
import { stripForeign } from '../platforms/strip.ts'

/**
 * First of all: is this request from the TLS terminator, which headers does a client have no say
 * in, and what was presented.
 */
export function presented(listener: Listener) {
  return createMiddleware<AppEnv>(async (context, next) => {
    const request = context.req.raw
    if (!cameOverHop(request.headers, listener.hop)) return serviceFault(421, 'not_from_terminator')
    const { headers, forged } = stripForeign(request.headers, listener.platform)
    headers.delete(hopHeader)
    context.set('headers', headers)
    context.set('forged', forged)
    context.set('presented', await listener.platform.read(request))
    context.set('session', 'none')
    await next()
  })
}

function cameOverHop(headers: Headers, hop: Hop): boolean {
  if (hop.word !== 'secret') return true
  return equalInConstantTime(toUtf8(headers.get(hopHeader) ?? ''), toUtf8(hop.secret))
}
