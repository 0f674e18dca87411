import { availableParallelism } from 'node:os'
import FlatQueue from 'flatqueue'
import { hash32 } from '#simulator/random.ts'
import { planFleet } from '#simulator/device/profile.ts'
import { runSharded } from '#simulator/engine/virtual/run-sharded.ts'
import { liveShard } from '#simulator/engine/virtual/shard.ts'
import { parseScenario } from '#simulator/scenario/parse.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'
import type { Bench, Section } from '../bench.ts'
import { figureOf, median } from '../measure.ts'
import { retainedOctets } from '../retained.ts'
import { rounded } from '../table.ts'

/**
 * Meters that report every hour for thirty days: an event is an instant at which a device wakes, and
 * nearly every one of them is a decision of the core (the others are renewals and first certificates),
 * judged by the oracle and counted for the report. Lives are lived one after another, so what one
 * event costs does not depend on how many devices there are.
 */
export const virtualBench: Bench = {
  name: 'virtual',
  title: 'lives in virtual time, oracle on, each event a decision',
  runtimes: ['node'],
  async *run({ rounds }) {
    const scenario = metersHourly(meters)
    const costs: number[] = []
    const bare: number[] = []
    let share = ''
    for (let round = 0; round < Math.min(rounds.count, roundsMax); round += 1) {
      const options = { scenario, shard: 0, shards: 1, revocations: [], appEvery }
      const { counts } = await liveShard({ ...options, log: 'none' }, () => {})
      costs.push((counts.cpuMs * 1000) / counts.events)
      bare.push(bareHeapUs())
      const decided = counts.whole + counts.again
      share = `${counts.events} events, ${decided} decisions, ${counts.whole} of whole paths`
    }
    yield {
      title: `${share}; identities included`,
      unit: 'µs',
      figures: [figureOf(ours, costs), figureOf('a bare event heap, 100,000 devices', bare)],
      // The goal is one of many devices, on all cores: below.
      goals: [],
    }
    yield await onAllCores(median(bare))
    const planned = await retainedOctets(() => planFleet(metersHourly(parked)))
    yield {
      title: `a device whose life is not being lived, of ${parked}`,
      unit: 'B',
      figures: [figureOf('planned', [planned / parked])],
      goals: [{ of: 'planned', atMost: 200 }],
    }
  },
}

const ours = 'a wake with its decision'
const meters = 500
const many = 100_000
/** As in runs of that many devices: of so many decisions one is asked of the whole app as well. */
const appEvery = 10_000
const parked = 100_000
/** Half a minute each: more of them tell nothing new. */
const roundsMax = 3

function metersHourly(count: number): Scenario {
  const text = `
version: 1
name: meters-hourly
seed: 7
time: { start: 2027-01-01T00:00:00Z, duration: 30d, tick: 1m }
pki: { intermediates: 2, crl: { publish_every: 6h, publish_delay: 15m2s, next_update: 2d } }
phases:
  - { name: verify, for: 30d, mode: verify }
fleets:
  - kind: meter
    count: ${count}
    certificate: { validity: 90d }
    traffic: { connect_every: 1h }
`
  const parsed = parseScenario(text, 'bench')
  if (!parsed.ok) throw new Error(parsed.error.map(({ message }) => message).join('; '))
  return parsed.value
}

/**
 * The run that the goal is about, once: a round lasts minutes. Its clock runs from start to report,
 * the lists that are published first included, and its CPU is that of the whole process.
 *
 * @param heapUs what an event of the bare heap has cost
 */
async function onAllCores(heapUs: number): Promise<Section> {
  const shards = availableParallelism()
  const quiet = { file: 'bench', replay: '', onProgress: () => {} }
  const { signal } = new AbortController()
  const of = { ...quiet, scenario: metersHourly(many), shards, appEvery, signal }
  const { result, counts } = await runSharded({ ...of, log: 'none' })
  const [failure] = result.failures
  if (failure !== undefined) throw new Error(`the run of ${many} devices failed: ${failure}`)
  const seconds = result.wallMs / 1000
  const cpu = `${rounded((result.cpuMs * 1000) / counts.events)} µs of CPU each`
  const rate = `${many} devices`
  return {
    title: `start to report on ${shards} threads: ${counts.events} events in ${rounded(seconds)} s, ${cpu}`,
    unit: 'events/s',
    figures: [
      figureOf(rate, [counts.events / seconds]),
      figureOf('a bare event heap, 100,000 devices, one thread', [1_000_000 / heapUs]),
    ],
    goals: [{ of: rate, atLeast: 800_000 }],
  }
}

/** Microseconds for one event of a heap that holds one of each device, and does nothing with them. */
function bareHeapUs(): number {
  const heap = new FlatQueue()
  for (let device = 0; device < 100_000; device += 1) heap.push(device, hash32(String(device)))
  const events = 1_000_000
  const started = process.cpuUsage()
  for (let event = 0; event < events; event += 1) {
    const at = heap.peekValue() ?? 0
    const device = heap.pop() ?? 0
    heap.push(device, at + 3_600_000)
  }
  const { user, system } = process.cpuUsage(started)
  return (user + system) / events
}
