import { normalisePath } from '#shared/authorization/normalise-path.ts'
import type { AppEnv, Ports } from '../context.ts'
import type { Listener } from '../listener.ts'
import { choosePolicy } from '../policies/choose.ts'
import { answerProblem } from './answer-problem.ts'
import type { Step } from './in-turn.ts'

/**
 * Which policy is this request's. Its path is normalised here, once, for all that asks about it; the
 * same path goes on to the target, so that no other spelling of it finds a laxer policy.
 */
export function chosen(listener: Listener, ports: Pick<Ports, 'random'>): Step<AppEnv> {
  return (context) => {
    if (listener.paths === undefined) return undefined
    const url = new URL(context.req.url)
    const path = normalisePath(url.pathname, listener.paths)
    if (!path.ok) return answerProblem(context, ports, 'request_malformed')
    context.set('path', path.value)
    context.set('listenerPolicy', choosePolicy(listener, url.hostname, path.value))
    if (path.value !== url.pathname) {
      // Set, and never resolved: see `urlAtTarget`.
      url.pathname = path.value
      context.set('address', url.href)
    }
    return undefined
  }
}
