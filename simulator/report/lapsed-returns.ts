import type { Fleet, Phase, Scenario } from '../scenario/scenario.ts'

/** Whether a return counts: the phase it falls in, and how long the certificate has been over. */
export type Overdue = (phase: Phase, overdueMs: number) => boolean

/** Points at which each uniform quantity is looked at: enough to tell one return from five. */
const GRID = 8

/**
 * How many devices of a fleet are expected to come back from offline with a certificate that has
 * ended, counting the returns that `counts` picks.
 *
 * A device goes away once, for a time between the fleet's bounds and at any time of the run from
 * which it still comes back. At that time its certificate has between the whole validity and the
 * part after the renewal point left.
 */
export function lapsedReturns(scenario: Scenario, fleet: Fleet, counts: Overdue): number {
  const { durationMs } = scenario.time
  const { validityMs, renewAtRatio } = fleet.certificate
  let share = 0
  for (const offlineMs of grid(fleet.offline.minMs, fleet.offline.maxMs)) {
    if (offlineMs >= durationMs) continue
    for (const leftMs of grid(validityMs * (1 - renewAtRatio), validityMs)) {
      const overdueMs = offlineMs - leftMs
      if (overdueMs <= 0) continue
      share += shareOfReturns(scenario, offlineMs, (phase) => counts(phase, overdueMs))
    }
  }
  return (fleet.count * fleet.offline.ratio * share) / (GRID * GRID)
}

/** Of the returns between `offlineMs` and the end of the run, the share that falls in such phases. */
function shareOfReturns(
  { phases, time }: Scenario,
  offlineMs: number,
  inPhase: (phase: Phase) => boolean,
): number {
  let from = 0
  let countedMs = 0
  for (const phase of phases) {
    const to = from + phase.forMs
    if (inPhase(phase)) countedMs += Math.max(0, to - Math.max(from, offlineMs))
    from = to
  }
  return countedMs / (time.durationMs - offlineMs)
}

function grid(min: number, max: number): readonly number[] {
  return Array.from({ length: GRID }, (_, index) => min + ((index + 0.5) * (max - min)) / GRID)
}
