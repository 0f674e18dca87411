import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'
import { freePort, startNginx, type Door, type WholePathPki } from './whole-path.ts'

/**
 * A front that ends TLS and verifies nothing, and the worker of production in workerd behind it.
 *
 * @param name of the front's folder
 * @param mode of the worker: under `verify` it decides
 */
export async function startWorkerBehindNginx(
  pki: WholePathPki,
  upstreamPort: number,
  { name, mode }: { readonly name: string; readonly mode: 'verify' | 'off' },
): Promise<Door | undefined> {
  const hopSecret = randomBytes(24).toString('hex')
  const before = workerdPids()
  const port = await freePort()
  const runtime = new Miniflare(await optionsOf({ port, upstreamPort, hopSecret, mode }))
  await runtime.ready
  const worker = workerdPids().filter((pid) => !before.includes(pid))
  if (worker.length !== 1)
    throw new Error(`one workerd is expected, and there are ${worker.length}`)
  await putTrust(runtime, pki)
  const front = await startNginx(pki, port, { name, verify: `optional_no_ca`, hopSecret })
  if (front === undefined) {
    await runtime.dispose()
    return undefined
  }
  return {
    port: front.port,
    pids: [...front.pids, ...worker],
    async close() {
      await front.close()
      await runtime.dispose()
    },
  }
}

interface WorkerSite {
  readonly port: number
  readonly upstreamPort: number
  readonly hopSecret: string
  readonly mode: 'verify' | 'off'
}

/** The very bundle that is deployed, asked by the front alone. */
async function optionsOf({ port, upstreamPort, hopSecret, mode }: WorkerSite) {
  const { text } = await bundleWorker('edge/worker.ts')
  return convertV4MiniflareOptions({
    host: '127.0.0.1',
    port: 0,
    log: new Log(LogLevel.NONE),
    cf: false,
    workers: [
      {
        name: 'worker',
        modules: [{ type: 'ESModule' as const, path: 'worker.mjs', contents: text }],
        compatibilityDate: '2026-10-15',
        bindings: {
          PLATFORM: 'nginx',
          MODE: mode,
          CERT_HEADER: 'X-Client-Cert',
          HOP: 'secret',
          HOP_SECRET: hopSecret,
          TARGET_URL: `http://127.0.0.1:${upstreamPort}`,
          CONNECTION_LOG: 'off',
        },
        r2Buckets: { TRUST: 'sallyport-trust' },
        // Past Miniflare's own entry, whose CPU is not the worker's.
        unsafeDirectSockets: [{ host: '127.0.0.1', port }],
      },
    ],
  })
}

async function putTrust(runtime: Miniflare, { directory }: WholePathPki): Promise<void> {
  const bucket = await runtime.getR2Bucket('TRUST', 'worker')
  const lists = readdirSync(join(directory, 'crl')).map((name) => `crl/${name}`)
  for (const name of ['anchors.pem', 'intermediates.pem', ...lists]) {
    await bucket.put(`trust-stores/default/${name}`, readFileSync(join(directory, name)))
  }
}

/** Of this process's own children. Linux. */
function workerdPids(): readonly number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').trim()
  return children
    .split(' ')
    .map(Number)
    .filter((pid) => pid > 0 && readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === 'workerd')
}
