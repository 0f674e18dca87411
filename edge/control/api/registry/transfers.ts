import { createRoute, z } from '@hono/zod-openapi'
import { instantFromMs } from '#shared/time.ts'
import type { DeviceRegistry } from '../../../enrollment/registry/device-registry.ts'
import type { TransferredDevice } from '../../../enrollment/registry/transfer-rows.ts'
import type { Api } from '../env.ts'
import { json, problems } from '../schemas.ts'
import { done, registryUser } from './allowed-registry.ts'
import { page, pageMax, sha256, transferForm, transferredForm } from './forms.ts'

/** Devices in and out, keys that are free again, and the registry's own log. */
export function addTransfers(api: Api, registry: DeviceRegistry): void {
  api.openapi(imported, async (context) => {
    const by = registryUser(context, 'write')
    const rows = context.req.valid('json').devices.map(transferredOf)
    return context.json({ outcomes: [...(await registry.importDevices(rows, by))] }, 200)
  })

  api.openapi(published, async (context) => {
    registryUser(context, 'write')
    return context.json({ published: [...(await registry.publish())] }, 200)
  })

  api.openapi(exported, async (context) => {
    registryUser(context, 'read')
    const devices = await registry.exportDevices(context.req.valid('query'))
    return context.json({ devices: [...devices] }, 200)
  })

  api.openapi(forgotten, async (context) => {
    const by = registryUser(context, 'write')
    done(await registry.forgetKey(context.req.valid('json').keySha256, by))
    return context.body(null, 204)
  })

  api.openapi(audited, async (context) => {
    registryUser(context, 'read')
    const { before, limit } = context.req.valid('query')
    return context.json({ entries: [...(await registry.audit({ before, limit }))] }, 200)
  })
}

function transferredOf(row: z.infer<typeof transferForm>): TransferredDevice {
  return {
    ...row,
    factoryLeaf: row.factoryLeaf,
    certificates: row.certificates.map(({ notBefore, notAfter, revokedAt, ...certificate }) => ({
      ...certificate,
      notBefore: instantFromMs(notBefore),
      notAfter: instantFromMs(notAfter),
      revokedAt: revokedAt === undefined ? undefined : instantFromMs(revokedAt),
    })),
  }
}

const outcome = z.enum([
  'added',
  'known',
  'name_taken',
  'serial_taken',
  'name_malformed',
  'class_malformed',
  'key_taken',
  'twice',
])

const imported = createRoute({
  method: 'post',
  path: '/registry/import',
  summary: 'Brings devices from elsewhere, a thousand at a time; asking twice is no fault',
  request: {
    body: json(z.strictObject({ devices: z.array(transferForm).min(1).max(pageMax) })),
  },
  responses: {
    200: json(z.object({ outcomes: z.array(outcome) }), 'What became of each, in order'),
    default: problems,
  },
})

const published = createRoute({
  method: 'post',
  path: '/registry/publish',
  summary: 'Tells the trust stores whom the registry refuses, after an import',
  responses: {
    200: json(
      z.object({
        published: z.array(
          z.object({ store: z.string(), entries: z.int(), failure: z.string().optional() }),
        ),
      }),
      'What each says now',
    ),
    default: problems,
  },
})

const exported = createRoute({
  method: 'get',
  path: '/registry/export',
  summary: 'Devices with their certificates, by name, some at a time',
  request: { query: z.object(page) },
  responses: {
    200: json(
      z.object({ devices: z.array(transferredForm) }),
      'Those behind `after`; none where that was all',
    ),
    default: problems,
  },
})

const forgotten = createRoute({
  method: 'post',
  path: '/registry/forget-key',
  summary: 'A key that was one device’s may be another’s from now on',
  request: { body: json(z.strictObject({ keySha256: sha256 })) },
  responses: { 204: { description: 'It is nobody’s' }, default: problems },
})

const audited = createRoute({
  method: 'get',
  path: '/registry/audit',
  summary: 'What was asked of claims, classes and CAs, and by whom: latest first',
  request: {
    query: z.object({
      before: z.coerce.number().int().positive().default(Number.MAX_SAFE_INTEGER),
      limit: page.limit,
    }),
  },
  responses: {
    200: json(
      z.object({
        entries: z.array(z.object({ id: z.int(), at: z.int(), by: z.string(), what: z.string() })),
      }),
      'A page of it',
    ),
    default: problems,
  },
})
