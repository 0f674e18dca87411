import { performance } from 'node:perf_hooks'
import type { Instant } from '#shared/time.ts'
import { createAuthority, type Authority } from '../ca/authority.ts'
import { prepareHierarchyEvents, type HierarchyEvents } from '../ca/hierarchy-events.ts'
import { Ledger } from '../ca/ledger.ts'
import { playedPlatforms } from '../front/profiles/by-name.ts'
import type { FleetOnboarding } from '../onboarding/fleet.ts'
import { createOracle } from '../oracle/oracle.ts'
import { judgeRun } from '../report/assertions.ts'
import {
  createCollector,
  describeScenario,
  type Collected,
  type Collector,
} from '../report/collect.ts'
import { conclude } from '../report/conclude.ts'
import type { ExposureWindow, RunResult } from '../report/run-result.ts'
import { phaseAt } from '../scenario/phases.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { createDoor, type Door, type DoorAddress } from './door.ts'
import { clientProcessesFor, descriptorsOfProcess } from './doors/capacity.ts'
import type { ProcessUsage } from './doors/messages.ts'
import { ClientProcessGone, openDoors } from './doors/open-doors.ts'
import { createEventLog } from './event-log.ts'
import { noSabotage, startLocalStage, type Sabotage } from './local-stage.ts'
import { openRemoteStage, type RemoteTarget } from './remote-stage.ts'
import type { Stage } from './stage.ts'
import { createRealTimeline, createVirtualTimeline, type Timeline } from './timeline.ts'
import { EdgeGone, liveScenario, type Standings } from './world.ts'

export interface RunOptions {
  readonly scenario: Scenario
  /** Name of the scenario's file, as reports tell it. */
  readonly file: string
  /** The command that runs the very same again. */
  readonly replay: string
  /** The front's port; 0 takes any free one. */
  readonly port: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  /** Awaited before each instant: a run in virtual time stands still for as long. */
  readonly hold?: (() => Promise<void>) | undefined
  readonly sabotage?: Sabotage
  /** Processes that hold the devices' connections; by default as many as descriptors ask for. */
  readonly clientProcesses?: number | undefined
}

/** Where a run stands. */
export interface Progress {
  readonly at: Instant
  /** The run as it is lived: in real time not quite as the scenario's file has it. */
  readonly time: Scenario['time']
  readonly phase: string
  readonly totals: ReturnType<Collector['totals']>
  readonly wallMs: number
  /** Where devices live one after another, each from the run's beginning to its end: then no one instant is lived. */
  readonly lives?: { readonly over: number; readonly all: number }
  /** Undefined where lives are lived on other threads, until these tell of themselves. */
  readonly soFar: RunSoFar | undefined
}

/** What a run has come to, for whoever looks at it while it goes on. Looking changes nothing. */
export interface RunSoFar {
  /** As it is lived, see `Progress.time`. */
  readonly scenario: Scenario
  /** Devices by state at the instant of this progress. */
  readonly standings: () => Standings
  readonly collected: () => Collected
  readonly exposures: () => readonly ExposureWindow[]
  /** The event log, one JSON line each. */
  readonly lines: () => readonly string[]
}

export interface Run {
  readonly result: RunResult
  /** The event log, one JSON line each. */
  readonly log: readonly string[]
}

/** Runs a scenario against gateway and target in workerd, over real mutual TLS, in virtual time. */
export async function runLocally(options: RunOptions): Promise<Run> {
  const { scenario, port, sabotage = noSabotage } = options
  const ledger = new Ledger()
  const { seed, time, pki } = scenario
  const { intermediates, crl } = pki
  const division = { intermediates, partitions: crl.partitions }
  const authority = await createAuthority({ seed, start: time.start, ...division, ledger })
  const passesChain = playedPlatforms[scenario.front.profile].passes === 'chain'
  const hierarchy = await prepareHierarchyEvents(scenario, authority, ledger, passesChain)
  const timeline = createVirtualTimeline(time.start)
  const stage = await startLocalStage({ scenario, authority, timeline, port, sabotage })
  try {
    const cast = { ledger, authority, hierarchy, timeline, stage, toleranceMs: 0 }
    return await runBefore(stage.address, options, cast)
  } finally {
    await stage.close()
  }
}

/** Opens the door for the run, in this process or in others, and closes it behind it. */
async function runBefore(
  address: DoorAddress,
  options: Omit<RunOptions, 'port' | 'sabotage'>,
  cast: Omit<Cast, 'door' | 'clientUsage'>,
): Promise<Run> {
  const { fleets } = options.scenario
  const devices = fleets.reduce((sum, { count }) => sum + count, 0)
  const processes = options.clientProcesses ?? clientProcessesFor(devices, descriptorsOfProcess())
  const resumes = fleets.some(({ traffic }) => traffic.ticketMs > 0)
  const door = { address, sessions: resumes ? 'kept' : 'ignored' } as const
  if (processes === 0) return runOnStage(options, { ...cast, door: createDoor(door) })
  const doors = await openDoors(door, processes)
  try {
    return await runOnStage(options, { ...cast, door: doors, clientUsage: () => doors.usage() })
  } finally {
    await doors.close()
  }
}

export interface RemoteRunOptions extends Omit<RunOptions, 'port' | 'sabotage'> {
  readonly target: RemoteTarget
  readonly ledger: Ledger
  /** Whose certificates the target has been told to trust. */
  readonly authority: Authority
}

/**
 * How far a target's clock may be from ours, beside the whole seconds of X.509 and the time that
 * a request takes.
 */
const remoteToleranceMs = 2_500

