import type { Instant } from '#shared/time.ts'
import type { Ledger } from '../ca/ledger.ts'
import type { JudgedAttempt, Verdict } from '../oracle/attempt.ts'
import { placePhases } from '../scenario/phases.ts'
import type { CounterName } from '../scenario/counters.ts'
import { caOutages } from '../scenario/outages.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { createCounters } from './counters.ts'
import { createLatencyHistogram } from './histogram.ts'
import { createPhaseTally, type PhaseTally } from './phase-tally.ts'
import { plannedEvents, type Happening, type LifecycleEvent } from './planned-events.ts'
import { createRecoveryLog } from './recovery.ts'
import type { EventCount, RunResult, ScenarioFacts } from './run-result.ts'
import { createTimeline } from './timeline.ts'

/** The part of a run's result that is counted while it runs. */
export type Collected = Pick<
  RunResult,
  | 'handshakes'
  | 'decisions'
  | 'phases'
  | 'latency'
  | 'timeline'
  | 'events'
  | 'counters'
  | 'availability'
  | 'recoveries'
  | 'wrong'
  | 'wrongAccepts'
  | 'unexplainedRefusals'
  | 'broken'
  | 'either'
>

/** Counts so far, for a line of progress. */
export interface Totals {
  readonly attempts: number
  readonly accepted: number
  readonly refused: Readonly<Record<string, number>>
  /** Wrong accepts, unexplained refusals and broken attempts. */
  readonly wrong: number
  readonly online: number
}

/** Takes what happens, in the order of virtual time, and counts it. It has no clock of its own. */
export interface Collector {
  attempt(judged: JudgedAttempt): void
  /** A full TLS handshake. */
  handshake(at: Instant): void
  /** From this instant on so many devices are online. */
  online(at: Instant, devices: number): void
  /** Who it happened to, and when, tells how fast a fleet recovers; without it nothing is known of that. */
  happened(event: LifecycleEvent, device?: string, at?: Instant): void
  /** Something of the world's own, such as a list that was published. */
  count(name: CounterName): void
  totals(): Totals
  /** The counts up to `endedAt`, at the end of the run or wherever it was stopped. */
  collected(endedAt: Instant): Collected
}

/** Stories told of each kind of wrong decision: more would hide the first, which matters most. */
const STORIES_MAX = 100

/**
 * @param scenario what was planned: phases, bounds and the events that must happen
 * @param ledger the world's own record, which tells an expired certificate that was let in
 */
export function createCollector({
  scenario,
  ledger,
}: {
  readonly scenario: Scenario
  readonly ledger: Ledger
}): Collector {
  const { start, durationMs } = scenario.time
  const phases = placePhases(scenario).map(createPhaseTally)
  const timeline = createTimeline(start, durationMs)
  const latency = createLatencyHistogram()
  const events = createEventCounts(scenario)
  const verdicts = createVerdictCounts()
  const counters = createCounters()
  const recovery = createRecoveryLog(caOutages(scenario))
  const availability = createAvailability(scenario, ledger)
  const refused: Record<string, number> = {}
  let attempts = 0
  let accepted = 0
  let online = 0

  return {
    attempt(judged) {
      const { attempt, observation } = judged
      attempts += 1
      phaseNamed(phases, attempt.phase).attempt(judged)
      timeline.observe(attempt.at, observation)
      if (observation.outcome !== 'broken') latency.record(observation.latencyMs)
      if (observation.outcome === 'accepted') accepted += 1
      if (observation.outcome === 'refused') {
        refused[observation.code] = (refused[observation.code] ?? 0) + 1
      }
      verdicts.count(judged)
      events.count({ kind: 'attempt', judged, ledger })
      counters.attempt(judged)
      availability.attempt(judged)
    },
    handshake(at) {
      phaseAt(phases, at).handshake()
      counters.count('handshakes')
    },
    online(at, devices) {
      online = devices
      timeline.online(at, devices)
    },
    happened(event, device, at) {
      events.count({ kind: 'lifecycle', event })
      counters.count(event)
      if (device === undefined || at === undefined) return
      if (event === 'issuance_failed') recovery.failed(device, at)
      else if (event !== 'returned') recovery.served(device, at)
    },
    count(name) {
      counters.count(name)
      events.count({ kind: 'counted', name })
    },
    totals: () => ({
      attempts,
      accepted,
      refused: { ...refused },
      wrong: verdicts.wrong(),
      online,
    }),
    collected(endedAt) {
      const begun = phases.filter((phase) => phase.startedAt < endedAt)
      const results = begun.map((phase) => phase.result(endedAt))
      return {
        phases: results,
        handshakes: results.reduce((sum, phase) => sum + phase.handshakes, 0),
        decisions: results.reduce((sum, phase) => sum + phase.decisions, 0),
        latency: latency.summary(),
        timeline: timeline.points(endedAt),
        events: events.counted(),
        counters: counters.counted(),
        availability: availability.counted(),
        recoveries: recovery.recoveries(),
        ...verdicts.counted(),
      }
    },
  }
}

