import { shift, type Instant } from '#shared/time.ts'
import { placed, type PlacedOutage } from './outages.ts'
import { edgeClock, type ChaosEvent, type DeviceKind, type Scenario } from './scenario.ts'

/** While a clock is wrong by `byMs`: ahead, or behind where that is negative. */
export interface PlacedJump extends PlacedOutage {
  readonly byMs: number
}

/** When the clock of the edge (`edgeClock`), or of every device of a kind, is wrong, in order. */
export function clockJumps(scenario: Scenario, on: DeviceKind): readonly PlacedJump[] {
  return scenario.chaos.flatMap(({ fault, on: whose, byMs = 0, ...outage }) =>
    fault === 'clock.jump' && whose === on
      ? placed(scenario, [outage]).map((each) => ({ ...each, byMs }))
      : [],
  )
}

/** How far a clock is ahead at an instant; jumps that fall together add up. */
export function jumpAt(jumps: readonly PlacedJump[], at: Instant): number {
  let ms = 0
  for (const { from, until, byMs } of jumps) if (from <= at && at < until) ms += byMs
  return ms
}

/** What the edge takes for the time, as a function of what it is. */
export function edgeTime(scenario: Scenario): (at: Instant) => Instant {
  const jumps = clockJumps(scenario, edgeClock)
  return jumps.length === 0 ? (at) => at : (at) => shift(at, jumpAt(jumps, at))
}

/** Whether an edge, by its place from 0, reaches the bucket of its trust store at an instant. */
export function reachesBucket(scenario: Scenario): (at: Instant, place: number) => boolean {
  const cuts = scenario.chaos.flatMap(({ fault, share, ...outage }) =>
    fault === 'edge.partition'
      ? placed(scenario, [outage]).map((each) => ({ ...each, edges: edgesCut(scenario, share) }))
      : [],
  )
  return (at, place) =>
    !cuts.some(({ from, until, edges }) => from <= at && at < until && place < edges)
}

/** How many of the edges a share is: at least one. */
function edgesCut({ edge }: Scenario, share = 1): number {
  return Math.max(1, Math.round(edge.count * share))
}

/** A fault that damages what lies in the trust store. */
export type ListFault = Extract<ChaosEvent['fault'], 'crl.rollback' | 'crl.truncated'>

export function isListFault(fault: ChaosEvent['fault']): fault is ListFault {
  return fault === 'crl.rollback' || fault === 'crl.truncated'
}