/** Runs a scenario that was brought into real time against a deployment somewhere else. */
export async function runRemotely(options: RemoteRunOptions): Promise<Run> {
  const { target, ledger, authority } = options
  const timeline = createRealTimeline()
  // Of the target it is known that it takes what devices present; nothing else is needed.
  const hierarchy = await prepareHierarchyEvents(options.scenario, authority, ledger, true)
  const stage = await openRemoteStage(target, authority)
  const toleranceMs = remoteToleranceMs
  const cast = { ledger, authority, hierarchy, timeline, stage, toleranceMs }
  return runBefore(stage.address, options, cast)
}

/** What a run is played with: a world, a clock, and an edge behind a door. */
export interface Cast {
  readonly ledger: Ledger
  readonly authority: Authority
  readonly hierarchy: HierarchyEvents
  readonly timeline: Timeline
  readonly stage: Omit<Stage, 'address'>
  readonly door: Door
  /** What other processes have used that hold the devices' connections. */
  readonly clientUsage?: () => ProcessUsage
  /** Where fleets get their certificates of the edge. */
  readonly onboarding?: FleetOnboarding | undefined
  /** How far the edge's clock may be from the world's. */
  readonly toleranceMs: number
}

/** Plays the scenario to its end, or to where it was interrupted or broke; the counts are kept either way. */
export async function runOnStage(
  options: Omit<RunOptions, 'port' | 'sabotage'>,
  cast: Cast,
): Promise<Run> {
  const { scenario, signal, onProgress } = options
  const { ledger, authority, hierarchy, stage, door, onboarding, toleranceMs } = cast
  const timeline = withHold(cast.timeline, options.hold)
  const collector = createCollector({ scenario, ledger })
  const oracle = createOracle({ ledger, scenario, toleranceMs })
  const log = createEventLog()
  const watched = { scenario, exposures: () => oracle.exposures(), lines: () => log.lines() }
  const started = { wall: performance.now(), cpu: process.cpuUsage() }
  const end = await settle(() =>
    liveScenario({
      scenario,
      authority,
      hierarchy,
      ledger,
      timeline,
      door,
      onboarding,
      oracle,
      collector,
      log,
      enterPhase: (phase) => stage.enterPhase(phase),
      publish: (name, octets) => stage.publish(name, octets),
      damage: (name, octets) => stage.damage(name, octets),
      onInstant(at, standings) {
        const soFar = { ...watched, standings, collected: () => collector.collected(at) }
        onProgress({ ...progressAt(at, scenario, collector, started.wall), soFar })
      },
      signal,
    }),
  )
  const { retained, wills } = stage.brokerCounts?.() ?? noCounts
  for (let each = 0; each < retained; each += 1) collector.count('messages_retained')
  for (let each = 0; each < wills; each += 1) collector.count('wills_delivered')
  const endedAt = end.endedAt ?? timeline.now()
  const measured = measure(started, cast.clientUsage?.())
  const collected = collector.collected(endedAt)
  const exposures = oracle.exposures()
  const facts = describeScenario(scenario, options.file)
  const ended = end.failure !== undefined ? 'failed' : signal.aborted ? 'interrupted' : 'complete'
  const grounds = {
    ...collected,
    ...judgeRun(scenario, collected, exposures),
    scenario: facts,
    exposures,
    ended,
    failure: end.failure,
  } as const
  const result: RunResult = {
    ...grounds,
    ...measured,
    ...conclude(grounds),
    devices: scenario.fleets.reduce((sum, { count }) => sum + count, 0),
    profile: scenario.front.profile,
    startedAt: scenario.time.start,
    endedAt,
    certificatesIssued: ledger.issuedCount,
    replay: options.replay,
  }
  return { result, log: log.lines() }
}

const noCounts = { retained: 0, wills: 0 }

function withHold(timeline: Timeline, hold: RunOptions['hold']): Timeline {
  if (hold === undefined) return timeline
  return {
    now: () => timeline.now(),
    async advanceTo(at, signal) {
      await hold()
      await timeline.advanceTo(at, signal)
    },
  }
}

/** A run that breaks still has a report: what broke it is part of the result. */
async function settle(
  live: () => Promise<{ readonly endedAt: Instant }>,
): Promise<{ readonly endedAt: Instant | undefined; readonly failure: string | undefined }> {
  try {
    const { endedAt } = await live()
    return { endedAt, failure: undefined }
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error)
    // What nobody foresaw is worth its whole story.
    if (!(error instanceof EdgeGone || error instanceof ClientProcessGone)) console.error(error)
    return { endedAt: undefined, failure }
  }
}

/** What the run has cost; what its front and its client processes did is part of it, the edge's is not. */
function measure(
  started: { readonly wall: number; readonly cpu: NodeJS.CpuUsage },
  { cpuMs, peakRssBytes }: ProcessUsage = { cpuMs: 0, peakRssBytes: 0 },
) {
  const cpu = process.cpuUsage(started.cpu)
  return {
    wallMs: performance.now() - started.wall,
    cpuMs: (cpu.user + cpu.system) / 1000 + cpuMs,
    // Node counts in kibibytes.
    peakRssBytes: process.resourceUsage().maxRSS * 1024 + peakRssBytes,
  }
}

function progressAt(
  at: Instant,
  scenario: Scenario,
  collector: Collector,
  startedAt: number,
): Omit<Progress, 'soFar'> {
  return {
    at,
    time: scenario.time,
    phase: phaseAt(scenario, at)?.name ?? '',
    totals: collector.totals(),
    wallMs: performance.now() - startedAt,
  }
}
