import type { Context } from 'hono'
import type { AppEnv, MqttPorts, Ports } from '../context.ts'
import { answerProblem } from '../middleware/answer-problem.ts'
import type { OnCut } from '../websocket/held-session.ts'
import { pathOf, recheckOf } from '../websocket/recheck.ts'
import { pump } from './pump.ts'

/**
 * MQTT over WebSocket (MQTT 3.1.1 section 6): the upgrade was decided like any request; after it
 * the worker stays in the path and asks again at every message, and where the runtime has a
 * clock that rings also between them, so that a session whose certificate is revoked or ends is cut.
 */
export function mqtt(
  ports: Ports,
  { openBroker, acceptWebSocket }: MqttPorts,
  onCut?: (context: Context<AppEnv>) => OnCut,
) {
  return async (context: Context<AppEnv>): Promise<Response> => {
    if (context.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      return answerProblem(context, ports, 'websocket_expected')
    }
    const decision = context.get('decision')
    // The policy of this address takes requests without a certificate; this is no place for one.
    if (decision === undefined) return answerProblem(context, ports, 'no_certificate')
    const path = pathOf(decision)
    if (path === undefined) return answerProblem(context, ports, 'attestation_insufficient')
    const broker = openBroker()
    const { socket, response } = acceptWebSocket()
    const recheck = recheckOf(path, context.get('listenerPolicy'), ports)
    pump(socket, broker, { recheck, repeat: ports.repeat, onCut: onCut?.(context) })
    return response
  }
}
