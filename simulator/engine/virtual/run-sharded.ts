import { performance } from 'node:perf_hooks'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { isoFromInstant, shift, type Instant } from '#shared/time.ts'
import { judgeRun } from '../../report/assertions.ts'
import { createCollector, describeScenario } from '../../report/collect.ts'
import { conclude } from '../../report/conclude.ts'
import { Ledger } from '../../ca/ledger.ts'
import type { EventSink } from '../../report/event-log/event-sink.ts'
import type { RunResult } from '../../report/run-result.ts'
import { outageEnd, publisherOutages } from '../../scenario/outages.ts'
import { placePhases } from '../../scenario/phases.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import type { Run, RunOptions } from '../run.ts'
import { logHash } from './log-hash.ts'
import { createMerger } from './merge.ts'
import { digestsOf } from './digests.ts'
import { findRevocations, type ShardCounts, type ShardResult } from './shard.ts'
import { publishedLists, withheldLists } from './publications.ts'
import type { FoundRevocation } from './snapshots.ts'
import { createShardProgress } from './shard-progress.ts'
import type { ShardData, ShardMessage } from './shard-worker.ts'
import { faultStages, isLivable } from './world-faults.ts'

export interface ShardedRunOptions extends Omit<RunOptions, 'port' | 'sabotage'> {
  /** Threads, each of which lives its own part of the devices. At least 1. */
  readonly shards: number
  /** Of so many decisions of the core one is asked of the whole app as well: 1 for each. */
  readonly appEvery: number
  /** `lines` keeps the whole log in memory; `hash` tells its hash; `none` keeps neither. */
  readonly log: 'lines' | 'hash' | 'none'
  /** Takes the lines of the log as they come, life by life and so in no order of time. */
  readonly sink?: Pick<EventSink, 'take'> | undefined
}

export interface ShardedRun extends Run {
  /** Of the event log; undefined where none was kept. */
  readonly logHash: string | undefined
  readonly counts: ShardCounts
}

/**
 * Lives a scenario device by device, on several threads: for a million devices. The result, the log
 * and its hash are the same for any number of shards. Throws an Error that names what a scenario
 * asks in which devices depend on each other (`unshardable`).
 */
export async function runSharded(options: ShardedRunOptions): Promise<ShardedRun> {
  const { scenario, shards } = options
  const [reason] = unshardable(scenario)
  if (reason !== undefined) throw new Error(reason)
  const started = { wall: performance.now(), cpu: process.cpuUsage() }
  const revocations = await findRevocations(scenario)
  const shown = createShardProgress(options, started.wall)
  await options.sink?.take(worldLines(scenario, revocations))
  const results = await Promise.all(
    Array.from({ length: shards }, (_, shard) => inThread(options, revocations, shard, shown)),
  )
  return conclusion(options, revocations, results, started)
}

/** What keeps a scenario from being lived device by device, for people; empty where nothing does. */
export function unshardable(scenario: Scenario): readonly string[] {
  const { front, pki, chaos, fleets, time } = scenario
  const faults = chaos.filter((event) => !isLivable(event))
  const silences = publisherOutages(scenario)
  const reasons: readonly (readonly [boolean, string])[] = [
    [front.profile === 'alb', 'front.profile: alb decides by itself'],
    [pki.ca.ratePerSecond !== undefined, 'pki.ca.rate: who comes first is served, others are not'],
    [
      outageEnd(silences, time.start) !== undefined,
      'a publisher that is down from the start: there is nothing to decide by',
    ],
    [pki.events.length > 0, 'pki.events: authorities that change'],
    [faults.length > 0, `chaos: ${faults.map(({ fault }) => fault).join(', ')}`],
    [
      fleets.some(({ onboarding }) => onboarding !== undefined),
      'fleets[].onboarding: one registry for all',
    ],
    [fleets.some(({ traffic }) => traffic.ticketMs > 0), 'traffic.ticket: TLS sessions to resume'],
  ]
  return reasons
    .filter(([holds]) => holds)
    .map(([, what]) => `cannot be lived device by device: ${what}; run it without --shards`)
}

/** Beside this file, under the ending that this file has: TypeScript in the project, else JavaScript. */
const entry = new URL(`./shard-worker${extname(import.meta.url)}`, import.meta.url)

