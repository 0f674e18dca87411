import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createRequire } from 'node:module'

export interface WorkerdProcess {
  readonly pid: number
  /** Where it listens: loopback, and a port of its own. */
  readonly url: string
  close(): Promise<void>
}

/** The one that the edge's own configuration names: wrangler.toml. */
const compatibilityDate = '2026-10-15'

const configOf = (
  cfHeader: string | undefined,
): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (${cfHeader === undefined ? '' : `cfBlobHeader = "${cfHeader}"`}), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "main.mjs", esModule = embed "main.mjs")],
  compatibilityDate = "${compatibilityDate}",
);
`

/** Where the package keeps the program of this platform; it brings no types. */
const { default: workerd } = createRequire(import.meta.url)('workerd') as {
  readonly default: string
}

/**
 * One isolate with this module, in a process by itself, so that its CPU is nobody else's.
 *
 * @param cfHeader the name of a header that bears `request.cf` as JSON; without it there is none
 */
export async function startWorkerd(module: string, cfHeader?: string): Promise<WorkerdProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  writeFileSync(join(folder, 'config.capnp'), configOf(cfHeader))
  writeFileSync(join(folder, 'main.mjs'), module)
  const args = ['serve', '--control-fd=3', join(folder, 'config.capnp')]
  const child = spawn(workerd, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  const port = await portOf(child)
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    async close() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

/** What it says on its control pipe: one JSON object a line, `listen` for a socket that is open. */
async function portOf(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const said = JSON.parse(line) as { readonly event: string; readonly port?: number }
    if (said.event === 'listen' && said.port !== undefined) return said.port
  }
  throw new Error('workerd ended before it listened')
}
