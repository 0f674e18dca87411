import type { Collected } from '../../report/collect.ts'
import type {
  ExposureWindow,
  PhaseResult,
  Recovery,
  TimelinePoint,
} from '../../report/run-result.ts'
import type { ChronicleResult } from './recorder.ts'

/** What several chronicles came to together. */
export interface Merged {
  readonly collected: Collected | undefined
  readonly exposures: readonly ExposureWindow[]
  readonly issued: number
}

/** Adds results up; sums, so that order and grouping change nothing. */
export interface Merger {
  add(result: Pick<ChronicleResult, 'exposures' | 'issued'> & Pick<Merged, 'collected'>): void
  merged(): Merged
}

/** Stories told of wrong decisions, as in a run of one piece. */
const storiesMax = 100

export function createMerger(): Merger {
  let collected: Collected | undefined
  const exposures: ExposureWindow[] = []
  let issued = 0
  return {
    add(result) {
      if (result.collected !== undefined) {
        collected =
          collected === undefined ? result.collected : addCollected(collected, result.collected)
      }
      exposures.push(...result.exposures)
      issued += result.issued
    },
    merged: () => ({ collected, exposures, issued }),
  }
}

function addCollected(a: Collected, b: Collected): Collected {
  return {
    handshakes: a.handshakes + b.handshakes,
    decisions: a.decisions + b.decisions,
    phases: a.phases.map((phase, index) => addPhase(phase, b.phases[index])),
    latency: { ...a.latency, count: a.latency.count + b.latency.count },
    timeline: a.timeline.map((point, index) => addPoint(point, b.timeline[index])),
    events: a.events.map((event, index) => ({
      ...event,
      count: event.count + (b.events[index]?.count ?? 0),
    })),
    counters: addCounts(a.counters, b.counters),
    availability: addAvailability(a.availability, b.availability),
    recoveries: a.recoveries.map((recovery, index) => addRecovery(recovery, b.recoveries[index])),
    wrong: [...a.wrong, ...b.wrong].slice(0, storiesMax),
    wrongAccepts: a.wrongAccepts + b.wrongAccepts,
    unexplainedRefusals: a.unexplainedRefusals + b.unexplainedRefusals,
    broken: a.broken + b.broken,
    either: a.either + b.either,
  }
}

function addPhase(a: PhaseResult, b: PhaseResult | undefined): PhaseResult {
  if (b === undefined) return a
  return {
    ...a,
    handshakes: a.handshakes + b.handshakes,
    decisions: a.decisions + b.decisions,
    accepted: a.accepted + b.accepted,
    refused: addCounts(a.refused, b.refused),
    intents: addCounts(a.intents, b.intents),
    cookiesIssued: a.cookiesIssued + b.cookiesIssued,
    cookieHits: a.cookieHits + b.cookieHits,
    either: a.either + b.either,
    latency: { ...a.latency, count: a.latency.count + b.latency.count },
  }
}

function addPoint(a: TimelinePoint, b: TimelinePoint | undefined): TimelinePoint {
  if (b === undefined) return a
  return {
    ...a,
    online: a.online + b.online,
    accepted: a.accepted + b.accepted,
    refused: addCounts(a.refused, b.refused),
  }
}

function addAvailability(
  a: Collected['availability'],
  b: Collected['availability'],
): Collected['availability'] {
  return Object.fromEntries(
    Object.entries(a).map(([kind, { attempts, accepted }]) => {
      const other = b[kind] ?? { attempts: 0, accepted: 0 }
      return [kind, { attempts: attempts + other.attempts, accepted: accepted + other.accepted }]
    }),
  )
}

/** An outage is over when the last device of all has its certificate. */
function addRecovery(a: Recovery, b: Recovery | undefined): Recovery {
  if (b === undefined) return a
  return {
    ...a,
    failed: a.failed + b.failed,
    waiting: a.waiting + b.waiting,
    recoveredMs: Math.max(a.recoveredMs, b.recoveredMs),
  }
}

function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = { ...a }
  for (const [name, count] of Object.entries(b)) sums[name] = (sums[name] ?? 0) + count
  return sums
}
