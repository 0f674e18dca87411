import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { identityText } from '#shared/identity/identity-text.ts'
import type { Instant } from '#shared/time.ts'
import type { AppEnv, Ports } from '../context.ts'
import type { Listener } from '../listener.ts'
import { readConnectionFacts } from '../observe/connection-facts.ts'
import { jsonLogLine } from '../observe/connection-log-json.ts'
import {
  albLogLine,
  loggedLeaf,
  type ConnectionLogEntry,
  type LoggedLeaf,
} from '../observe/connection-log.ts'
import type { PlatformRequest } from '../platforms/platform.ts'

/**
 * Around everything else: one line and one count for every request, with the decision that was
 * answered, also where the target failed. What is off costs nothing.
 */
export function logged(listener: Listener, ports: Ports) {
  const form = listener.connectionLog
  return createMiddleware<AppEnv>(async (context, next) => {
    try {
      await next()
    } finally {
      if (listener.metrics !== undefined) count(context, listener, ports)
      if (form !== 'off') ports.log(lineOf(form, context, listener, ports.clock.now()))
    }
  })
}

/** One listener has one policy, which goes by its mode. */
const countedBy = ({ platform, mode }: Listener) => ({ platform: platform.name, policy: mode })

function count(context: Context<AppEnv>, listener: Listener, { metrics }: Ports): void {
  const decision = context.get('decision')
  if (decision !== undefined) metrics.countDecision(decision, countedBy(listener))
  metrics.countForged(context.get('forged').length, countedBy(listener))
}

function lineOf(
  form: 'json' | 'alb',
  context: Context<AppEnv>,
  listener: Listener,
  now: Instant,
): string {
  const entry = entryOf(context, listener, now)
  if (form === 'alb') return albLogLine(entry)
  return jsonLogLine(entry, {
    problem: context.get('problem'),
    ...countedBy(listener),
    session: context.get('session'),
    authorization: context.get('authorization'),
    forged: context.get('forged'),
  })
}

function entryOf(
  context: Context<AppEnv>,
  { platform }: Listener,
  now: Instant,
): ConnectionLogEntry {
  const decision = context.get('decision')
  const request: PlatformRequest = context.req.raw
  return {
    at: decision?.evidence.at ?? now,
    connection: readConnectionFacts(platform.name, {
      headers: context.get('headers'),
      cf: request.cf,
    }),
    leaf: leafOf(context),
    decision,
  }
}

/** An accepted leaf is read already. */
function leafOf(context: Context<AppEnv>): LoggedLeaf | undefined {
  const decision = context.get('decision')
  return decision?.outcome === 'accepted'
    ? identityText(decision.identity)
    : loggedLeaf(context.get('presented'))
}