/** What the report says of a scenario that was read from `file`. */
export function describeScenario(scenario: Scenario, file: string): ScenarioFacts {
  return {
    name: scenario.name,
    file,
    seed: scenario.seed,
    fleets: scenario.fleets.map(({ kind, count }) => ({ kind, count })),
    maxStalenessMs: scenario.edge.maxStalenessMs,
    sessionTtlMs: scenario.edge.sessionTtlMs,
    publishDelayMs: scenario.pki.crl.publishDelayMs,
  }
}

function phaseNamed(phases: readonly PhaseTally[], name: string): PhaseTally {
  const phase = phases.find((candidate) => candidate.name === name)
  if (phase === undefined) throw new RangeError(`the scenario has no phase "${name}"`)
  return phase
}

/** The phase of an instant; the very end of the run belongs to the last. */
function phaseAt(phases: readonly PhaseTally[], at: Instant): PhaseTally {
  const phase = phases.find(({ endsAt }) => at < endsAt) ?? phases.at(-1)
  if (phase === undefined) throw new RangeError('the scenario has no phases')
  return phase
}

function createEventCounts(scenario: Scenario): {
  count(happening: Happening): void
  counted(): readonly EventCount[]
} {
  const tallies = plannedEvents
    .filter(({ planned }) => planned(scenario))
    .map(({ event, counts }) => ({ event, counts, count: 0 }))
  return {
    count(happening) {
      for (const tally of tallies) if (tally.counts(happening)) tally.count += 1
    },
    counted: () => tallies.map(({ event, count }) => ({ event, count, atLeast: 1 })),
  }
}

/** Counts the attempts of devices that go about their business, and are not revoked, by kind. */
function createAvailability(scenario: Scenario, ledger: Ledger) {
  const counts = new Map(scenario.fleets.map(({ kind }) => [kind, { attempts: 0, accepted: 0 }]))
  return {
    attempt({ attempt, observation }: JudgedAttempt): void {
      if (attempt.intent !== 'regular') return
      if (attempt.serial !== undefined && ledger.revocation(attempt.serial) !== undefined) return
      // Devices are called by their kind and a number.
      const count = counts.get(attempt.actor.slice(0, attempt.actor.lastIndexOf('-')))
      if (count === undefined) return
      count.attempts += 1
      if (observation.outcome === 'accepted') count.accepted += 1
    },
    counted: (): RunResult['availability'] =>
      Object.fromEntries([...counts].map(([kind, count]) => [kind, { ...count }])),
  }
}

type VerdictTotals = Pick<
  RunResult,
  'wrong' | 'wrongAccepts' | 'unexplainedRefusals' | 'broken' | 'either'
>

function createVerdictCounts(): {
  count(judged: JudgedAttempt): void
  wrong(): number
  counted(): VerdictTotals
} {
  const wrong: JudgedAttempt[] = []
  const counts: Record<Verdict['verdict'], number> = {
    right: 0,
    either: 0,
    wrong_accept: 0,
    unexplained_refusal: 0,
    broken: 0,
  }
  return {
    count(judged) {
      const { verdict } = judged.verdict
      counts[verdict] += 1
      if (verdict === 'right' || verdict === 'either') return
      if (counts[verdict] <= STORIES_MAX) wrong.push(judged)
    },
    wrong: () => counts.wrong_accept + counts.unexplained_refusal + counts.broken,
    counted: () => ({
      wrong: [...wrong],
      wrongAccepts: counts.wrong_accept,
      unexplainedRefusals: counts.unexplained_refusal,
      broken: counts.broken,
      either: counts.either,
    }),
  }
}
