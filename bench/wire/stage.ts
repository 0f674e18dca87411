import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { instantFromMs, shift } from '#shared/time.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { createServerCredential } from '#simulator/ca/server-credential.ts'
import { createChaosPki, dayMs, hourMs } from '#simulator/chaos/pki.ts'
import type { TlsOptions } from '#simulator/engine/client/tls-connection.ts'
import type { GatewayName } from '#simulator/gateways/gateway.ts'
import { childrenOf } from '#simulator/gateways/program.ts'
import { gatewaySetups, isInstalled } from '#simulator/gateways/setups.ts'
import { cpuUsOfProcess } from '../runtimes/process-cpu.ts'

/** A real server in processes of its own, and devices that it lets in: only the client's CPU is in here. */
export interface WireStage {
  readonly address: Pick<TlsOptions, 'host' | 'port' | 'servername' | 'caPem'> & { caPem: string }
  /** The nth device, one after another. */
  readonly credential: (nth: number) => DeviceCredential
  /** Microseconds of CPU that the server has used so far. */
  readonly serverCpuUs: () => number
  close(): Promise<void>
}

/** Starts the first configuration of a gateway; undefined, and told, where it is not installed. */
export async function openWireStage(
  gateway: GatewayName,
  devices: number,
): Promise<WireStage | undefined> {
  const setup = gatewaySetups.find((each) => each.gateway === gateway && isInstalled(each))
  if (setup === undefined) {
    process.stderr.write(`skipped: ${gateway} is not installed\n`)
    return undefined
  }
  const clock = { now: () => instantFromMs(Date.now()) }
  const now = clock.now()
  const pki = await createChaosPki(clock, 1)
  const server = await createServerCredential({
    notBefore: shift(now, -dayMs),
    notAfter: shift(now, dayMs),
  })
  const credentials: DeviceCredential[] = []
  for (let nth = 0; nth < devices; nth += 1) credentials.push(await pki.issue(-hourMs, dayMs))
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-wire-'))
  const { anchorsPem, intermediatesPem } = pki.authority
  const lists = await pki.lists()
  const before = new Set(childrenOf(process))
  const running = await setup.start({ folder, server, anchorsPem, intermediatesPem, lists })
  const started = childrenOf(process).filter((pid) => !before.has(pid))
  return {
    address: {
      host: '127.0.0.1',
      port: running.port,
      servername: 'localhost',
      caPem: server.caPem,
    },
    credential(nth) {
      const credential = credentials[nth % credentials.length]
      if (credential === undefined) throw new RangeError('no device')
      return credential
    },
    serverCpuUs: () => started.reduce((sum, pid) => sum + cpuUsOfProcess(pid), 0),
    async close() {
      await running.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
