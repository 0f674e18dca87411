import {
  equalTextsInConstantTime,
  fromBase64,
  fromBase64Url,
  toBase64Url,
  toUtf8,
} from '#shared/bytes.ts'
import { instantFromMs, type Clock, type Instant } from '#shared/time.ts'
import { createWorker, type Bindings } from '#edge/worker.ts'

/**
 * The edge worker of local runs, never deployed: the same worker as in production, whose clock and
 * `request.cf` come from the run's front, in a header that only the front can write.
 */
const controlHeader = 'x-sallyport-local'

interface LocalBindings extends Bindings {
  /** Random for each run: what it does not sign is not from the front. */
  readonly LOCAL_KEY: string
}

interface Control {
  readonly now: Instant
  /** What this worker's own clock says then: it may be wrong. */
  readonly clock: Instant
  /** Whether the bucket of the trust store answers. */
  readonly isBucketReached: boolean
  readonly cf: Record<string, unknown>
  /** What a platform's runtime tells outside of `cf` and headers, where it tells any. */
  readonly connection?: Record<string, unknown>
  /** No device's request: the front tells the time before a message on an open WebSocket goes on. */
  readonly timeOnly?: boolean
}

/**
 * What the front told of the latest instant: time never goes back, whatever order requests arrive
 * in, though this worker's own clock may.
 */
let told = { now: instantFromMs(0), clock: instantFromMs(0), isBucketReached: true }
const toldClock: Clock = { now: () => told.clock }

const edge = createWorker(toldClock)
let edgeBindings: Bindings | undefined

export default {
  async fetch(request: Request, env: LocalBindings): Promise<Response> {
    const control = readControl(request.headers.get(controlHeader) ?? '', env.LOCAL_KEY)
    if (control === undefined)
      return new Response('not from the front of this run', { status: 421 })
    const { now, clock, isBucketReached } = control
    if (now >= told.now) told = { now, clock, isBucketReached }
    if (control.timeOnly === true) return timeTold(env)
    // A run's own report tells of its requests; a line each would slow them all.
    edgeBindings ??= { CONNECTION_LOG: 'off', ...withToldTarget(env), ...withToldBucket(env) }
    return edge.fetch(withFacts(request, control), edgeBindings)
  },
}

function readControl(header: string, key: string): Control | undefined {
  const [given = '', body = ''] = header.split('.')
  if (!equalTextsInConstantTime(given, key)) return undefined
  const json = fromBase64Url(body)
  if (json === undefined) return undefined
  return JSON.parse(new TextDecoder().decode(json), withOctets) as Control
}

/** Octets, which JSON has no form for, are written as `{"base64": …}`. */
function withOctets(_key: string, value: unknown): unknown {
  const isOctets = typeof value === 'object' && value !== null && 'base64' in value
  return isOctets ? fromBase64(String(value.base64))?.buffer : value
}

/** Copies a request only where there is something to put in: copies cost more than decisions here. */
function withFacts(request: Request, { cf, connection }: Control): Request {
  const facing = Object.keys(cf).length === 0 ? request : new Request(request, { cf })
  if (connection === undefined) return facing
  return Object.defineProperty(facing, 'connection', { value: connection })
}

/** The target holds WebSockets of its own, so it is told as well. */
async function timeTold({ TARGET, LOCAL_KEY }: LocalBindings): Promise<Response> {
  const headers = { [controlHeader]: controlOf(LOCAL_KEY, { cf: {}, timeOnly: true }) }
  await TARGET?.fetch(new Request('http://target.example/', { headers }))
  return new Response(null, { status: 204 })
}

/** The target is told the same time over the service binding. */
function withToldTarget(env: LocalBindings): Bindings {
  const { TARGET, LOCAL_KEY } = env
  if (TARGET === undefined) return env
  const fetchTold = (request: Request): Promise<Response> => {
    const headers = new Headers(request.headers)
    headers.set(controlHeader, controlOf(LOCAL_KEY, { cf: {} }))
    return TARGET.fetch(new Request(request, { headers }))
  }
  return { ...env, TARGET: { fetch: fetchTold } }
}

function unreached(): Promise<never> {
  return Promise.reject(new Error('the bucket cannot be reached'))
}

/** A bucket that is not reached answers no question; what is read comes after one. */
function withToldBucket({ TRUST }: LocalBindings): Pick<Bindings, 'TRUST'> {
  return { TRUST: new Proxy(TRUST, { get: ofBucket }) }
}

function ofBucket(bucket: R2Bucket, name: string): unknown {
  if (name === 'list' && !told.isBucketReached) return unreached
  const value: unknown = Reflect.get(bucket, name)
  return typeof value === 'function' ? value.bind(bucket) : value
}

function controlOf(key: string, facts: Omit<Control, keyof typeof told>): string {
  return `${key}.${toBase64Url(toUtf8(JSON.stringify({ ...told, ...facts })))}`
}
