import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { DeviceIdentity } from '#shared/identity/device-identity.ts'
import { identityText } from '#shared/identity/identity-text.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import type { AppEnv, Ports } from '../context.ts'
import type { Listener } from '../listener.ts'
import { readConnectionFacts } from '../observe/connection-facts.ts'
import { jsonLogLine, type DecisionFacts } from '../observe/connection-log-json.ts'
import {
  albLogLine,
  loggedLeaf,
  type ConnectionFacts,
  type ConnectionLogEntry,
  type LoggedLeaf,
} from '../observe/connection-log.ts'
import type { CountedBy } from '../observe/metrics.ts'
import type { PlatformRequest } from '../platforms/platform.ts'
import type { OnCut } from '../websocket/held-session.ts'

/**
 * Around everything else: one line and one count for every request, with the decision that was
 * answered, also where the target failed. What is off costs nothing.
 */
export function logged(listener: Listener, ports: Ports) {
  return createMiddleware<AppEnv>(async (context, next) => {
    try {
      await next()
    } finally {
      count(context, listener, ports)
      writeLine('request', context.get('decision'), { context, listener, ports })
    }
  })
}

/** One line and one count more for a session that was open since this request and is cut. */
export function cutLogged(listener: Listener, ports: Ports) {
  const { metrics, analytics, clock } = ports
  return (context: Context<AppEnv>): OnCut =>
    (rejection) => {
      const by = countedBy(context, listener)
      if (listener.metrics !== undefined) metrics.countCut(rejection.code, by)
      analytics?.cut(rejection.code, by)
      const epoch = context.get('decision')?.evidence.epoch ?? 0
      const evidence = { at: clock.now(), epoch, signaturesSpent: 0 }
      const decision = { outcome: 'refused', rejection, evidence } as const
      writeLine('session_cut', decision, { context, listener, ports })
    }
}

const countedBy = (context: Context<AppEnv>, { platform }: Listener): CountedBy => ({
  platform: platform.name,
  policy: context.get('listenerPolicy').policyName,
})

function count(context: Context<AppEnv>, listener: Listener, { metrics, analytics }: Ports): void {
  if (analytics === undefined && listener.metrics === undefined) return
  const decision = context.get('decision')
  const forged = context.get('headers').forged().length
  const by = countedBy(context, listener)
  analytics?.request(decision, forged, by)
  if (listener.metrics === undefined) return
  if (decision !== undefined) metrics.countDecision(decision, by)
  metrics.countForged(forged, by)
}

interface Logging {
  readonly context: Context<AppEnv>
  readonly listener: Listener
  readonly ports: Ports
}

function writeLine(
  event: DecisionFacts['event'],
  decision: Decision | undefined,
  { context, listener, ports }: Logging,
): void {
  const form = listener.connectionLog
  if (form === 'off') return
  const at = decision?.evidence.at ?? ports.clock.now()
  const entry = {
    at,
    decision,
    problem: context.get('problem')?.code,
    leaf: leafOf(context),
    connection: connectionOf(context, listener),
  }
  ports.log(form === 'alb' ? albLogLine(entry) : jsonLine(event, entry, context, listener))
}

function jsonLine(
  event: DecisionFacts['event'],
  entry: ConnectionLogEntry,
  context: Context<AppEnv>,
  listener: Listener,
): string {
  return jsonLogLine(entry, {
    event,
    problem: context.get('problem'),
    ...countedBy(context, listener),
    session: context.get('session'),
    target: context.get('target'),
    authorization: context.get('authorization'),
    forged: context.get('headers').forged(),
  })
}

function connectionOf(context: Context<AppEnv>, { platform }: Listener): ConnectionFacts {
  const request: PlatformRequest = context.req.raw
  const { cf, connection } = request
  return readConnectionFacts(platform.name, { headers: context.get('headers'), cf, connection })
}

/** An accepted leaf is read already. As in ALB's lines there is none where nobody looks at certificates. */
function leafOf(context: Context<AppEnv>): LoggedLeaf | undefined {
  if (context.get('listenerPolicy').mode === 'off') return undefined
  const decision = context.get('decision')
  return decision?.outcome === 'accepted'
    ? leafTold(decision.identity)
    : loggedLeaf(context.get('presented'))
}

/** Of identities at hand: a device that comes again and again is one, and its names cost more than its line. */
const toldLeaves = new WeakMap<DeviceIdentity, LoggedLeaf>()

function leafTold(identity: DeviceIdentity): LoggedLeaf {
  const known = toldLeaves.get(identity)
  if (known !== undefined) return known
  const told = identityText(identity)
  toldLeaves.set(identity, told)
  return told
}
