import { Hono } from 'hono'
import { createApi } from './api/api.ts'
import { addConsole } from './console/console.ts'
import type { AskEdge } from './console/edge-metrics.ts'
import type { ControlPlane } from './control-plane.ts'
import { addElbv2, type Elbv2Options } from './elbv2/elbv2.ts'
import type { ApiToken } from './tokens.ts'

/** Everything that operators speak to, on a host of its own: no device ever gets here. */
export function createControlApp(
  plane: ControlPlane,
  tokens: readonly ApiToken[],
  elbv2?: Elbv2Options,
  askEdge?: AskEdge,
): Hono {
  const app = new Hono()
  app.route('/api/v1', createApi(plane, tokens, askEdge))
  addConsole(app)
  if (elbv2 !== undefined) addElbv2(app, plane, elbv2)
  return app
}
