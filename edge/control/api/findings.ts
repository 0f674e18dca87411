import { createRoute, z } from '@hono/zod-openapi'
import type { ControlPlane } from '../control-plane.ts'
import { mayDo } from '../tokens.ts'
import { allowedStore, requireScope } from './allowed.ts'
import type { Api } from './env.ts'
import { exposition, expositionText } from '#shared/metrics-text.ts'
import { storeFamilies, watchedStore } from './store-families.ts'
import { anchorForm, findingForm, json, namedStore, problems } from './schemas.ts'

/** What will break, or has: of one store, and as metrics of all of them. */
export function addFindings(api: Api, plane: ControlPlane): void {
  api.openapi(found, async (context) => {
    const { name } = context.req.valid('param')
    const { store } = await allowedStore(context, plane, 'read', name)
    return context.json({ findings: [...(await store.findings())] }, 200)
  })

  api.openapi(anchorsShown, async (context) => {
    const { name } = context.req.valid('param')
    const { store } = await allowedStore(context, plane, 'read', name)
    return context.json({ anchors: [...(await store.anchors())] }, 200)
  })

  api.openapi(measured, async (context) => {
    requireScope(context, 'read')
    const rows = await plane.directory.list()
    const names = rows
      .map(({ name }) => name)
      .filter((name) => mayDo(context.get('token'), 'read', name))
    const stores = await Promise.all(names.map((name) => watchedStore(name, plane.store(name))))
    const headers = { 'content-type': exposition, 'cache-control': 'no-store' }
    return context.text(expositionText(storeFamilies(stores)), 200, headers)
  })
}

const found = createRoute({
  method: 'get',
  path: '/trust-stores/{name}/findings',
  summary: 'What will break, or has, at this moment: the most severe first',
  request: namedStore,
  responses: {
    200: json(z.object({ findings: z.array(findingForm) }), 'None where all is well'),
    default: problems,
  },
})

const anchorsShown = createRoute({
  method: 'get',
  path: '/trust-stores/{name}/anchors',
  summary:
    'The anchors in force, and when a device last came in by each, as edges that follow tell',
  request: namedStore,
  responses: {
    200: json(z.object({ anchors: z.array(anchorForm) }), 'In the order of the bundle'),
    default: problems,
  },
})

const measured = createRoute({
  method: 'get',
  path: '/metrics',
  summary: 'Prometheus’ page of the stores that the token is for',
  responses: {
    200: { description: 'Text format 0.0.4', content: { 'text/plain': { schema: z.string() } } },
    default: problems,
  },
})