function inThread(
  { scenario, shards, appEvery, log, sink, signal }: ShardedRunOptions,
  revocations: readonly FoundRevocation[],
  shard: number,
  onProgress: ReturnType<typeof createShardProgress>,
): Promise<ShardResult> {
  const lines = log === 'hash' ? 'digests' : log
  const workerData: ShardData = {
    scenario,
    shard,
    shards,
    revocations,
    appEvery,
    log: lines,
    tellsLines: sink !== undefined,
  }
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry, { workerData })
    const stop = (): void => {
      void worker.terminate()
      reject(new Error('interrupted'))
    }
    signal.addEventListener('abort', stop, { once: true })
    worker.on('message', (message: ShardMessage) => {
      if (message.kind === 'progress') onProgress(shard, message.lives, message.counted)
      else if (message.kind === 'lines')
        sink?.take(message.lines).then(() => worker.postMessage('taken', []), reject)
      else resolve(message.result)
    })
    worker.once('error', reject)
    worker.once('exit', (code) => {
      signal.removeEventListener('abort', stop)
      reject(new Error(`shard ${shard} ended with ${code} before its lives did`))
    })
  })
}

function devicesOf({ fleets }: Scenario): number {
  return fleets.reduce((sum, { count }) => sum + count, 0)
}

function conclusion(
  options: ShardedRunOptions,
  revocations: readonly FoundRevocation[],
  results: readonly ShardResult[],
  started: { readonly wall: number; readonly cpu: NodeJS.CpuUsage },
): ShardedRun {
  const { scenario, file, replay } = options
  const endedAt = shift(scenario.time.start, scenario.time.durationMs)
  const merger = createMerger()
  for (const { merged } of results) merger.add(merged)
  merger.add(worldOf(scenario, revocations, endedAt))
  const { collected, exposures, issued } = merger.merged()
  if (collected === undefined) throw new Error('no shard came back with anything')
  const facts = describeScenario(scenario, file)
  const grounds = {
    ...collected,
    exposures,
    ...judgeRun(scenario, collected, exposures),
    scenario: facts,
    ended: 'complete',
    failure: undefined,
  } as const
  const cpu = process.cpuUsage(started.cpu)
  const result: RunResult = {
    ...grounds,
    ...conclude(grounds),
    wallMs: performance.now() - started.wall,
    cpuMs: (cpu.user + cpu.system) / 1000,
    // Node counts in kibibytes.
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    devices: devicesOf(scenario),
    profile: scenario.front.profile,
    startedAt: scenario.time.start,
    endedAt,
    certificatesIssued: issued,
    replay,
  }
  const world = worldLines(scenario, revocations)
  const digests = [...results.flatMap((each) => each.digests), ...digestsOf(world)]
  const lines = results.flatMap((each) => each.lines)
  return {
    result,
    log: options.log === 'lines' ? [...world, ...lines].toSorted(byInstant) : [],
    logHash: options.log === 'hash' ? logHash(digests) : undefined,
    counts: sumOf(results),
  }
}

function sumOf(results: readonly ShardResult[]): ShardCounts {
  return results.reduce<ShardCounts>(
    (sum, { counts }) => ({
      lives: sum.lives + counts.lives,
      events: sum.events + counts.events,
      whole: sum.whole + counts.whole,
      again: sum.again + counts.again,
      compared: sum.compared + counts.compared,
      cpuMs: sum.cpuMs + counts.cpuMs,
    }),
    { lives: 0, events: 0, whole: 0, again: 0, compared: 0, cpuMs: 0 },
  )
}

/** What the world itself did, counted once, whoever lives in it. */
function worldOf(
  scenario: Scenario,
  revocations: readonly FoundRevocation[],
  endedAt: Instant,
): Parameters<ReturnType<typeof createMerger>['add']>[0] {
  const collector = createCollector({ scenario, ledger: new Ledger() })
  for (const { kind } of publishedLists(scenario, revocations)) {
    collector.count(kind === 'delta' ? 'deltas_published' : 'lists_published')
  }
  for (const _ of withheldLists(scenario, revocations)) collector.count('lists_withheld')
  for (const { stage } of faultStages(scenario)) if (stage === 'begins') collector.count('faults')
  return { collected: collector.collected(endedAt), exposures: [], issued: 0 }
}

/** What the world itself does is the same whoever lives in it. */
function worldLines(
  scenario: Scenario,
  revocations: readonly FoundRevocation[],
): readonly string[] {
  const phases = placePhases(scenario).map(({ phase: { name, mode }, startedAt }) =>
    line(startedAt, 'phase', { phase: name, mode }),
  )
  const published = publishedLists(scenario, revocations).map(({ at, kind }) => {
    const revoked = revocations.filter((each) => each.at <= at).length
    return line(at, kind === 'delta' ? 'delta_crls_published' : 'crls_published', { revoked })
  })
  const withheld = withheldLists(scenario, revocations).map(({ at }) =>
    line(at, 'crls_withheld', {}),
  )
  const faults = faultStages(scenario).map(({ at, ...facts }) => line(at, 'fault', facts))
  return [...phases, ...published, ...withheld, ...faults]
}

function line(at: Instant, event: string, facts: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ at: isoFromInstant(at), event, ...facts })
}

/** Every line begins with its instant, in a form that sorts as text. */
function byInstant(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
