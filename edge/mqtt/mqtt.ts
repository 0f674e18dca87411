import type { Context } from 'hono'
import { equalBytes } from '#shared/bytes.ts'
import { freshBudget } from '#shared/path/budget.ts'
import type { VerifiedPath } from '#shared/path/candidate-path.ts'
import { checkStanding } from '#shared/path/validate.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import { nameKey } from '#shared/x509/name.ts'
import type { AppEnv, MqttPorts, Ports } from '../context.ts'
import type { Listener } from '../listener.ts'
import { answerProblem } from '../middleware/answer-problem.ts'
import { pump, type Recheck } from './pump.ts'

/**
 * MQTT over WebSocket (MQTT 3.1.1 section 6): the upgrade was decided like any request; after it
 * the worker stays in the path and asks again at every message, so that a session whose
 * certificate is revoked or ends is cut.
 */
export function mqtt(listener: Listener, ports: Ports, { openBroker, acceptWebSocket }: MqttPorts) {
  return async (context: Context<AppEnv>): Promise<Response> => {
    if (context.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      return answerProblem(context, ports, 'websocket_expected')
    }
    const decision = context.get('decision')
    const basis = decision?.outcome === 'accepted' ? decision.basis : undefined
    // Without a verified path there is nothing to ask again: such a session could not be cut.
    if (basis?.kind !== 'path') return answerProblem(context, ports, 'attestation_insufficient')
    const broker = openBroker()
    const { socket, response } = acceptWebSocket()
    pump(socket, broker, recheck(basis.path, listener, ports))
    return response
  }
}

function recheck(path: VerifiedPath, listener: Listener, ports: Ports): Recheck {
  return async () => {
    const store = await ports.trustStore.current()
    if (store === undefined) return 'revocation_unknown'
    const now = ports.clock.now()
    const { verifier, crls } = ports
    const context = { store, policy: listener.policy, now, verifier, crls, budget: freshBudget() }
    const again = await checkStanding(path, context)
    if (!again.ok) return again.error.code
    // An anchor that is trusted no longer trusts nothing.
    return isAnchored(path, store) ? undefined : 'untrusted'
  }
}

function isAnchored({ anchor }: VerifiedPath, store: TrustStore): boolean {
  const named = store.anchorsBySubject.get(nameKey(anchor.subject)) ?? []
  return named.some(({ spki }) => equalBytes(spki, anchor.spki))
}
