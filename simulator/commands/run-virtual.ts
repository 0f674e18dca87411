import { availableParallelism } from 'node:os'
import type { Run, RunOptions } from '../engine/run.ts'
import { logHash } from '../engine/virtual/log-hash.ts'
import { runSharded, type ShardedRun } from '../engine/virtual/run-sharded.ts'
import { runVirtually } from '../engine/virtual/run-virtually.ts'
import { digestsOf } from '../engine/virtual/digests.ts'
import type { EventSink } from '../report/event-log/event-sink.ts'
import { onboardingFleets } from '../scenario/onboarding.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { RunFlags } from './run-flags.ts'

/** Up to so many devices live side by side in one process; more are lived one after another, on threads. */
const sideBySideMax = 20_000

/** Up to so many devices every line of the log is kept; a line has some 250 octets. */
const loggedMax = 2_000

/**
 * Of so many decisions of the core one is asked of the whole app as well, which costs as much as a
 * thousand of them: where there are millions, fewer do.
 */
const appEvery = { usual: 1_000, mass: 10_000 }

/** Runs a scenario in virtual time, without sockets: whole, or device by device on several threads. */
export async function runInVirtualTime(
  options: Omit<RunOptions, 'port' | 'sabotage'>,
  flags: RunFlags,
  sink?: EventSink,
): Promise<Run> {
  const devices = devicesOf(options.scenario)
  if (isLivedOnThreads(options.scenario, flags))
    return tellSharded(await runMass({ ...massOptions(options, flags, devices), sink }), flags)
  const run = await runVirtually(options)
  if (flags.logHash === true) tellHash(logHash(digestsOf(run.log)))
  return run
}

/** Whether a run in virtual time lives device by device: then nothing stands between its instants. */
export function isLivedOnThreads(scenario: Scenario, { shards }: RunFlags): boolean {
  // One registry knows all devices that onboard: they live side by side, however many they are.
  const isLarge = devicesOf(scenario) > sideBySideMax && onboardingFleets(scenario).length === 0
  return shards !== undefined || isLarge
}

/** Lives are counted when they are over: a run that is interrupted before has nothing to report. */
async function runMass(options: Parameters<typeof runSharded>[0]): Promise<ShardedRun> {
  try {
    return await runSharded(options)
  } catch (error) {
    if (!options.signal.aborted) throw error
    process.stderr.write('interrupted: not all lives were over, so there is no report\n')
    process.exit(130)
  }
}

function massOptions(
  options: Omit<RunOptions, 'port' | 'sabotage'>,
  flags: RunFlags,
  devices: number,
): Parameters<typeof runSharded>[0] {
  const shards = flags.shards ?? availableParallelism()
  const isKept = devices <= loggedMax && flags.events === undefined
  const kept = isKept ? 'lines' : 'none'
  const every = devices > sideBySideMax ? appEvery.mass : appEvery.usual
  return { ...options, shards, appEvery: every, log: flags.logHash === true ? 'hash' : kept }
}

function devicesOf({ fleets }: Scenario): number {
  return fleets.reduce((sum, { count }) => sum + count, 0)
}

function tellSharded(run: ShardedRun, { logHash: isAsked }: RunFlags): Run {
  const { lives, events, whole, again, compared, cpuMs } = run.counts
  const perEvent = ((cpuMs * 1000) / Math.max(1, events)).toFixed(1)
  const perSecond = Math.round(events / (run.result.wallMs / 1000))
  process.stderr.write(
    `${lives} lives, ${events} events of ${perEvent} us CPU, ${perSecond} a second from start to report; ` +
      `${whole + again} decisions of the core, ` +
      `${whole} of them whole paths; ${compared} asked of the whole app as well\n`,
  )
  if (isAsked === true && run.logHash !== undefined) tellHash(run.logHash)
  return run
}

function tellHash(hash: string): void {
  process.stderr.write(`log hash ${hash}\n`)
}
