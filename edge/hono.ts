import type { Context, HonoRequest, MiddlewareHandler } from 'hono'
import type { AskProvider } from '#shared/authorization/authorize.ts'
import { normalisePath } from '#shared/authorization/normalise-path.ts'
import type { DeviceIdentity } from '#shared/identity/device-identity.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { importKeyRing } from '#shared/session/key-ring.ts'
import { sessionTtlMaxMs } from '#shared/session/session.ts'
import { defaultLimits, type Limits } from '#shared/trust-store/trust-store.ts'
import { readPolicies } from './authorization/read-policies.ts'
import type { AppEnv } from './context.ts'
import type { Hop, Listener } from './listener.ts'
import { answerProblem } from './middleware/answer-problem.ts'
import { authorized } from './middleware/authorized.ts'
import { decided, giveToken } from './middleware/decided.ts'
import { around, inTurn, type Step } from './middleware/in-turn.ts'
import { logged } from './middleware/logged.ts'
import { presented } from './middleware/presented.ts'
import type { RequestHeaders } from './middleware/request-headers.ts'
import type { Platform } from './platforms/platform.ts'
import { createPorts, runtimeRandom, type PortsOptions, type TrustStoreSource } from './ports.ts'
import { defaultForwarding } from './routing/forwarding.ts'

/** What the middleware leaves for the handlers behind it: beside `device`, what the edge app keeps. */
export interface DeviceEnv {
  Variables: AppEnv['Variables'] & {
    /** The device that was let in: never absent behind the middleware. */
    device: DeviceIdentity
  }
}

export type ClientCertificateOptions = MiddlewareOptions & TrustStoreSource

/** What is said beside the trust store. */
export interface MiddlewareOptions extends Omit<PortsOptions, 'target' | 'trustFiles'> {
  /** Who ends TLS, from `platforms/`. */
  readonly platform: Platform
  /** How it is known that the platform wrote its headers; needed by every platform that has some. */
  readonly hop?: Hop
  /** The strict one unless given. */
  readonly policy?: VerificationPolicy
  /** Session cookies, from `session`: none unless given. */
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
  const { connectionOf } = options
  const steps = [
    ...(connectionOf === undefined ? [] : [knownConnection(connectionOf)]),
    presented(listener, ports),
    decided(listener, ports),
    admitted,
  ]
  const walk = inTurn(steps, listener.session && giveToken)
  return listener.connectionLog === 'off' ? walk : around(logged(listener, ports), walk)
}

