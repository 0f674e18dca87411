import { shift, type Instant } from '#shared/time.ts'
import type { PlacedOutage } from '../scenario/outages.ts'
import type { ChaosEvent, Scenario } from '../scenario/scenario.ts'

/*
 * What the scenario's faults do to what an edge can know, read a second time: the engines do not tell
 * the oracle what they put in.
 */

/** The clock of the edges, which may be wrong for a while. */
export interface EdgeClock {
  /** How far it is ahead at an instant; negative: behind. */
  readonly aheadAt: (at: Instant) => number
  /** How far it is ever ahead: each value once. */
  readonly everAhead: readonly number[]
}

export function edgeClockOf(scenario: Scenario): EdgeClock {
  const jumps = scenario.chaos.filter(({ fault, on }) => fault === 'clock.jump' && on === 'edge')
  if (jumps.length === 0) return { aheadAt: () => 0, everAhead: [0] }
  const placed = jumps.map((jump) => ({ ...stretchOf(scenario, jump), byMs: jump.byMs ?? 0 }))
  const aheadAt = (at: Instant): number => {
    const wrong = placed.filter(({ from, until }) => from <= at && at < until)
    return wrong.reduce((sum, { byMs }) => sum + byMs, 0)
  }
  const turns = [scenario.time.start, ...placed.flatMap(({ from, until }) => [from, until])]
  return { aheadAt, everAhead: [...new Set(turns.map(aheadAt))] }
}

/** When the edges are started anew, in order: at the start, with each phase, and by a fault. */
export function startsOf({ time, phases, chaos }: Scenario): readonly Instant[] {
  const restarts = chaos.filter(({ fault }) => fault === 'gateway.restart')
  let afterMs = 0
  const deployed = phases.map(({ forMs }) => {
    afterMs += forMs
    return afterMs - forMs
  })
  return [...deployed, ...restarts.map(({ atMs }) => atMs)]
    .toSorted((a, b) => a - b)
    .map((ms) => shift(time.start, ms))
}

/** When the edge cannot look at what was published, in order. */
export function partitionsOf(scenario: Scenario): readonly PlacedOutage[] {
  return scenario.chaos
    .filter(({ fault }) => fault === 'edge.partition')
    .map((event) => stretchOf(scenario, event))
    .toSorted((a, b) => a.from - b.from)
}

/** Whether what was published is ever taken back, or out of reach. */
export function isEverOutOfSight({ chaos }: Scenario): boolean {
  const faults = ['crl.rollback', 'crl.truncated', 'edge.partition']
  return chaos.some(({ fault }) => faults.includes(fault))
}

function stretchOf({ time }: Scenario, { atMs, forMs }: ChaosEvent): PlacedOutage {
  const from = shift(time.start, atMs)
  return { from, until: shift(from, forMs) }
}
