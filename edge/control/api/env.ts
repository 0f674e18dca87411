import type { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiToken } from '../tokens.ts'

/** What the routes of the JSON API find in a request's context. */
export interface ApiEnv {
  Variables: {
    /** Who asks. */
    token: ApiToken
  }
}

/** The API, as each file of routes adds to it. */
export type Api = OpenAPIHono<ApiEnv>
