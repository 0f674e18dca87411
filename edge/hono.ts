import type { Context, MiddlewareHandler } from 'hono'
import { every } from 'hono/combine'
import { createMiddleware } from 'hono/factory'
import type { DeviceIdentity } from '#shared/identity/device-identity.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { defaultLimits, type Limits } from '#shared/trust-store/trust-store.ts'
import type { AppEnv } from './context.ts'
import type { Hop, Listener } from './listener.ts'
import { decided } from './middleware/decided.ts'
import { logged } from './middleware/logged.ts'
import { presented } from './middleware/presented.ts'
import type { Platform } from './platforms/platform.ts'
import { createPorts, type PortsOptions } from './ports.ts'

/** What the middleware leaves for the handlers behind it: beside `device`, what the edge app keeps. */
export interface DeviceEnv {
  Variables: AppEnv['Variables'] & {
    /** The device that was let in: never absent behind the middleware. */
    device: DeviceIdentity
  }
}

export interface ClientCertificateOptions extends Omit<PortsOptions, 'target'> {
  /** Who ends TLS, from `platforms/`. */
  readonly platform: Platform
  /** How it is known that the platform wrote its headers; needed by every platform that has some. */
  readonly hop?: Hop
  /** The strict one unless given. */
  readonly policy?: VerificationPolicy
  /** Session cookies: none unless given. */
  readonly session?: Listener['session']
  readonly limits?: Limits
  /** How late a revocation may be noticed, milliseconds; 5 seconds unless given. */
  readonly maxStalenessMs?: number
  /** `off` unless given. */
  readonly connectionLog?: Listener['connectionLog']
  /** What the runtime's server knows of a connection, where the platform reads that: Node's socket, say. */
  readonly connectionOf?: (context: Context) => unknown
}

/**
 * Lets devices into somebody's own Hono app and refuses the rest with a problem document (RFC 9457).
 * Behind it `context.get('device')` is the device, and the request's headers are free of forged ones.
 * One middleware holds one trust store: make it once. Throws an Error where `hop` is missing.
 */
export function clientCertificate(options: ClientCertificateOptions): MiddlewareHandler<DeviceEnv> {
  const listener = listenerOf(options)
  const ports = createPorts(listener, options)
  return every(
    knownConnection(options),
    ...(listener.connectionLog === 'off' ? [] : [logged(listener, ports)]),
    presented(listener, ports),
    decided(listener, ports),
    admitted,
  )
}

function listenerOf(options: ClientCertificateOptions): Listener {
  return {
    platform: options.platform,
    hop: options.hop ?? hopWithoutWord(options.platform),
    mode: 'verify',
    policy: options.policy ?? strictPolicy,
    limits: options.limits ?? defaultLimits,
    maxStalenessMs: options.maxStalenessMs ?? 5000,
    session: options.session,
    connectionLog: options.connectionLog ?? 'off',
    metrics: undefined,
    authorization: undefined,
    evidence: undefined,
    targetHopSecret: undefined,
  }
}

/** Headers are as good as the hop they came over: nobody trusts them by leaving a word out. */
function hopWithoutWord({ name, ownHeaders }: Platform): Hop {
  if (ownHeaders.length === 0) return { word: 'runtime' }
  throw new Error(
    `the platform ${name} speaks in headers, which any client could write: say with "hop" how it is known that they are the platform's`,
  )
}

function knownConnection({ connectionOf }: ClientCertificateOptions): MiddlewareHandler {
  return createMiddleware(async (context, next) => {
    if (connectionOf !== undefined) {
      Object.defineProperty(context.req.raw, 'connection', { value: connectionOf(context) })
    }
    await next()
  })
}

/** Last of all, behind the decision: who it is, and a request without what a client forged. */
const admitted = createMiddleware<DeviceEnv>(async (context, next) => {
  const decision = context.get('decision')
  if (decision?.outcome !== 'accepted') throw new Error('a request came past its decision')
  context.set('device', decision.identity)
  context.req.raw = new Request(context.req.raw, { headers: context.get('headers') })
  await next()
})
