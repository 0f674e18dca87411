import { createRoute, z } from '@hono/zod-openapi'
import type { StoreChange } from '../../trust-stores/managed/audit-entry.ts'
import type { ControlPlane } from '../control-plane.ts'
import { scopeOfChange } from '../tokens.ts'
import { allowedStore } from './allowed.ts'
import type { Api } from './env.ts'
import { ApiProblem, refusedChange } from './problem.ts'
import { changeForm, documentForm, headForm, json, namedStore, problems } from './schemas.ts'

/** What is asked of a store, and what was: changes, the document of an epoch, the audit log. */
export function addChanges(api: Api, plane: ControlPlane): void {
  api.openapi(changedBy, async (context) => {
    const { name } = context.req.valid('param')
    const change = withoutUndefined(context.req.valid('json'))
    const { store } = await allowedStore(context, plane, scopeOfChange(change), name)
    const head = await store.change(change, context.get('token').name)
    if (head.ok) return context.json(head.value, 200)
    throw refusedChange(head.error)
  })

  api.openapi(documentOf, async (context) => {
    const { name } = context.req.valid('param')
    const { store } = await allowedStore(context, plane, 'read', name)
    const document = await store.document(context.req.valid('query').epoch)
    if (document === undefined) throw new ApiProblem('epoch_not_found')
    return context.json(document, 200)
  })

  api.openapi(audited, async (context) => {
    const { name } = context.req.valid('param')
    const { store } = await allowedStore(context, plane, 'read', name)
    const { before, limit } = context.req.valid('query')
    const page = before === undefined ? { limit } : { before, limit }
    return context.json({ entries: [...(await store.audit(page))] }, 200)
  })
}

/** A key without a value, as a parser of JSON makes none and a schema may. */
function withoutUndefined(change: z.infer<typeof changeForm>): StoreChange {
  return JSON.parse(JSON.stringify(change)) as StoreChange
}

const changedBy = createRoute({
  method: 'post',
  path: '/trust-stores/{name}/changes',
  summary: 'Changes a trust store: the new head, or why nothing changed',
  request: { ...namedStore, body: json(changeForm) },
  responses: { 200: json(headForm, 'What is in force now'), default: problems },
})

const documentOf = createRoute({
  method: 'get',
  path: '/trust-stores/{name}/document',
  summary: 'Everything a trust store says, now or at an earlier epoch',
  request: {
    ...namedStore,
    query: z.object({ epoch: z.coerce.number().int().positive().optional() }),
  },
  responses: {
    200: json(documentForm, 'The document'),
    default: problems,
  },
})

/** Of the audit log at once. */
const auditPageMax = 1000

const audited = createRoute({
  method: 'get',
  path: '/trust-stores/{name}/audit',
  summary: 'Who asked for what, and what came of it: latest first',
  request: {
    ...namedStore,
    query: z.object({
      before: z.coerce.number().int().positive().optional(),
      limit: z.coerce.number().int().min(1).max(auditPageMax).default(100),
    }),
  },
  responses: {
    200: json(z.object({ entries: z.array(z.looseObject({ id: z.int() })) }), 'A page of it'),
    default: problems,
  },
})
