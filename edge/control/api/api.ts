import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { addEdgeMetrics } from '../console/edge-metrics-route.ts'
import type { AskEdge } from '../console/edge-metrics.ts'
import type { ControlPlane } from '../control-plane.ts'
import { tokenOf, type ApiToken } from '../tokens.ts'
import { addChanges } from './changes.ts'
import { addFindings } from './findings.ts'
import { addFiles, fileOctetsMax } from './files.ts'
import type { Api, ApiEnv } from './env.ts'
import { addListeners } from './listeners.ts'
import { ApiProblem, problem, type ApiFault } from './problem.ts'
import { addRegistry, importOctetsMax } from './registry/registry.ts'
import { addSources } from './sources.ts'
import { addStores } from './stores.ts'

/** Beside files everything is small: a thousand serials are two hundred kilobytes. */
const jsonOctetsMax = 1024 * 1024

/**
 * Our own API for what ELBv2 cannot say, with its OpenAPI document at `openapi.json`. Mount it
 * under `/api/v1`.
 */
export function createApi(
  plane: ControlPlane,
  tokens: readonly ApiToken[],
  askEdge?: AskEdge,
): Api {
  const api: Api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result, context) =>
      result.success ? undefined : problem(context, 'request_malformed', faultsOf(result.error)),
  })
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
  })
  api.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Sallyport control plane', version: '1' },
    security: [{ token: [] }],
  })
  api.use(authenticated(tokens))
  api.use('/files', limited(fileOctetsMax))
  api.use('/trust-stores/*', limited(jsonOctetsMax))
  api.use('/registry/*', limited(importOctetsMax))
  addStores(api, plane)
  addChanges(api, plane)
  addFiles(api, plane)
  addSources(api, plane)
  addFindings(api, plane)
  addListeners(api, plane)
  addRegistry(api, plane)
  addEdgeMetrics(api, askEdge)
  // Not `notFound`: where an app is mounted, only the outer one's is asked.
  api.all('*', (context) => problem(context, 'not_found'))
  api.onError((error, context) => {
    if (error instanceof ApiProblem) return problem(context, error.code, error.details)
    // Of the framework: a body that is no JSON, or does not say that it is.
    if (error instanceof HTTPException && error.status === 400)
      return problem(context, 'request_malformed', { detail: error.message })
    if (error instanceof HTTPException && error.status === 415)
      return problem(context, 'media_type_unsupported', { detail: 'expected application/json' })
    console.error(`the control plane failed: ${error.stack ?? String(error)}`)
    return problem(context, 'unavailable')
  })
  return api
}

function authenticated(tokens: readonly ApiToken[]): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const token = await tokenOf(context.req.header('authorization'), tokens)
    if (token === undefined) return problem(context, 'token_unknown')
    context.set('token', token)
    return next()
  }
}

const limited = (maxSize: number): MiddlewareHandler =>
  bodyLimit({ maxSize, onError: (context) => problem(context, 'too_large') })

interface SchemaError {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]
}

function faultsOf({ issues }: SchemaError): { readonly errors: readonly ApiFault[] } {
  return {
    errors: issues.map(({ path, message }) => ({ at: path.join('.'), expected: message })),
  }
}
