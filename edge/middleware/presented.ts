import { equalTextsInConstantTime } from '#shared/bytes.ts'
import { after } from '#shared/soon.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { AppEnv, Ports } from '../context.ts'
import { hopHeader, type Hop, type Listener } from '../listener.ts'
import { remembered } from '../platforms/remembered.ts'
import { answerProblem } from './answer-problem.ts'
import type { Step } from './in-turn.ts'
import { requestHeaders } from './request-headers.ts'

/**
 * First of all: is this request from the TLS terminator, which headers does a client have no say
 * in, and what was presented.
 */
export function presented(listener: Listener, ports: Ports): Step<AppEnv> {
  const read = remembered(listener.platform)
  return (context) => {
    const request = context.req.raw
    context.set('session', 'none')
    context.set('presented', nothing)
    context.set('listenerPolicy', listener)
    if (!cameOverHop(request.headers, listener.hop)) {
      // Whoever wrote this request: nothing in it is believed, in a log neither.
      context.set('headers', requestHeaders(new Headers(), listener.platform))
      return answerProblem(context, ports, 'not_from_terminator')
    }
    context.set('headers', requestHeaders(request.headers, listener.platform, hopHeader))
    return after(read(request), (found) => {
      context.set('presented', found)
      return undefined
    })
  }
}

/** Until it is read. */
const nothing: Presented = { kind: 'none' }

function cameOverHop(headers: Headers, hop: Hop): boolean {
  if (hop.word !== 'secret') return true
  return equalTextsInConstantTime(headers.get(hopHeader) ?? '', hop.secret)
}
