import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { youngGenerationBound } from '#simulator/engine/doors/open-doors.ts'
import { isInstalled, gatewaySetups } from '#simulator/gateways/setups.ts'
import type { Bench } from '../bench.ts'
import { figureOf, type Figure } from '../measure.ts'

/**
 * Resident memory of clients in processes of their own, which V8 is started for as the engine starts its
 * own, the peers' too: what is left of connections, and what held ones take.
 */
export const wireMemoryBench: Bench = {
  name: 'wire-memory',
  title: 'resident memory of a client, mutual TLS with a certificate of its own each, mosquitto',
  runtimes: ['node'],
  async *run() {
    if (!gatewaySetups.some((setup) => setup.gateway === 'mosquitto' && isInstalled(setup))) {
      process.stderr.write('skipped: mosquitto is not installed\n')
      return
    }
    yield {
      title: `growth by ${churned} connections that came and went`,
      unit: 'MB',
      figures: [await churn('ours'), await churn('node')],
      goals: [{ of: 'ours', atMost: 8 }],
    }
    yield {
      title: `each of ${heldOfProcess * processes} devices connected at once, from ${processes} processes`,
      unit: 'B',
      figures: [
        await hold('ours', heldOfProcess, processes),
        await hold('mqtt.js', heldByPeers, 1),
      ],
      goals: [{ of: 'ours', atMost: 105_000 }],
    }
  },
}

const churned = 10_000
/** A process may have 20,000 descriptors (ulimit -n), and its broker as many: two stay far below it. */
const heldOfProcess = 10_000
const processes = 2
/** What a peer takes for each shows with fewer. */
const heldByPeers = 2000

async function churn(client: string): Promise<Figure> {
  const child = start('churn', client, churned)
  const { grown } = await child.measured
  await child.end()
  return figureOf(client, [grown / 1_048_576])
}

/** All of them at once: none goes before all have come. */
async function hold(client: string, count: number, side: number): Promise<Figure> {
  const children = Array.from({ length: side }, () => start('hold', client, count))
  const measured = await Promise.all(children.map((child) => child.measured))
  await Promise.all(children.map((child) => child.end()))
  return figureOf(
    client,
    measured.map(({ each }) => each),
  )
}

/** A process that measures, and ends when it is told to. */
function start(what: string, client: string, count: number) {
  const script = join(import.meta.dirname, '..', 'wire-memory-process.ts')
  const args = [youngGenerationBound, script, what, client, String(count)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  return {
    measured: Promise.race([
      once(createInterface(child.stdout), 'line').then(([line]) => measure.parse(JSON.parse(line))),
      gone.then(([code]) => {
        throw new Error(`${what} by ${client} ended with ${code} before it had measured`)
      }),
    ]),
    async end(): Promise<void> {
      child.stdin.end()
      await gone
    },
  }
}

const measure = z.object({ grown: z.number(), each: z.number() })
