import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { Plugin } from 'esbuild'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'

/** The production worker in workerd, with its log files in a folder that outlives it. */
export interface LogFilesRuntime {
  /** Asks without a certificate, under a name that the line bears as well. */
  ask(id: string): Promise<number>
  /** The page of counters. */
  page(): Promise<string>
  /** Ends workerd as a crash would: nothing in it can do anything about it. */
  kill(): Promise<void>
  close(): Promise<void>
  /** Lines of every file in the bucket, one list a file. */
  files(): Promise<readonly LogFile[]>
}

export interface LogFile {
  readonly key: string
  readonly lines: readonly string[]
}

const token = 't'.repeat(32)

/** Short intervals, and a word to the outside for each batch that was acknowledged. */
const observed: Plugin = {
  name: 'observed',
  setup(build) {
    build.onLoad({ filter: /log-file-key\.ts$/ }, ({ path }) =>
      changed(path, '5 * 60_000', '1_000'),
    )
    build.onLoad({ filter: /worker-log\.ts$/ }, ({ path }) =>
      changed(
        path,
        'offer: (batch) => stubOf(own).take(batch, own)',
        `offer: async (batch) => {
          const answer = await stubOf(own).take(batch, own)
          if (answer !== 'taken') return answer
          const body = batch.lines.join('\\n')
          await fetch('http://acknowledged.example/', { method: 'POST', body })
          return answer
        }`,
      ),
    )
  },
}

async function changed(path: string, from: string, to: string) {
  const source = await readFile(path, 'utf8')
  if (!source.includes(from)) throw new Error(`${path} has no "${from}"`)
  return { loader: 'ts' as const, contents: source.replace(from, to) }
}

/** A store that takes nothing. */
const away: Plugin = {
  name: 'away',
  setup(build) {
    build.onLoad({ filter: /connection-log-files\.ts$/ }, ({ path }) =>
      changed(path, 'return this.#files.take(batch, node)', "throw new Error('away')"),
    )
  },
}

/** @param store whether it takes lines */
export async function bundleObserved(store: 'takes' | 'away' = 'takes'): Promise<string> {
  const plugins = store === 'takes' ? [observed] : [observed, away]
  return (await bundleWorker('edge/worker.ts', plugins)).text
}

export interface RuntimeOptions {
  readonly script: string
  /** Where databases and buckets are kept. */
  readonly folder: string
  readonly anchorsPem: string
  readonly acknowledged?: (lines: readonly string[]) => void
  /** What the worker printed. */
  readonly printed?: (text: string) => void
  /** False where no bucket is bound for log files. */
  readonly isBound?: boolean
}

export async function startLogFiles(options: RuntimeOptions): Promise<LogFilesRuntime> {
  const runtime = new Miniflare(optionsOf(options))
  const url = await runtime.ready
  const trust = await runtime.getR2Bucket('TRUST')
  await trust.put('trust-stores/default/anchors.pem', options.anchorsPem)
  return {
    async ask(id) {
      const response = await fetch(url, { headers: { 'cf-ray': id } })
      await response.text()
      return response.status
    },
    async page() {
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(new URL('/metrics', url), { headers })).text()
    },
    async kill() {
      for (const id of workerdsOf(process.pid)) process.kill(id, 'SIGKILL')
      await runtime.dispose()
    },
    close: () => runtime.dispose(),
    async files() {
      const bucket = await runtime.getR2Bucket('LOGS')
      const { objects } = await bucket.list()
      return Promise.all(
        objects.map(async ({ key }) => {
          const octets = await (await bucket.get(key))?.arrayBuffer()
          const text = gunzipSync(new Uint8Array(octets ?? new ArrayBuffer())).toString('latin1')
          return { key, lines: text.split('\n').slice(0, -1) }
        }),
      )
    },
  }
}

function optionsOf({ script, folder, acknowledged, printed, isBound = true }: RuntimeOptions) {
  return convertV4MiniflareOptions({
    host: '127.0.0.1',
    port: 0,
    log: new Log(LogLevel.NONE),
    cf: false,
    resourcePersistencePath: folder,
    handleStructuredLogs: ({ message }) => printed?.(message),
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents: script }],
    compatibilityDate: '2026-10-15',
    bindings: { CONNECTION_LOG: 'alb', METRICS_PATH: '/metrics', METRICS_TOKEN: token },
    r2Buckets: { TRUST: 'sallyport-trust', ...(isBound && { LOGS: 'sallyport-logs' }) },
    analyticsEngineDatasets: { ANALYTICS: { dataset: 'sallyport' } },
    durableObjects: { CONNECTION_LOG_FILES: { className: 'ConnectionLogFiles', useSQLite: true } },
    outboundService: async (request: Request) => {
      acknowledged?.((await request.text()).split('\n'))
      return new Response(null, { status: 204 })
    },
  })
}

/** Child processes of ours that are workerd. */
function workerdsOf(parent: number): readonly number[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return processes.map(Number).filter((id) => isWorkerdOf(parent, id))
}

function isWorkerdOf(parent: number, id: number): boolean {
  let stat: string
  try {
    stat = readFileSync(`/proc/${id}/stat`, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
  const [, name, ppid] = /^\d+ \((.*)\) \S (\d+) /.exec(stat) ?? []
  return name === 'workerd' && Number(ppid) === parent
}
