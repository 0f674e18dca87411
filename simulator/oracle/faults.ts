import { shift, type Instant } from '#shared/time.ts'
import type { PlacedOutage } from '../scenario/outages.ts'
import type { ChaosEvent, Scenario } from '../scenario/scenario.ts'

/*
 * What the scenario's faults do to what an edge can know, read a second time: the engines do not tell
 * the oracle what they put in.
 */

/** What the edge takes for the time at an instant: its clock may be wrong for a while. */
export function edgeClockOf(scenario: Scenario): (at: Instant) => Instant {
  const jumps = scenario.chaos.filter(({ fault, on }) => fault === 'clock.jump' && on === 'edge')
  if (jumps.length === 0) return (at) => at
  const placed = jumps.map((jump) => ({ ...stretchOf(scenario, jump), byMs: jump.byMs ?? 0 }))
  return (at) => {
    const wrong = placed.filter(({ from, until }) => from <= at && at < until)
    return shift(
      at,
      wrong.reduce((sum, { byMs }) => sum + byMs, 0),
    )
  }
}

/** When the edge cannot look at what was published, in order. */
export function partitionsOf(scenario: Scenario): readonly PlacedOutage[] {
  return scenario.chaos
    .filter(({ fault }) => fault === 'edge.partition')
    .map((event) => stretchOf(scenario, event))
    .toSorted((a, b) => a.from - b.from)
}

/** Whether what was published is ever taken back. */
export function isEverTakenBack({ chaos }: Scenario): boolean {
  return chaos.some(({ fault }) => fault === 'crl.rollback' || fault === 'crl.truncated')
}

function stretchOf({ time }: Scenario, { atMs, forMs }: ChaosEvent): PlacedOutage {
  const from = shift(time.start, atMs)
  return { from, until: shift(from, forMs) }
}
