import type { Context, Env, MiddlewareHandler } from 'hono'
import type { Soon } from '#shared/soon.ts'

/** One step of a request's walk: a response ends the walk, undefined lets it go on. */
export type Step<Handed extends Env> = (context: Context<Handed>) => Soon<Response | undefined>

/**
 * Steps one after another as one middleware; behind the last of them the app goes on. Hono's own
 * composition costs each of them three promises at each request.
 * As in that composition, whoever calls it says what the steps hand on.
 *
 * @param behind what is still to be done to an answer that the app made behind these steps
 */
export function inTurn(
  steps: readonly ((context: Context) => Soon<Response | undefined>)[],
  behind?: (context: Context) => void,
): MiddlewareHandler {
  return async (context, next) => {
    for (const step of steps) {
      const soon = step(context)
      const response = soon instanceof Promise ? await soon : soon
      if (response !== undefined) return response
    }
    // Never `return next()`: what that comes to is Hono's own, and no answer.
    await next()
    behind?.(context)
    return undefined
  }
}

/** One middleware around another one: what that answers is there when `outer` comes back to it. */
export function around(outer: MiddlewareHandler, inner: MiddlewareHandler): MiddlewareHandler {
  return (context, next) =>
    outer(context, async () => {
      const response = await inner(context, next)
      if (response !== undefined) context.res = response
    })
}
