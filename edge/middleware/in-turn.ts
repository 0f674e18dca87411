import type { Context, Env, MiddlewareHandler } from 'hono'
import type { Soon } from '#shared/soon.ts'

/** One step of a request's walk: a response ends the walk, undefined lets it go on. */
export type Step<Variables extends Env> = (
  context: Context<Variables>,
) => Soon<Response | undefined>

/**
 * Steps one after another as one middleware; behind the last of them the app goes on. Hono's own
 * composition costs each of them three promises, which together took longer than most decisions.
 *
 * @param behind what is still to be done to an answer that the app made behind these steps
 */
export function inTurn<Variables extends Env>(
  steps: readonly Step<Variables>[],
  behind?: (context: Context<Variables>) => void,
): MiddlewareHandler<Variables> {
  return async (context, next) => {
    for (const step of steps) {
      const soon = step(context)
      const response = soon instanceof Promise ? await soon : soon
      if (response !== undefined) return response
    }
    await next()
    behind?.(context)
    return undefined
  }
}
