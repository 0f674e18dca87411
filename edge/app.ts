import { Hono } from 'hono'
import type { AppEnv, Ports } from './context.ts'
import { crlPage, crlPath } from './enrollment/crl-page.ts'
import { createEstServer, estPath } from './enrollment/est/server.ts'
import { registered } from './enrollment/first-connections.ts'
import type { Listener } from './listener.ts'
import { answerProblem } from './middleware/answer-problem.ts'
import { authorized } from './middleware/authorized.ts'
import { chosen } from './middleware/chosen.ts'
import { decided, giveToken } from './middleware/decided.ts'
import { evidenceKeys, evidenceKeysPath } from './middleware/evidence-keys.ts'
import { forward } from './middleware/forward.ts'
import { identified } from './middleware/identified.ts'
import { inTurn, type Step } from './middleware/in-turn.ts'
import { cutLogged, logged } from './middleware/logged.ts'
import { metricsPage } from './middleware/metrics-page.ts'
import { presented } from './middleware/presented.ts'
import { mqtt } from './mqtt/mqtt.ts'
import { decidesAnywhere } from './policies/choose.ts'
import { logout } from './session/logout.ts'

/**
 * The walk of one request through one listener: presented → a policy chosen → decided → authorized →
 * forwarded, with a log line around it. Gateway and target are this same app under different
 * configuration: a gateway has a target behind it, a target has none.
 */
export function createApp(listener: Listener, ports: Ports): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  if (listener.metrics !== undefined) {
    app.use(listener.metrics.path, metricsPage(listener.metrics, listener, ports))
  }
  if (listener.evidence !== undefined) {
    app.get(evidenceKeysPath, evidenceKeys(listener.evidence.ring))
  }
  if (isObserved(listener, ports)) app.use(logged(listener, ports))
  addEnrolment(app, listener, ports)
  app.use(inTurn(stepsOf(listener, ports), listener.session && giveToken))
  // Where this listener decides it also stays in the path of MQTT; where it does not, the target does.
  if (decidesAnywhere(listener) && ports.mqtt !== undefined) {
    const upgrade = mqtt(ports, ports.mqtt, cutLogged(listener, ports))
    app.get('/mqtt', (context, next) =>
      context.get('listenerPolicy').mode === 'verify' ? upgrade(context) : next(),
    )
  }
  app.all('*', forward(listener, ports))
  app.onError((error, context) => {
    console.error(`a request failed: ${error.stack ?? String(error)}`)
    return answerProblem(context, ports, 'misconfigured')
  })
  return app
}

/** A device that enrols has no certificate of ours yet: it is let in here before any policy refuses it. */
function addEnrolment(app: Hono<AppEnv>, listener: Listener, ports: Ports): void {
  if (listener.enrolment === undefined) return
  if (ports.enrolment === undefined) {
    throw new Error(
      'ENROLLMENT needs a registry of devices: --registry <dir>, or the binding REGISTRY',
    )
  }
  const first = inTurn([presented(listener, ports)])
  app.use(`${estPath}/*`, first)
  app.use(`${crlPath}/*`, first)
  app.route('/', createEstServer(listener, listener.enrolment, ports, ports.enrolment))
  app.get(`${crlPath}/*`, crlPage(listener.enrolment, ports, ports.enrolment))
}

/** Up to where a request goes on. */
function stepsOf(listener: Listener, ports: Ports): readonly Step<AppEnv>[] {
  const { session, tokens, authorization, enrolment } = listener
  return [
    presented(listener, ports),
    chosen(listener, ports),
    ...(session === undefined ? [] : [logout(ports)]),
    decided(listener, ports),
    ...(enrolment?.firstConnections === undefined || ports.enrolment === undefined
      ? []
      : [registered(enrolment.firstConnections, enrolment, ports, ports.enrolment)]),
    ...(tokens === undefined ? [] : [identified(tokens, ports)]),
    ...(authorization === undefined ? [] : [authorized(authorization, ports)]),
  ]
}

const isObserved = ({ connectionLog, metrics }: Listener, { analytics }: Ports): boolean =>
  connectionLog !== 'off' || metrics !== undefined || analytics !== undefined