function listenerOf(options: ClientCertificateOptions): Listener {
  return {
    platform: options.platform,
    hop: options.hop ?? hopWithoutWord(options.platform),
    policyName: 'verify',
    mode: 'verify',
    certificate: 'required',
    policy: options.policy ?? strictPolicy,
    limits: options.limits ?? defaultLimits,
    maxStalenessMs: options.maxStalenessMs ?? 5000,
    session: options.session,
    connectionLog: options.connectionLog ?? 'off',
    policies: [],
    paths: undefined,
    metrics: undefined,
    authorization: undefined,
    evidence: undefined,
    forwarding: defaultForwarding,
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

function knownConnection(
  connectionOf: NonNullable<ClientCertificateOptions['connectionOf']>,
): Step<DeviceEnv> {
  return (context) => {
    Object.defineProperty(context.req.raw, 'connection', { value: connectionOf(context) })
    return undefined
  }
}

/** Last of all, behind the decision: who it is, and a request without what a client forged. */
const admitted: Step<DeviceEnv> = (context) => {
  const decision = context.get('decision')
  if (decision?.outcome !== 'accepted') throw new Error('a request came past its decision')
  context.set('device', decision.identity)
  withCleanRequest(context)
  return undefined
}

/** A request whose headers are cleaned when somebody first reads of it. */
interface Unclean {
  request: Request
  /** Undefined once that is done. */
  headers: RequestHeaders | undefined
}

const unclean = Symbol('unclean')

type CleanedRequest = HonoRequest & { [unclean]?: Unclean }

/**
 * From here on the request is without what was taken away. To copy it costs a Worker more than all that
 * was decided, so that is left until somebody reads of it.
 */
function withCleanRequest(context: Context<DeviceEnv>): void {
  const cleaned: CleanedRequest = context.req
  cleaned[unclean] = { request: cleaned.raw, headers: context.get('headers') }
  Object.defineProperty(cleaned, 'raw', cleanedRaw)
}

/** One for all requests: functions of its own would cost each of them two microseconds in workerd. */
const cleanedRaw: ThisType<CleanedRequest> & PropertyDescriptor = {
  get() {
    const held = this[unclean]
    if (held === undefined) throw new Error('a request lost what it was')
    if (held.headers !== undefined) {
      held.request = held.headers.requestOfLess(held.request)
      held.headers = undefined
    }
    return held.request
  },
  set(request: Request) {
    this[unclean] = { request, headers: undefined }
  },
}

/**
 * Sessions for `clientCertificate`: after its first request a device is let in without building its
 * path again; its certificate, its validity and its revocation are asked all the same. Throws an Error
 * that says which key is wrong and never repeats it.
 *
 * @param keys `name:base64 of 32 octets`, newest first, up to three, between commas
 * @param ttlMs milliseconds, at most 15 minutes, and that unless given
 */
export async function session(
  keys: string,
  ttlMs = sessionTtlMaxMs,
): Promise<NonNullable<Listener['session']>> {
  if (!(ttlMs > 0 && ttlMs <= sessionTtlMaxMs)) {
    throw new Error(`a session of ${ttlMs} ms: expected at most ${sessionTtlMaxMs}`)
  }
  const ring = await importKeyRing(keys)
  if (!ring.ok) throw new Error(`the session keys are wrong: expected ${ring.error}`)
  return { ring: ring.value, ttlMs }
}

/**
 * Behind `clientCertificate`: which device may do what, by Istio's AuthorizationPolicy. A path that
 * the app would route under another spelling than policies are asked about (`//`, `/%61`, `/a/..`)
 * is refused with 400. Throws an Error that names every fault in the policies.
 *
 * @param policies one policy or a list of them, as their YAML or JSON says
 * @param ask answers for the providers of CUSTOM policies; without it there are none
 */
export function authorizeDevice(
  policies: unknown,
  ask?: AskProvider,
): MiddlewareHandler<DeviceEnv> {
  const answered = { tokens: false, providers: ask === undefined ? [] : 'any' } as const
  const read = readPolicies(JSON.stringify(policies), 'policies', answered)
  if (!read.ok) {
    const faults = read.error.map(({ file, key, expected }) => `${file}.${key}: ${expected}`)
    throw new Error(`the policies are wrong: ${faults.join('; ')}`)
  }
  const authorizing = { policies: read.value, ask: ask ?? noProvider }
  return inTurn([plainPath, behindDecision, authorized(authorizing, { random: runtimeRandom })])
}

/** CUSTOM policies are refused where nobody answers them: were one here, it would deny. */
const noProvider: AskProvider = async () => 'unavailable'

/** What is matched in one spelling and routed in another is no match. */
const plainPath: Step<AppEnv> = (context) => {
  const { pathname } = new URL(context.req.url)
  const normalised = normalisePath(pathname, 'decode_and_merge_slashes')
  const isPlain = normalised.ok && normalised.value === pathname && pathname === context.req.path
  if (!isPlain) return answerProblem(context, { random: runtimeRandom }, 'request_malformed')
  return undefined
}

/** In the wrong order nobody would have a name, and a DENY would find nobody. */
const behindDecision: Step<AppEnv> = (context) => {
  if (context.get('decision') === undefined) {
    throw new Error('authorizeDevice has to come behind clientCertificate')
  }
  return undefined
}
