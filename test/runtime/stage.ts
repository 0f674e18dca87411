import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { instantFromMs, shift, type Instant } from '#shared/time.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { dayMs } from './given.ts'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'

/** Names the worker behind a service binding, or the values of its variables. */
type Variables = Readonly<Record<string, string>>

export interface WorkerOptions {
  /** Also its host: requests to `http://<name>.example/` reach it. */
  readonly name: string
  /** From the project's root, or absolute. */
  readonly entry: string
  readonly variables: Variables
  readonly target?: string
  /** Service bindings beside TARGET: the worker behind each name. */
  readonly services?: Variables
  /** Where all that it fetches by URL goes. */
  readonly outbound?: string
}

/** Workers in workerd over one trust store, on the machine's own clock. */
export interface Runtime {
  /** Where workers are reached over HTTP, each by its host. */
  readonly url: URL
  readonly pki: RuntimePki
  /** Everything that workers logged since it was last asked. */
  takeLogs(): readonly string[]
  fetch(
    name: string,
    options?: {
      cf?: object
      headers?: Readonly<Record<string, string>>
      path?: string
      /** Posted, where it is given. */
      body?: string
    },
  ): ReturnType<Miniflare['dispatchFetch']>
  close(): Promise<void>
}

export interface RuntimePki {
  readonly authority: Authority
  /** What the machine's clock said when the PKI was made: production knows no other. */
  readonly now: Instant
  issue(
    device: string,
    validity: readonly [notBefore: number, notAfter: number],
  ): Promise<DeviceCredential>
  publish(): Promise<void>
}

const prefix = 'trust-stores/default/'

/** Tells what reached it. */
const echo = `export default {
  async fetch(request) {
    const { url, headers } = request
    return Response.json({ url, headers: [...headers], body: await request.text() })
  },
}`

export async function startRuntime(workers: readonly WorkerOptions[]): Promise<Runtime> {
  const logs: string[] = []
  const configured = await Promise.all(workers.map(workerOf))
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      log: new Log(LogLevel.NONE),
      cf: false,
      handleStructuredLogs: ({ message }) => void logs.push(message),
      workers: [...configured, { name: 'echo', modules: true, script: echo, compatibilityDate }],
    }),
  )
  const url = await runtime.ready
  const pki = await createRuntimePki(async (name, octets) => {
    const bucket = await runtime.getR2Bucket('TRUST', workers[0]?.name ?? '')
    await bucket.put(`${prefix}${name}`, octets)
  })
  return {
    url,
    pki,
    takeLogs: () => logs.splice(0),
    fetch: (name, { cf, headers = {}, path = '/', body } = {}) =>
      runtime.dispatchFetch(`http://${name}.example${path}`, {
        headers,
        ...(body === undefined ? {} : { method: 'POST', body }),
        ...(cf === undefined ? {} : { cf }),
      }),
    close: () => runtime.dispose(),
  }
}

const compatibilityDate = '2026-10-15'

async function workerOf(options: WorkerOptions) {
  const { name, entry, variables, target, services, outbound } = options
  const { text } = await bundleWorker(entry)
  return {
    name,
    modules: [{ type: 'ESModule' as const, path: 'worker.mjs', contents: text }],
    compatibilityDate,
    bindings: { ...variables },
    r2Buckets: { TRUST: 'sallyport-trust' },
    routes: [`${name}.example/*`],
    serviceBindings: { ...services, ...(target !== undefined && { TARGET: target }) },
    ...(outbound === undefined ? {} : { outboundService: outbound }),
  }
}

type Put = (name: string, octets: Uint8Array) => Promise<void>

async function createRuntimePki(put: Put): Promise<RuntimePki> {
  const now = instantFromMs(Date.now())
  const ledger = new Ledger()
  const authority = await createAuthority({ seed: 7, start: now, intermediates: 1, ledger })
  const publish = async (): Promise<void> => {
    // A minute ago: a list must not come from the future.
    const crls = await authority.crls(shift(now, -60_000), 30 * dayMs)
    for (const { name, der } of crls) await put(`crl/${name}`, der)
  }
  await put('anchors.pem', Buffer.from(authority.anchorsPem))
  await publish()
  return {
    authority,
    now,
    publish,
    issue: (device, [notBefore, notAfter]) =>
      authority.issue({
        device,
        kind: 'car',
        notBefore: shift(now, notBefore),
        notAfter: shift(now, notAfter),
        at: now,
      }),
  }
}

/** Value of the control header by which the front of a local run tells time and facts. */
export function localControl(key: string, now: number, cf: object = {}): string {
  const told = { now, clock: now, isBucketReached: true, cf }
  return `${key}.${Buffer.from(JSON.stringify(told)).toString('base64url')}`
}
