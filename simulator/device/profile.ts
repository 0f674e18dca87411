import type { Instant } from '#shared/time.ts'
import { between, shuffle, stream, type Random } from '#simulator/random.ts'
import type { DeviceKind, Fleet, Scenario } from '#simulator/scenario/scenario.ts'
import { onGrid, type Grid } from './grid.ts'

/** What a device is for the whole run, before anything happens to it. */
export interface DeviceProfile {
  /** Like `car-0001`: unique over all fleets. */
  readonly id: string
  readonly kind: DeviceKind
  readonly fleet: Fleet
  readonly grid: Grid
  /** When it is away for weeks, if it ever is: from `from`, up to but not including `until`. */
  readonly absence: Absence | undefined
}

export interface Absence {
  readonly from: Instant
  readonly until: Instant
}

/** Every device of a scenario, in the order of its fleets. */
export function planFleet(scenario: Scenario): readonly DeviceProfile[] {
  const grid = { start: scenario.time.start, tickMs: scenario.time.tickMs }
  const counted = new Map<DeviceKind, number>()
  return scenario.fleets.flatMap((fleet, index) => {
    const { kind, count } = fleet
    const before = counted.get(kind) ?? 0
    counted.set(kind, before + count)
    const absences = planAbsences(scenario, fleet, grid, stream(scenario.seed, 'absence', index))
    return Array.from({ length: count }, (_, number) => {
      return { id: idOf(kind, before + number + 1), kind, fleet, grid, absence: absences[number] }
    })
  })
}

function idOf(kind: DeviceKind, number: number): string {
  return `${kind}-${String(number).padStart(4, '0')}`
}

/**
 * One absence, or none, for each device of a fleet. The returns are spread evenly over the run, so
 * that every phase sees some; an absence that would begin before the start is cut there.
 */
function planAbsences(
  { time }: Scenario,
  { count, offline }: Fleet,
  grid: Grid,
  random: Random,
): readonly (Absence | undefined)[] {
  const away = Math.round(count * offline.ratio)
  const returnsMs = Math.max(0, time.durationMs - offline.minMs)
  const absences = Array.from({ length: count }, (_, index): Absence | undefined => {
    if (index >= away) return undefined
    const untilMs = offline.minMs + ((index + random.next()) / away) * returnsMs
    const fromMs = Math.max(0, untilMs - between(random, offline.minMs, offline.maxMs))
    return { from: onGrid(grid, time.start + fromMs), until: onGrid(grid, time.start + untilMs) }
  })
  return shuffle(random, absences)
}

/** Until when a device is away at an instant; undefined while it is online. */
export function awayUntil({ absence }: DeviceProfile, at: Instant): Instant | undefined {
  return absence !== undefined && absence.from <= at && at < absence.until
    ? absence.until
    : undefined
}
