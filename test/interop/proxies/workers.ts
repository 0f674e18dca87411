import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'
import type { Terminator } from './terminators.ts'

/** The production worker in workerd, once for each terminator, over one trust store. */
export interface Workers {
  /** Where the worker behind this terminator listens. */
  portOf(terminator: Terminator): Promise<number>
  /** Writes one object of the trust store: `anchors.pem`, `crl/….crl`. */
  readonly put: (name: string, octets: Uint8Array) => Promise<void>
  close(): Promise<void>
}

/** What every terminator here adds to a request, and every worker asks for. */
export const hopSecret = 'p'.repeat(48)

/** Lets in until two weeks after a certificate's end, and looks for a newer trust store each time. */
const policy = { EXPIRED: 'grace 14d', MAX_STALENESS: '0s', CONNECTION_LOG: 'off' }

/** Starts the very bundle that is deployed. */
export async function startWorkers(terminators: readonly Terminator[]): Promise<Workers> {
  const { text } = await bundleWorker('edge/worker.ts')
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      log: new Log(LogLevel.NONE),
      cf: false,
      workers: terminators.map(({ name, settings }) => ({
        name,
        modules: [{ type: 'ESModule' as const, path: 'worker.mjs', contents: text }],
        compatibilityDate: '2026-10-15',
        bindings: { ...policy, ...settings, PLATFORM: name, HOP: 'secret', HOP_SECRET: hopSecret },
        r2Buckets: { TRUST: 'sallyport-trust' },
        // A port of its own each: no terminator has to speak of another host for the sake of this test.
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
      })),
    }),
  )
  await runtime.ready
  return {
    portOf: async ({ name }) => Number((await runtime.unsafeGetDirectURL(name)).port),
    async put(name, octets) {
      const bucket = await runtime.getR2Bucket('TRUST', terminators[0]?.name ?? '')
      await bucket.put(`trust-stores/default/${name}`, octets)
    },
    close: () => runtime.dispose(),
  }
}
