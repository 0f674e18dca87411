import { Hono } from 'hono'
import type { DeviceIdentity } from '#shared/identity/device-identity.ts'
import { clientCertificate, type ClientCertificateOptions, type DeviceEnv } from './hono.ts'

/** What answers requests: a Hono app, or any other Fetch handler. */
export interface FetchHandler {
  fetch(request: Request): Response | Promise<Response>
}

/**
 * A Fetch handler that answers devices alone: `handler` is called with each admitted request, free of
 * forged client-certificate headers, and the device that it is from. Everybody else gets a problem
 * document (RFC 9457). Any runtime, no framework.
 */
export function withClientCertificate(
  options: ClientCertificateOptions,
  handler: (request: Request, device: DeviceIdentity) => Response | Promise<Response>,
): (request: Request) => Promise<Response> {
  const app = new Hono<DeviceEnv>()
  app.use(clientCertificate(options))
  app.all('*', (context) => handler(context.req.raw, context.get('device')))
  return async (request) => app.fetch(request)
}
