import { shift, type Instant } from '#shared/time.ts'
import type { Phase, Scenario } from './scenario.ts'

/** A phase and its place in the run: from `startedAt`, up to but not including `endsAt`. */
export interface PlacedPhase {
  readonly phase: Phase
  readonly startedAt: Instant
  readonly endsAt: Instant
}

/** The phases of a run with their instants, in order and without gaps. */
export function placePhases({ phases, time }: Scenario): readonly PlacedPhase[] {
  let startedAt = time.start
  return phases.map((phase) => {
    const placed = { phase, startedAt, endsAt: shift(startedAt, phase.forMs) }
    startedAt = placed.endsAt
    return placed
  })
}

/** The phase that rules at an instant; undefined before the start and from the end on. */
export function phaseAt(scenario: Scenario, at: Instant): Phase | undefined {
  const placed = placePhases(scenario).find(
    ({ startedAt, endsAt }) => startedAt <= at && at < endsAt,
  )
  return placed?.phase
}
