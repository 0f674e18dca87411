import { Hono } from 'hono'
import type { AppEnv, Ports } from './context.ts'
import type { Listener } from './listener.ts'
import { decided } from './middleware/decided.ts'
import { forward } from './middleware/forward.ts'
import { presented } from './middleware/presented.ts'
import { mqtt } from './mqtt/mqtt.ts'
import { serviceFault } from './observe/problem.ts'

/**
 * The walk of one request through one listener: presented → decided → forwarded. Gateway and target
 * are this same app under different configuration: a gateway has a target behind it, a target has none.
 */
export function createApp(listener: Listener, ports: Ports): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  app.use(presented(listener))
  app.use(decided(listener, ports))
  // Where this listener decides it also stays in the path of MQTT; where it does not, the target does.
  if (listener.mode === 'verify' && ports.mqtt !== undefined) {
    app.get('/mqtt', mqtt(listener, ports, ports.mqtt))
  }
  app.all('*', forward(listener, ports))
  app.onError((error) => {
    console.error(`a request failed: ${error.stack ?? String(error)}`)
    return serviceFault(500, 'misconfigured')
  })
  return app
}
