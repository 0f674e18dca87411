import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import type { Bytes } from '#shared/bytes.ts'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'
import { apiToken } from '../edge/control/plane.ts'
import { cfOf } from './given.ts'

/** The control plane and the edge workers that follow its store `cars`, each its own worker in workerd. */
export interface Deployed {
  readonly runtime: Miniflare
  /** Asks the control plane by its JSON API: the answer's fields, and its status. */
  readonly api: (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>
  /** What an edge worker says to a device: `in`, or why not. */
  knock(worker: string, ...chain: readonly Bytes[]): Promise<string>
}

interface Deployment {
  /** Entry modules: those of production, or what a test has put around them. */
  readonly control?: string
  readonly edge?: string
  /** The control plane's variables beside its tokens. */
  readonly variables?: Readonly<Record<string, string>>
  /** The variables of each edge worker, by its name. */
  readonly edges?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly hasRegistry?: boolean
  readonly hasInspector?: boolean
}

/** Of alice, who may do everything. */
export const operatorToken = 't'.repeat(40)

const compatibilityDate = '2026-10-15'

/** Starts it, on the machine's own clock. */
export async function deploy({
  control = 'edge/control/worker.ts',
  edge = 'edge/worker.ts',
  variables = {},
  edges = {},
  hasRegistry = false,
  hasInspector = false,
}: Deployment): Promise<Deployed> {
  const [controlBundle, edgeBundle] = await Promise.all([bundleWorker(control), bundleWorker(edge)])
  const tokens = [await apiToken('alice', operatorToken, ['read', 'revoke', 'write', 'admin'])]
  const shared = { compatibilityDate, r2Buckets: { TRUST: 'sallyport-trust' } }
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      ...(hasInspector && { inspectorPort: 0 }),
      log: new Log(LogLevel.NONE),
      cf: false,
      handleStructuredLogs: () => undefined,
      workers: [
        {
          ...shared,
          name: 'control',
          modules: [{ type: 'ESModule', path: 'control.mjs', contents: controlBundle.text }],
          routes: ['control.example/*'],
          bindings: { API_TOKENS: JSON.stringify(tokens), ...variables },
          durableObjects: {
            STORES: { className: 'TrustStoreObject', useSQLite: true },
            DIRECTORY: { className: 'DirectoryObject', useSQLite: true },
            ...(hasRegistry && { REGISTRY: { className: 'RegistryObject', useSQLite: true } }),
          },
        },
        ...Object.entries(edges).map(([name, bindings]) => ({
          ...shared,
          name,
          modules: [{ type: 'ESModule' as const, path: 'edge.mjs', contents: edgeBundle.text }],
          routes: [`${name}.example/*`],
          bindings: { TRUST_STORE: 'cars', ...bindings },
          serviceBindings: { TRUST_STORE_FEED: { name: 'control', entrypoint: 'TrustStoreFeed' } },
        })),
      ],
    }),
  )
  await runtime.ready
  return deployedOf(runtime)
}

function deployedOf(runtime: Miniflare): Deployed {
  return {
    runtime,
    async api(method, path, body) {
      const isOctets = body instanceof Uint8Array
      const response = await runtime.dispatchFetch(`http://control.example/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${operatorToken}`,
          'content-type': isOctets ? 'application/octet-stream' : 'application/json',
        },
        ...(body !== undefined && { body: isOctets ? body.slice() : JSON.stringify(body) }),
      })
      return { status: response.status, ...((await response.json()) as object) }
    },
    async knock(worker, ...chain) {
      const cf: object = cfOf(...chain)
      const response = await runtime.dispatchFetch(`http://${worker}.example/`, { cf })
      const answer = (await response.json()) as { readonly code?: string; readonly device?: object }
      return answer.device === undefined ? (answer.code ?? '?') : 'in'
    },
  }
}
