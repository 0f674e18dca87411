import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
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
      title: `each of ${held} connected devices`,
      unit: 'B',
      figures: [await hold('ours', held), await hold('mqtt.js', heldByPeers)],
      goals: [{ of: 'ours', atMost: 105_000 }],
    }
  },
}

const churned = 10_000
const held = 10_000
/** What a peer takes for each shows with fewer. */
const heldByPeers = 2000

async function churn(client: string): Promise<Figure> {
  return figureOf(client, [(await measured('churn', client, churned)).grown / 1_048_576])
}

async function hold(client: string, count: number): Promise<Figure> {
  return figureOf(client, [(await measured('hold', client, count)).each])
}

async function measured(what: string, client: string, count: number) {
  const script = join(import.meta.dirname, '..', 'wire-memory-process.ts')
  const args = [youngGenerationBound, script, what, client, String(count)]
  const run = promisify(execFile)(process.execPath, args)
  const { stdout } = await run
  return JSON.parse(stdout) as { readonly grown: number; readonly each: number }
}
