import type { Context } from 'hono'
import { equalBytes } from '#shared/bytes.ts'
import { freshBudget } from '#shared/path/budget.ts'
import type { VerifiedPath } from '#shared/path/candidate-path.ts'
import { checkStanding } from '#shared/path/validate.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'
import { albSerial } from '#shared/wire/serial.ts'
import { nameKey } from '#shared/x509/name.ts'
import type { AppEnv, MqttPorts, Ports } from '../context.ts'
import type { ListenerPolicy } from '../listener.ts'
import { answerProblem } from '../middleware/answer-problem.ts'
import { pump, type OnCut, type Recheck } from './pump.ts'

/**
 * MQTT over WebSocket (MQTT 3.1.1 section 6): the upgrade was decided like any request; after it
 * the worker stays in the path and asks again at every message, and where the runtime has a
 * clock that rings also between them, so that a session whose certificate is revoked or ends is cut.
 */
export function mqtt(
  ports: Ports,
  { openBroker, acceptWebSocket, repeat }: MqttPorts,
  onCut?: (context: Context<AppEnv>) => OnCut,
) {
  return async (context: Context<AppEnv>): Promise<Response> => {
    if (context.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      return answerProblem(context, ports, 'websocket_expected')
    }
    const decision = context.get('decision')
    // The policy of this address takes requests without a certificate; this is no place for one.
    if (decision === undefined) return answerProblem(context, ports, 'no_certificate')
    const basis = decision.outcome === 'accepted' ? decision.basis : undefined
    // Without a verified path there is nothing to ask again: such a session could not be cut.
    if (basis?.kind !== 'path') return answerProblem(context, ports, 'attestation_insufficient')
    const broker = openBroker()
    const { socket, response } = acceptWebSocket()
    const asked = recheck(basis.path, context.get('listenerPolicy'), ports)
    pump(socket, broker, asked, repeat, onCut?.(context))
    return response
  }
}

function recheck(path: VerifiedPath, { policy }: ListenerPolicy, ports: Ports): Recheck {
  return async () => {
    const store = await ports.trustStore.current()
    if (store === undefined) return withoutStore(path)
    const now = ports.clock.now()
    const { verifier, crls } = ports
    const context = { store, policy, now, verifier, crls, budget: freshBudget() }
    const again = await checkStanding(path, context)
    if (!again.ok) return again.error
    return checkAnchored(path, store)
  }
}

/** Nobody can say whether it is revoked: not even which lists there are. */
function withoutStore({ certificates: [leaf] }: VerifiedPath): Rejection {
  return { code: 'revocation_unknown', at: 0, serial: albSerial(leaf.serial), gap: 'absent' }
}

/** An anchor that is trusted no longer trusts nothing. */
function checkAnchored(
  { certificates, anchor: { subject, spki } }: VerifiedPath,
  store: TrustStore,
): Rejection | undefined {
  const named = store.anchorsBySubject.get(nameKey(subject)) ?? []
  if (named.some((each) => equalBytes(each.spki, spki))) return undefined
  return { code: 'untrusted', at: certificates.length - 1, issuer: subject }
}
