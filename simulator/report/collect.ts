import type { Instant } from '#shared/time.ts'
import type { Ledger } from '../ca/ledger.ts'
import type { JudgedAttempt, Observation, Verdict } from '../oracle/attempt.ts'
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
  /** Undefined where nobody counts them: where devices live one after another. */
  readonly online: number | undefined
}

/** Takes what happens, in the order of virtual time, and counts it. It has no clock of its own. */
export interface Collector {
  /** One attempt, or so many of one kind and one step that all count as this one does. */
  attempt(judged: JudgedAttempt, times?: number): void
  /** Attempts of one kind, within one step of time, count alike, whoever made them. */
  kindOf(judged: JudgedAttempt): string
  stepOf(at: Instant): number
  /** A full TLS handshake, or so many within one phase. */
  handshake(at: Instant, times?: number): void
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
  const seen = createObservationCounts()
  let online = 0

  return {
    attempt(judged, times = 1) {
      const { attempt, observation } = judged
      seen.count(observation, times)
      phaseNamed(phases, attempt.phase).attempt(judged, times)
      timeline.observe(attempt.at, observation, times)
      if (observation.outcome !== 'broken') latency.record(observation.latencyMs, times)
      verdicts.count(judged, times)
      events.count({ kind: 'attempt', judged, ledger }, times)
      counters.attempt(judged, times)
      availability.attempt(judged, times)
    },
    kindOf(judged) {
      const counted = events.namesOf({ kind: 'attempt', judged, ledger })
      return JSON.stringify([...factsOf(judged), availability.kindOf(judged), counted])
    },
    stepOf: (at) => timeline.stepOf(at),
    handshake(at, times = 1) {
      phaseAt(phases, at).handshake(times)
      counters.count('handshakes', times)
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
    totals: () => ({ ...seen.counted(), wrong: verdicts.wrong(), online }),
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

/** Counts attempts by what their actors saw. */
function createObservationCounts() {
  const refused: Record<string, number> = {}
  let attempts = 0
  let accepted = 0
  return {
    count(observation: Observation, times: number): void {
      attempts += times
      if (observation.outcome === 'accepted') accepted += times
      if (observation.outcome !== 'refused') return
      refused[observation.code] = (refused[observation.code] ?? 0) + times
    },
    counted: () => ({ attempts, accepted, refused: { ...refused } }),
  }
}

/** What is counted of an attempt by itself. */
function factsOf(judged: JudgedAttempt): readonly unknown[] {
  const { phase, intent, protocol, connection, serial } = judged.attempt
  const seen = { ...judged.observation, identitySerial: namedBy(judged) }
  return [phase, intent, protocol, connection, serial === undefined, judged.verdict.verdict, seen]
}

/** Whom an answer named, as far as it is counted. */
function namedBy({ attempt, observation }: JudgedAttempt): 'nobody' | 'itself' | 'another' {
  if (observation.outcome !== 'accepted' || observation.identitySerial === undefined)
    return 'nobody'
  return observation.identitySerial === attempt.serial ? 'itself' : 'another'
}

function createEventCounts(scenario: Scenario): {
  count(happening: Happening, times?: number): void
  /** What a happening counts as. */
  namesOf(happening: Happening): readonly string[]
  counted(): readonly EventCount[]
} {
  const tallies = plannedEvents
    .filter(({ planned }) => planned(scenario))
    .map(({ event, counts }) => ({ event, counts, count: 0 }))
  return {
    count(happening, times = 1) {
      for (const tally of tallies) if (tally.counts(happening)) tally.count += times
    },
    namesOf: (happening) =>
      tallies.filter(({ counts }) => counts(happening)).map(({ event }) => event),
    counted: () => tallies.map(({ event, count }) => ({ event, count, atLeast: 1 })),
  }
}

/** Counts the attempts of devices that go about their business, and are not revoked, by kind. */
function createAvailability(scenario: Scenario, ledger: Ledger) {
  const counts = new Map(scenario.fleets.map(({ kind }) => [kind, { attempts: 0, accepted: 0 }]))
  /** Undefined for those that say nothing of how available the edge is. */
  const kindOf = ({ attempt }: JudgedAttempt): string | undefined => {
    if (attempt.intent !== 'regular') return undefined
    if (attempt.serial !== undefined && ledger.revocation(attempt.serial) !== undefined)
      return undefined
    // Devices are called by their kind and a number.
    return attempt.actor.slice(0, attempt.actor.lastIndexOf('-'))
  }
  return {
    kindOf,
    attempt(judged: JudgedAttempt, times: number): void {
      const count = counts.get(kindOf(judged) ?? '')
      if (count === undefined) return
      count.attempts += times
      if (judged.observation.outcome === 'accepted') count.accepted += times
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
  count(judged: JudgedAttempt, times: number): void
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
    count(judged, times) {
      const { verdict } = judged.verdict
      counts[verdict] += times
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
