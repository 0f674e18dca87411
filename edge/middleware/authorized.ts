import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { authorize, type AskProvider } from '#shared/authorization/authorize.ts'
import { toAuthorizationRequest, type RequestFacts } from '#shared/authorization/request.ts'
import { parseSpiffeId, type SpiffeId } from '#shared/authorization/spiffe-id.ts'
import type { AppEnv, Ports } from '../context.ts'
import type { Listener } from '../listener.ts'
import { answerProblem } from './answer-problem.ts'

/**
 * Behind the decision: whether this device may do this. The path that was asked about is the one
 * that goes on to the target.
 */
export function authorized(
  { policies, paths }: NonNullable<Listener['authorization']>,
  ports: Ports,
) {
  return createMiddleware<AppEnv>(async (context, next) => {
    const url = new URL(context.req.url)
    const request = toAuthorizationRequest(factsOf(context, url), paths)
    if (!request.ok) return answerProblem(context, ports, 'request_malformed')
    const authorization = await authorize(policies, request.value, noProvider)
    context.set('authorization', authorization)
    if (authorization.outcome === 'denied') return answerProblem(context, ports, 'not_authorized')
    if (request.value.path !== url.pathname) {
      // Set, and never resolved: see `urlAtTarget`.
      url.pathname = request.value.path
      context.set('address', url.href)
    }
    return next()
  })
}

function factsOf(context: Context<AppEnv>, { host, pathname, search }: URL): RequestFacts {
  return {
    peer: peerOf(context),
    method: context.req.method,
    host,
    target: pathname + search,
    header: (name) => context.get('headers').get(name) ?? undefined,
    claims: undefined,
  }
}

function peerOf(context: Context<AppEnv>): SpiffeId | undefined {
  const decision = context.get('decision')
  if (decision?.outcome !== 'accepted' || decision.identity.spiffeId === undefined) return undefined
  const id = parseSpiffeId(decision.identity.spiffeId)
  return id.ok ? id.value : undefined
}

/** CUSTOM policies are refused when they are read: were one here, it would deny. */
const noProvider: AskProvider = async () => 'unavailable'
