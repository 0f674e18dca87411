import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shift } from '#shared/time.ts'
import { createServerCredential, type ServerCredential } from '#simulator/ca/server-credential.ts'
import {
  freePort,
  programOf,
  startTerminator,
  terminators,
  writeSite,
  type Site,
  type Terminator,
} from './terminators.ts'
import { createFleet, dayMs, publishTrust, type Fleet } from './fleet.ts'
import { hopSecret, startWorkers, type Workers } from './workers.ts'

/** A fleet, the production worker behind every terminator, and terminators as they are started. */
export interface ProxyStage {
  readonly fleet: Fleet
  readonly workers: Workers
  readonly folder: string
  readonly server: ServerCredential
  /** Starts one before its worker, with nobody turned away unless `site` says otherwise. */
  start(terminator: Terminator, site?: Partial<Site>): Promise<RunningProxy>
  close(): Promise<void>
}

export interface RunningProxy {
  readonly port: number
  stop(): Promise<void>
}

/** Terminators that are installed here; the others' tests are skipped by name. */
export function isInstalled(terminator: Terminator): boolean {
  return programOf(terminator) !== undefined
}

export async function openStage(): Promise<ProxyStage> {
  const fleet = await createFleet()
  const workers = await startWorkers(terminators)
  await publishTrust(fleet, workers.put)
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-proxies-'))
  const validity = { notBefore: shift(fleet.now, -dayMs), notAfter: shift(fleet.now, dayMs) }
  const server = await createServerCredential(validity)
  writeSite(folder, { ...server, anchorsPem: fleet.authority.anchorsPem })
  return {
    fleet,
    workers,
    folder,
    server,
    async start(terminator, site = {}) {
      const program = programOf(terminator)
      if (program === undefined) throw new Error(`${terminator.program} is not installed`)
      const port = site.port ?? (await freePort())
      const upstreamPort = await workers.portOf(terminator)
      const common = { folder, port, upstreamPort, program, clients: 'all', hopSecret } as const
      const child = await startTerminator(terminator, { ...common, ...site })
      return { port, stop: () => stopped(child) }
    },
    async close() {
      await workers.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill()
  await exit
}
