import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { createDeviceRegistry } from '#edge/enrollment/registry/device-registry.ts'
import { defaultShards } from '#edge/enrollment/registry/parts.ts'
import { remotePart } from '#edge/enrollment/registry/remote-part.ts'
import { runtimeClock, runtimeRandom } from '#edge/ports.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'
import type { EdgeOptions, EdgeUnderTest } from './edge-under-test.ts'

/** What of the registry's objects is called from here: one method. */
interface RegistryNamespace {
  getByName(name: string): {
    ask(name: string, given: readonly unknown[]): Promise<unknown>
  }
}

const moduleOf = (contents: string) => [{ type: 'ESModule' as const, path: 'worker.mjs', contents }]

const objects = (scriptName?: string) => ({
  className: 'RegistryObject',
  useSQLite: true,
  ...(scriptName !== undefined && { scriptName }),
})

/** The Worker that is deployed, in workerd, with the registry's objects of the control plane that is deployed. */
export async function startWorkerEdge({
  variables,
  anchors,
  bindings,
}: EdgeOptions): Promise<EdgeUnderTest> {
  const [edge, control] = await Promise.all([
    bundleWorker('edge/worker.ts'),
    bundleWorker('edge/control/worker.ts'),
  ])
  const common = { compatibilityDate: '2026-10-15', r2Buckets: { TRUST: 'sallyport-trust' } }
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      log: new Log(LogLevel.NONE),
      cf: false,
      handleStructuredLogs: () => undefined,
      workers: [
        {
          ...common,
          name: 'edge',
          modules: moduleOf(edge.text),
          bindings: { ...variables, ...bindings, CONNECTION_LOG: 'off' },
          durableObjects: { REGISTRY: objects('control') },
        },
        {
          ...common,
          name: 'control',
          modules: moduleOf(control.text),
          bindings: { API_TOKENS: '[]' },
          durableObjects: {
            REGISTRY: objects(),
            STORES: { className: 'TrustStoreObject', useSQLite: true },
            DIRECTORY: { className: 'DirectoryObject', useSQLite: true },
          },
        },
      ],
    }),
  )
  const url = await runtime.ready
  const bucket = await runtime.getR2Bucket('TRUST', 'edge')
  await bucket.put('trust-stores/default/anchors.pem', toUtf8(anchors))
  const found: unknown = await runtime.getDurableObjectNamespace('REGISTRY', 'edge')
  const namespace = found as RegistryNamespace
  return {
    port: Number(url.port),
    registry: createDeviceRegistry({
      part: (name) =>
        remotePart(async (asked, given): Promise<unknown> =>
          namespace.getByName(name).ask(asked, given),
        ),
      shards: defaultShards,
      clock: runtimeClock,
      random: runtimeRandom,
      verifier: createWebCryptoVerifier(),
    }),
    close: () => runtime.dispose(),
  }
}
