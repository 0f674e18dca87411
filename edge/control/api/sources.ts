import { createRoute, z } from '@hono/zod-openapi'
import type { NewSource, SourceRefusal } from '../../trust-stores/sources/source.ts'
import type { ControlPlane } from '../control-plane.ts'
import { allowedStore } from './allowed.ts'
import type { Api } from './env.ts'
import { ApiProblem } from './problem.ts'
import {
  discoveredForm,
  json,
  namedSource,
  namedStore,
  newSourceForm,
  problems,
  sourceForm,
} from './schemas.ts'

/** Where a store fetches its lists from by itself. */
export function addSources(api: Api, plane: ControlPlane): void {
  api.openapi(listed, async (context) => {
    const { name } = context.req.valid('param')
    const { store } = await allowedStore(context, plane, 'read', name)
    return context.json({ sources: [...(await store.sources())] }, 200)
  })

  api.openapi(added, async (context) => {
    const { name } = context.req.valid('param')
    const { store } = await allowedStore(context, plane, 'write', name)
    const wanted = withoutUndefined(context.req.valid('json'))
    const source = await store.addSource(wanted, context.get('token').name)
    if (source.ok) return context.json(source.value, 201)
    throw refusedSource(source.error)
  })

  api.openapi(discovered, async (context) => {
    const { name } = context.req.valid('param')
    const { store } = await allowedStore(context, plane, 'write', name)
    const found = await store.discoverSources(context.get('token').name)
    if (!found.ok) throw refusedSource(found.error)
    const { added: sources, passed } = found.value
    return context.json({ added: [...sources], passed: [...passed] }, 200)
  })

  api.openapi(asked, async (context) => {
    const { name, id } = context.req.valid('param')
    const { store } = await allowedStore(context, plane, 'revoke', name)
    const source = await store.askSource(id)
    if (source.ok) return context.json(source.value, 200)
    throw refusedSource(source.error)
  })

  api.openapi(removed, async (context) => {
    const { name, id } = context.req.valid('param')
    const { store } = await allowedStore(context, plane, 'write', name)
    const source = await store.removeSource(id, context.get('token').name)
    if (source.ok) return context.body(null, 204)
    throw refusedSource(source.error)
  })
}

function withoutUndefined(wanted: z.infer<typeof newSourceForm>): NewSource {
  const { kind, location, everyMs, allowedHosts } = wanted
  return {
    kind,
    location,
    ...(everyMs !== undefined && { everyMs }),
    ...(allowedHosts !== undefined && { allowedHosts }),
  }
}

const refusedSource = ({ code, because }: SourceRefusal): ApiProblem =>
  new ApiProblem(code, { detail: because })

const listed = createRoute({
  method: 'get',
  path: '/trust-stores/{name}/sources',
  summary: 'Where a trust store fetches lists from, and what came of it',
  request: namedStore,
  responses: {
    200: json(z.object({ sources: z.array(sourceForm) }), 'All of them'),
    default: problems,
  },
})

const added = createRoute({
  method: 'post',
  path: '/trust-stores/{name}/sources',
  summary: 'Adds a source; it is asked at once, and then again and again',
  request: { ...namedStore, body: json(newSourceForm) },
  responses: { 201: json(sourceForm, 'The source'), default: problems },
})

const discovered = createRoute({
  method: 'post',
  path: '/trust-stores/{name}/sources/discover',
  summary: 'Takes the distribution points over that the store’s certificates and lists name',
  request: namedStore,
  responses: {
    200: json(discoveredForm, 'What became sources, and what did not'),
    default: problems,
  },
})

const asked = createRoute({
  method: 'post',
  path: '/trust-stores/{name}/sources/{id}/fetch',
  summary: 'Asks a source now',
  request: namedSource,
  responses: { 200: json(sourceForm, 'The source, with what came of it'), default: problems },
})

const removed = createRoute({
  method: 'delete',
  path: '/trust-stores/{name}/sources/{id}',
  summary: 'Removes a source; the lists that came from it stay',
  request: namedSource,
  responses: { 204: { description: 'It is asked no more' }, default: problems },
})
