import { Hono } from 'hono'
import { createApi } from './api/api.ts'
import type { ControlPlane } from './control-plane.ts'
import type { ApiToken } from './tokens.ts'

/** Everything that operators speak to, on a host of its own: no device ever gets here. */
export function createControlApp(plane: ControlPlane, tokens: readonly ApiToken[]): Hono {
  const app = new Hono()
  app.route('/api/v1', createApi(plane, tokens))
  return app
}
