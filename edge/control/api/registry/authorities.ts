import { createRoute, z } from '@hono/zod-openapi'
import type { DeviceRegistry } from '../../../enrollment/registry/device-registry.ts'
import type { AuthorityChange } from '../../../enrollment/registry/authorities.ts'
import type { Api } from '../env.ts'
import { json, problems } from '../schemas.ts'
import { derOf, done, registryUser } from './allowed-registry.ts'
import {
  authorityChangeForm,
  authorityForm,
  changedForm,
  firstConnectionForm,
  newAuthorityForm,
  sha256,
} from './forms.ts'

/** CAs below which devices enrol: prove, register, change, remove; and first connections below them. */
export function addAuthorities(api: Api, registry: DeviceRegistry): void {
  api.openapi(listed, async (context) => {
    registryUser(context, 'read')
    return context.json({ authorities: [...(await registry.authorities())] }, 200)
  })

  api.openapi(challenged, async (context) => {
    registryUser(context, 'write')
    return context.json(await registry.challenge(), 201)
  })

  api.openapi(registered, async (context) => {
    const by = registryUser(context, 'write')
    const { certificate, verification, ...settings } = context.req.valid('json')
    const proof = { certificate: derOf(certificate), verification: derOf(verification) }
    return context.json(done(await registry.registerAuthority(proof, settings, by)), 201)
  })

  api.openapi(changed, async (context) => {
    const change = withoutUndefined(context.req.valid('json'))
    const isDisabling = change.status === 'disabled' && Object.keys(change).length === 1
    const by = registryUser(context, isDisabling ? 'revoke' : 'write')
    const { key } = context.req.valid('param')
    return context.json(done(await registry.changeAuthority(key, change, by)), 200)
  })

  api.openapi(removed, async (context) => {
    const by = registryUser(context, 'write')
    done(await registry.removeAuthority(context.req.valid('param').key, by))
    return context.body(null, 204)
  })

  api.openapi(connected, async (context) => {
    registryUser(context, 'write')
    const { leaf, ...order } = context.req.valid('json')
    const met = done(await registry.firstConnection({ ...order, leaf: derOf(leaf) }))
    return context.json(met, 200)
  })
}

function withoutUndefined(change: z.infer<typeof authorityChangeForm>): AuthorityChange {
  const { status, approval, firstConnection, firstConnectionsMax, classes } = change
  return {
    ...(status !== undefined && { status }),
    ...(approval !== undefined && { approval }),
    ...(firstConnection !== undefined && { firstConnection }),
    ...(firstConnectionsMax !== undefined && { firstConnectionsMax }),
    ...(classes !== undefined && { classes }),
  }
}

const ofKey = { params: z.object({ key: sha256 }) }

const listed = createRoute({
  method: 'get',
  path: '/registry/authorities',
  summary: 'The CAs below which devices enrol',
  responses: {
    200: json(z.object({ authorities: z.array(authorityForm) }), 'All of them'),
    default: problems,
  },
})

const challenged = createRoute({
  method: 'post',
  path: '/registry/challenges',
  summary: 'A nonce: the common name of the certificate that proves a CA’s key',
  responses: {
    201: json(z.object({ nonce: z.string(), until: z.int() }), 'Good for a day, and for once'),
    default: problems,
  },
})

const registered = createRoute({
  method: 'post',
  path: '/registry/authorities',
  summary: 'Registers a CA whose key has signed a nonce',
  request: { body: json(newAuthorityForm) },
  responses: { 201: json(authorityForm, 'The CA'), default: problems },
})

const changed = createRoute({
  method: 'patch',
  path: '/registry/authorities/{key}',
  summary: 'Disables or enables a CA, or changes its rule',
  request: { ...ofKey, body: json(authorityChangeForm) },
  responses: { 200: json(authorityForm, 'The CA now'), default: problems },
})

const removed = createRoute({
  method: 'delete',
  path: '/registry/authorities/{key}',
  summary: 'Removes a CA: the rule of the next one above it holds',
  request: ofKey,
  responses: { 204: { description: 'It is registered no more' }, default: problems },
})

const connected = createRoute({
  method: 'post',
  path: '/registry/first-connections',
  summary: 'Registers a device that connected with a factory’s certificate, by its CA’s rule',
  request: { body: json(firstConnectionForm) },
  responses: { 200: json(changedForm, 'The device'), default: problems },
})
