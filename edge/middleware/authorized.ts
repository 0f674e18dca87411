import type { Context } from 'hono'
import { authorize } from '#shared/authorization/authorize.ts'
import { toAuthorizationRequest, type RequestFacts } from '#shared/authorization/request.ts'
import { parseSpiffeId, type SpiffeId } from '#shared/authorization/spiffe-id.ts'
import type { AppEnv, Ports } from '../context.ts'
import type { Authorizing } from '../listener.ts'
import { answerProblem } from './answer-problem.ts'
import type { Step } from './in-turn.ts'

/**
 * Behind the decision: whether this device may do this. Asked on every path, also where the chosen
 * policy decides nothing: the request is nobody's there.
 */
export function authorized(
  { policies, ask }: Authorizing,
  ports: Pick<Ports, 'random'>,
): Step<AppEnv> {
  return async (context) => {
    const { host, pathname } = new URL(context.req.url)
    // Normalised already, once for everything that asks.
    const target = context.get('path') ?? pathname
    const request = toAuthorizationRequest(factsOf(context, host, target), 'none')
    if (!request.ok) return answerProblem(context, ports, 'request_malformed')
    const authorization = await authorize(policies, request.value, ask)
    context.set('authorization', authorization)
    if (authorization.outcome === 'denied') return answerProblem(context, ports, 'not_authorized')
    return undefined
  }
}

function factsOf(context: Context<AppEnv>, host: string, target: string): RequestFacts {
  return {
    peer: peerOf(context),
    method: context.req.method,
    host,
    target,
    header: (name) => context.get('headers').get(name) ?? undefined,
    claims: context.get('claims'),
  }
}

function peerOf(context: Context<AppEnv>): SpiffeId | undefined {
  const decision = context.get('decision')
  if (decision?.outcome !== 'accepted' || decision.identity.spiffeId === undefined) return undefined
  const id = parseSpiffeId(decision.identity.spiffeId)
  return id.ok ? id.value : undefined
}
