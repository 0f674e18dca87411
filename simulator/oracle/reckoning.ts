import { shift, type Instant } from '#shared/time.ts'
import type { Askings } from './askings.ts'

/** What is known of an edge's clock and of who asked it. */
export interface ReckoningFacts {
  /** How long it may go on without looking, by its own clock. */
  readonly boundMs: number
  /** How far its clock is ahead at an instant; negative: behind. */
  readonly aheadAt: (at: Instant) => number
  /** How far its clock is ever ahead: each value once. */
  readonly everAhead: readonly number[]
  /** When it was started anew: what it held before that is gone. In order. */
  readonly startedAt: readonly Instant[]
  /** Whether one edge takes all requests: of several nobody knows which of them was asked. */
  readonly isAlone: boolean
  readonly askings: Askings
}

/**
 * The instant that an edge takes the present one for, when it reckons how long ago it looked at what
 * was published: nearly always the present one.
 *
 * An edge has one clock, which may be set: Workers have no monotonic one. Asked at an instant, its
 * clock set back after that, and asked again when the clock says what it said then, or up to the
 * bound more, it finds that no more than the bound has gone by since it was asked, serves what it
 * holds, and cannot do better. So for as long nothing counts as overdue that was not so at the
 * earlier of the two. That is all it is excused for: where its clock says less than when it was
 * asked, it sees that it was set back; where more than the bound has gone by on it, it has to look;
 * and each request in between that shows it one of the two ends the excuse.
 *
 * @returns `at`, or as much before it as the clock was set back
 */
export function reckonedAt(at: Instant, facts: ReckoningFacts): Instant {
  const { boundMs, aheadAt, everAhead } = facts
  const ahead = aheadAt(at)
  let earliest = at
  for (const before of everAhead) {
    if (before <= ahead) continue
    const taken = shift(at, ahead - before)
    const asked = facts.askings
      .perhaps(Math.max(taken - boundMs, lastStart(facts, at)), taken)
      .filter((each) => aheadAt(each) === before)
    if (asked.some((each) => !hasNoticed(each, at, facts)) && taken < earliest) earliest = taken
  }
  return earliest
}

function lastStart({ startedAt }: ReckoningFacts, at: Instant): Instant {
  return startedAt.findLast((each) => each <= at) ?? at
}

/** Whether a request between two showed the edge a time that cannot lie between theirs. */
function hasNoticed(
  from: Instant,
  to: Instant,
  { aheadAt, isAlone, askings }: ReckoningFacts,
): boolean {
  if (!isAlone) return false
  const told = (at: Instant): number => at + aheadAt(at)
  return askings.surely(from, to).some((each) => told(each) < told(from) || told(each) > told(to))
}
