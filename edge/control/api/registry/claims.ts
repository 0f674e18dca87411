import { createRoute, z } from '@hono/zod-openapi'
import type { DeviceRegistry } from '../../../enrollment/registry/device-registry.ts'
import type { Claim } from '../../../enrollment/registry/claims.ts'
import type { Api } from '../env.ts'
import { json, problems } from '../schemas.ts'
import { derOf, done, registryUser } from './allowed-registry.ts'
import { claimForm, newClaimForm, page } from './forms.ts'

/** Claims: make, list, revoke. A token is in the answer that makes it, and nowhere else. */
export function addClaims(api: Api, registry: DeviceRegistry): void {
  api.openapi(listed, async (context) => {
    registryUser(context, 'read')
    const claims = await registry.claims(context.req.valid('query'))
    return context.json({ claims: claims.map(withoutSecret) }, 200)
  })

  api.openapi(made, async (context) => {
    const by = registryUser(context, 'write')
    const { certificate, device, ...order } = context.req.valid('json')
    const wanted = {
      ...order,
      device,
      ...(certificate !== undefined && { certificate: derOf(certificate) }),
    }
    const { claim, token } = done(await registry.makeClaim(wanted, by))
    const headers = { 'cache-control': 'no-store' }
    return context.json(
      { claim: withoutSecret(claim), ...(token !== undefined && { token }) },
      201,
      headers,
    )
  })

  api.openapi(revoked, async (context) => {
    const by = registryUser(context, 'revoke')
    done(await registry.revokeClaim(context.req.valid('param').id, by))
    return context.body(null, 204)
  })
}

/** Whoever reads the API need not know what a claim is looked up by. */
function withoutSecret<Each extends Claim>(claim: Each): Omit<Each, 'secretSha256'> {
  const { secretSha256: _, ...told } = claim
  return told
}

const listed = createRoute({
  method: 'get',
  path: '/registry/claims',
  summary: 'Claims, and how often each was used and refused',
  request: { query: z.object(page) },
  responses: {
    200: json(z.object({ claims: z.array(claimForm) }), 'Those behind `after`'),
    default: problems,
  },
})

const made = createRoute({
  method: 'post',
  path: '/registry/claims',
  summary: 'Makes a claim: a token, or a claim certificate, by which devices enrol',
  request: { body: json(newClaimForm) },
  responses: {
    201: json(
      z.object({
        claim: claimForm,
        token: z.string().optional().openapi({ description: 'Shown once, and kept nowhere.' }),
      }),
      'The claim',
    ),
    default: problems,
  },
})

const revoked = createRoute({
  method: 'delete',
  path: '/registry/claims/{id}',
  summary: 'Revokes a claim: nobody enrols by it any more',
  request: { params: z.object({ id: z.string().regex(/^[0-9a-f]{16}$/) }) },
  responses: { 204: { description: 'It is revoked' }, default: problems },
})
