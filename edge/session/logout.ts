import type { AppEnv, Ports } from '../context.ts'
import { answerProblem } from '../middleware/answer-problem.ts'
import type { Step } from '../middleware/in-turn.ts'
import { clearedCookie } from './token-carrier.ts'

/** Where a device ends its session. */
const logoutPath = '/.well-known/sallyport/logout'

/**
 * Takes the session's cookie away (204). Nothing is kept of a session here, so a token that somebody
 * copied is not ended by this: it stays good beside its certificate alone, for at most the session's
 * time to live. What ends it sooner is the certificate's revocation, or a ring of other keys.
 *
 * Asks for no certificate: a device that is let in no longer may still forget.
 */
export function logout(ports: Pick<Ports, 'random'>): Step<AppEnv> {
  return (context) => {
    if (context.req.path !== logoutPath) return undefined
    // Sessions of a passthrough are the target's to end.
    if (context.get('listenerPolicy').mode === 'passthrough') return undefined
    if (context.req.method !== 'POST') {
      const response = answerProblem(context, ports, 'method_not_allowed')
      response.headers.set('allow', 'POST')
      return response
    }
    const headers = { 'set-cookie': clearedCookie, 'cache-control': 'no-store' }
    return new Response(null, { status: 204, headers })
  }
}
