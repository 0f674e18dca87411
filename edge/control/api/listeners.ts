import { createRoute, z } from '@hono/zod-openapi'
import type { ControlPlane } from '../control-plane.ts'
import { mayDo } from '../tokens.ts'
import { requireScope } from './allowed.ts'
import type { Api } from './env.ts'
import { ApiProblem } from './problem.ts'
import { json, problems } from './schemas.ts'

/**
 * What a listener of the ELBv2 API says, for gateways that no binding leads here. A token that is not
 * for the listener's store is not told whether there is such a listener.
 */
export function addListeners(api: Api, plane: ControlPlane): void {
  api.openapi(shown, async (context) => {
    const { name } = context.req.valid('param')
    requireScope(context, 'read')
    const settings = await plane.directory.settings(name)
    if (settings !== undefined && mayDo(context.get('token'), 'read', settings.trustStore)) {
      return context.json(settings, 200)
    }
    throw new ApiProblem('listener_not_found', {
      detail: `there is no listener ${name} that this token is for`,
    })
  })
}

/** A header's name, as ALB bounds those of its attributes. */
const headerName = z.string().min(1).max(256)

const settingsForm = z
  .object({
    id: z.string(),
    version: z.int().positive(),
    mode: z.enum(['off', 'passthrough', 'verify']),
    trustStore: z.string().optional(),
    ignoreExpiry: z.boolean(),
    renamed: z.object({
      chain: headerName.optional(),
      serialNumber: headerName.optional(),
      issuer: headerName.optional(),
      subject: headerName.optional(),
      validity: headerName.optional(),
      leaf: headerName.optional(),
      tlsVersion: headerName.optional(),
      tlsCipherSuite: headerName.optional(),
    }),
  })
  .openapi('ListenerSettings')

const shown = createRoute({
  method: 'get',
  path: '/listeners/{name}',
  summary: 'What a listener says: mode, trust store, leave for expired certificates, header names',
  request: {
    params: z.object({
      name: z.string().min(1).max(512).openapi({ description: 'ARN, or a name like fleet:443.' }),
    }),
  },
  responses: { 200: json(settingsForm, 'Its settings'), default: problems },
})
