import { createRoute, z } from '@hono/zod-openapi'
import { loadObject, storeAndRelease } from '../../trust-stores/managed/objects.ts'
import type { ControlPlane } from '../control-plane.ts'
import { requireScope } from './allowed.ts'
import type { Api } from './env.ts'
import { ApiProblem } from './problem.ts'
import { fileName, json, problems } from './schemas.ts'

/** The largest list that a store takes, and a little more. */
export const fileOctetsMax = 65 * 1024 * 1024

/** Files, stored before a change names them. A file alone changes nothing. */
export function addFiles(api: Api, plane: ControlPlane): void {
  api.openapi(stored, async (context) => {
    requireScope(context, 'revoke')
    const octets = new Uint8Array(await context.req.arrayBuffer())
    if (octets.length === 0) {
      throw new ApiProblem('request_malformed', { detail: 'the file is empty' })
    }
    const { length } = octets
    const file = await storeAndRelease(plane.objects, octets)
    return context.json({ file, octets: length }, 201)
  })

  api.openapi(loaded, async (context) => {
    requireScope(context, 'read')
    const { file } = context.req.valid('param')
    if ((await plane.objects.get(file)) === undefined) throw new ApiProblem('file_not_found')
    const headers = { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' }
    return context.body(await loadObject(plane.objects, file), 200, headers)
  })
}

const octets = { 'application/octet-stream': { schema: z.any() } }

const stored = createRoute({
  method: 'post',
  path: '/files',
  summary: 'Stores a bundle (PEM) or a revocation list (DER or PEM)',
  request: { body: { content: octets, required: true } },
  responses: {
    201: json(z.object({ file: fileName, octets: z.int() }), 'Its name'),
    default: problems,
  },
})

const loaded = createRoute({
  method: 'get',
  path: '/files/{file}',
  summary: 'A stored file, also one that was refused',
  request: { params: z.object({ file: fileName }) },
  responses: { 200: { description: 'Its octets', content: octets }, default: problems },
})
