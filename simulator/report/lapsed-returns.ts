import { shift } from '#shared/time.ts'
import { phaseAt } from '../scenario/phases.ts'
import type { Fleet, OfflineProcess, Phase, Scenario } from '../scenario/scenario.ts'

/** Whether a return counts: the phase it falls in, and how long the certificate has been over. */
export type Overdue = (phase: Phase, overdueMs: number) => boolean

/** Points at which each uniform quantity is looked at: enough to tell one return from five. */
const LENGTHS = 8
const RETURNS = 36

/**
 * How many devices of a fleet are expected to come back from offline with a certificate that has
 * ended, counting the returns that `counts` picks.
 *
 * As fleets are planned: a device goes away once, for a time between the fleet's bounds; returns
 * are spread evenly over the run from the shortest absence on, and an absence that would begin
 * before the start begins with it. When a device goes, its certificate has between the whole
 * validity and the part after the renewal point left.
 */
export function lapsedReturns(scenario: Scenario, fleet: Fleet, counts: Overdue): number {
  const garages = fleet.offline.filter((process) => process.process === 'garage')
  return garages.reduce((sum, garage) => sum + lapsesOf(scenario, fleet, garage, counts), 0)
}

function lapsesOf(
  scenario: Scenario,
  { count, certificate }: Fleet,
  offline: Extract<OfflineProcess, { process: 'garage' }>,
  counts: Overdue,
): number {
  const { start, durationMs } = scenario.time
  const leastLeftMs = certificate.validityMs * (1 - certificate.renewAtRatio)
  const lefts = grid(leastLeftMs, certificate.validityMs, LENGTHS)
  if (offline.minMs >= durationMs) return 0
  let counted = 0
  for (const untilMs of grid(offline.minMs, durationMs, RETURNS)) {
    const phase = phaseAt(scenario, shift(start, untilMs))
    if (phase === undefined) continue
    for (const awayMs of grid(offline.minMs, offline.maxMs, LENGTHS)) {
      const overdues = lefts.map((leftMs) => Math.min(awayMs, untilMs) - leftMs)
      counted += overdues.filter((ms) => ms > 0 && counts(phase, ms)).length
    }
  }
  return (count * offline.ratio * counted) / (RETURNS * LENGTHS * LENGTHS)
}

function grid(min: number, max: number, points: number): readonly number[] {
  return Array.from({ length: points }, (_, index) => min + ((index + 0.5) * (max - min)) / points)
}
