import type { TokenBearer } from '#shared/authorization/token-rule.ts'
import type { Tokens } from '../authorization/tokens.ts'
import type { AppEnv, Ports } from '../context.ts'
import { answerProblem } from './answer-problem.ts'
import type { Step } from './in-turn.ts'

/**
 * Behind the decision, before policies: whose token a request bears beside its certificate. One that is
 * not right is refused, whatever the certificate; without one the request is nobody's more.
 */
export function identified(tokens: Tokens, ports: Pick<Ports, 'clock' | 'random'>): Step<AppEnv> {
  return async (context) => {
    const headers = context.get('headers')
    const { searchParams } = new URL(context.req.url)
    const bearer: TokenBearer = {
      header: (name) => headers.get(name) ?? undefined,
      params: (name) => searchParams.getAll(name),
      cookies: (name) => cookiesOf(headers.get('cookie') ?? '', name),
    }
    const claims = await tokens.claimsOf(bearer, ports.clock.now())
    if (!claims.ok) return answerProblem(context, ports, claims.error)
    context.set('claims', claims.value)
    return undefined
  }
}

/** Every cookie of a name (RFC 6265 4.2.1): whoever reads them by names alone sees one of them. */
function cookiesOf(cookie: string, name: string): readonly string[] {
  const pairs = cookie.split(';').map((pair) => pair.trim())
  return pairs.flatMap((pair) => (pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []))
}
