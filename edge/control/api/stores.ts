import { createRoute, z } from '@hono/zod-openapi'
import { toldAnchorsMax } from '../../trust-stores/managed/anchor-use.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { TrustStoreRow } from '../directory.ts'
import { deleteStore, makeStore } from '../stores.ts'
import { mayDo } from '../tokens.ts'
import { allowedStore, requireScope } from './allowed.ts'
import type { Api } from './env.ts'
import { ApiProblem, refusedChange } from './problem.ts'
import { fileName, json, namedStore, problems, storeForm, storeName } from './schemas.ts'

/** Trust stores: list, make, look, delete. */
export function addStores(api: Api, plane: ControlPlane): void {
  const described = async (row: TrustStoreRow) => {
    const head = await plane.store(row.name).head()
    // ALB's words: a store whose first bundle is not taken yet.
    return {
      ...row,
      status: head === undefined ? 'CREATING' : 'ACTIVE',
      ...(head && { head }),
    } as const
  }

  api.openapi(listed, async (context) => {
    requireScope(context, 'read')
    const rows = await plane.directory.list()
    const visible = rows.filter(({ name }) => mayDo(context.get('token'), 'read', name))
    return context.json({ trustStores: await Promise.all(visible.map(described)) }, 200)
  })

  api.openapi(made, async (context) => {
    const { name, bundle } = context.req.valid('json')
    requireScope(context, 'admin', name)
    const store = await makeStore(plane, { name, bundle, by: context.get('token').name })
    if (store.ok) return context.json(await described(store.value.row), 201)
    if (store.error.kind === 'directory') throw new ApiProblem(store.error.code)
    throw refusedChange(store.error.refusal)
  })

  api.openapi(shown, async (context) => {
    const { row } = await allowedStore(context, plane, 'read', context.req.valid('param').name)
    const { anchorsUsed } = context.req.valid('query')
    if (anchorsUsed !== undefined) await plane.store(row.name).noteAnchors(anchorsUsed.split(','))
    return context.json(await described(row), 200)
  })

  api.openapi(deleted, async (context) => {
    const { row } = await allowedStore(context, plane, 'admin', context.req.valid('param').name)
    const gone = await deleteStore(plane, row, context.get('token').name)
    if (gone.ok) return context.body(null, 204)
    throw new ApiProblem(gone.error, { detail: `a listener decides by ${row.name}` })
  })
}

const listed = createRoute({
  method: 'get',
  path: '/trust-stores',
  summary: 'The trust stores that the token is for',
  responses: {
    200: json(z.object({ trustStores: z.array(storeForm) }), 'All of them'),
    default: problems,
  },
})

const made = createRoute({
  method: 'post',
  path: '/trust-stores',
  summary: 'Makes a trust store of a CA bundle',
  request: { body: json(z.strictObject({ name: storeName, bundle: fileName })) },
  responses: { 201: json(storeForm, 'The store'), default: problems },
})

/** What an edge that follows the store tells along, at most once a day of each anchor. */
const anchorsUsed = z
  .string()
  .regex(new RegExp(`^[0-9a-f]{64}(?:,[0-9a-f]{64}){0,${toldAnchorsMax - 1}}$`))
  .describe(
    'Keys of anchors that devices came in by: SHA-256 of their SubjectPublicKeyInfo, hexadecimal, between commas',
  )

const shown = createRoute({
  method: 'get',
  path: '/trust-stores/{name}',
  summary: 'One trust store',
  request: { ...namedStore, query: z.object({ anchorsUsed: anchorsUsed.optional() }) },
  responses: { 200: json(storeForm, 'The store'), default: problems },
})

const deleted = createRoute({
  method: 'delete',
  path: '/trust-stores/{name}',
  summary: 'Deletes a trust store; whoever follows it lets nobody in any more',
  request: namedStore,
  responses: { 204: { description: 'It is gone' }, default: problems },
})
