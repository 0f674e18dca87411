import { Hono } from 'hono'
import type { AppEnv, Ports } from './context.ts'
import type { Listener } from './listener.ts'
import { answerProblem } from './middleware/answer-problem.ts'
import { authorized } from './middleware/authorized.ts'
import { decided } from './middleware/decided.ts'
import { evidenceKeys, evidenceKeysPath } from './middleware/evidence-keys.ts'
import { forward } from './middleware/forward.ts'
import { logged } from './middleware/logged.ts'
import { metricsPage } from './middleware/metrics-page.ts'
import { presented } from './middleware/presented.ts'
import { mqtt } from './mqtt/mqtt.ts'

/**
 * The walk of one request through one listener: presented → decided → authorized → forwarded, with a
 * log line around it. Gateway and target are this same app under different configuration: a gateway
 * has a target behind it, a target has none.
 */
export function createApp(listener: Listener, ports: Ports): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  if (listener.metrics !== undefined) {
    app.use(listener.metrics.path, metricsPage(listener.metrics, listener, ports))
  }
  if (listener.evidence !== undefined) {
    app.get(evidenceKeysPath, evidenceKeys(listener.evidence.ring))
  }
  if (isObserved(listener)) app.use(logged(listener, ports))
  app.use(presented(listener, ports))
  app.use(decided(listener, ports))
  if (listener.authorization !== undefined) app.use(authorized(listener.authorization, ports))
  // Where this listener decides it also stays in the path of MQTT; where it does not, the target does.
  if (listener.mode === 'verify' && ports.mqtt !== undefined) {
    app.get('/mqtt', mqtt(listener, ports, ports.mqtt))
  }
  app.all('*', forward(listener, ports))
  app.onError((error, context) => {
    console.error(`a request failed: ${error.stack ?? String(error)}`)
    return answerProblem(context, ports, 'misconfigured')
  })
  return app
}

const isObserved = ({ connectionLog, metrics }: Listener): boolean =>
  connectionLog !== 'off' || metrics !== undefined
