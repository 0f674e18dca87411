import { shift, type Instant } from '#shared/time.ts'
import { between, shuffle, stream, type Random } from '#simulator/random.ts'
import type { Fleet, OfflineProcess, Scenario } from '#simulator/scenario/scenario.ts'
import { onGrid, type Grid } from './grid.ts'

/** Away from `from`, up to but not including `until`. */
export interface Absence {
  readonly from: Instant
  readonly until: Instant
}

type Process<Word extends OfflineProcess['process']> = Extract<OfflineProcess, { process: Word }>

/** The planned absences of each device of a fleet, in order and apart; its place among the fleets draws them. */
export function planAbsences(
  scenario: Scenario,
  fleet: Fleet,
  grid: Grid,
  fleetIndex: number,
): readonly (readonly Absence[] | undefined)[] {
  const planned = fleet.offline.flatMap((process, index) => {
    // The first process of a fleet is drawn as it was when there could be no second one.
    const random = stream(scenario.seed, 'absence', fleetIndex, ...(index === 0 ? [] : [index]))
    switch (process.process) {
      case 'garage':
        return [planGarages(scenario, fleet.count, process, grid, random)]
      case 'outage':
        return [planOutage(scenario, fleet.count, process, grid, random)]
      case 'tunnel':
        return []
    }
  })
  return Array.from({ length: fleet.count }, (_, device) => {
    const absences = planned.flatMap((list) => list[device] ?? [])
    return absences.length === 0 ? undefined : apart(absences)
  })
}

/**
 * One absence, or none, for each device of a fleet. The returns are spread evenly over the run, so
 * that every phase sees some; an absence that would begin before the start is cut there.
 */
function planGarages(
  { time }: Scenario,
  count: number,
  { ratio, minMs, maxMs }: Process<'garage'>,
  grid: Grid,
  random: Random,
): readonly (Absence | undefined)[] {
  const away = Math.round(count * ratio)
  const returnsMs = Math.max(0, time.durationMs - minMs)
  const absences = Array.from({ length: count }, (_, index): Absence | undefined => {
    if (index >= away) return undefined
    const untilMs = minMs + ((index + random.next()) / away) * returnsMs
    const fromMs = Math.max(0, untilMs - between(random, minMs, maxMs))
    return { from: onGrid(grid, time.start + fromMs), until: onGrid(grid, time.start + untilMs) }
  })
  return shuffle(random, absences)
}

/** All go at one instant; each returns at its own within the spread. */
function planOutage(
  { time }: Scenario,
  count: number,
  { ratio, atMs, forMs, spreadMs }: Process<'outage'>,
  grid: Grid,
  random: Random,
): readonly (Absence | undefined)[] {
  const away = Math.round(count * ratio)
  const from = onGrid(grid, time.start + atMs)
  const absences = Array.from({ length: count }, (_, index): Absence | undefined => {
    if (index >= away) return undefined
    const backMs = atMs + forMs + random.next() * spreadMs
    return { from, until: onGrid(grid, time.start + backMs) }
  })
  return shuffle(random, absences)
}

/** In order, and joined where one begins before the other has ended. */
function apart(absences: readonly Absence[]): readonly Absence[] {
  const joined: Absence[] = []
  for (const absence of absences.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last === undefined || absence.from > last.until) joined.push(absence)
    else if (absence.until > last.until)
      joined[joined.length - 1] = { ...last, until: absence.until }
  }
  return joined
}

/** What of a device decides whether it is away. */
interface Whereabouts {
  readonly id: string
  readonly seed: number
  readonly fleet: Pick<Fleet, 'offline'>
  readonly grid: Grid
  readonly absences: readonly Absence[]
}

/** Until when a device is away at an instant; undefined while it is online. */
export function awayUntil(device: Whereabouts, at: Instant): Instant | undefined {
  if (device.absences.length === 0 && device.fleet.offline.length === 0) return undefined
  const planned = device.absences.find(({ from, until }) => from <= at && at < until)
  const inTunnel = tunnelsAround(device, at).find(({ from, until }) => from <= at && at < until)
  const ends = [planned?.until, inTunnel?.until].filter((end) => end !== undefined)
  const [first, second] = ends
  if (first === undefined) return undefined
  const until = second !== undefined && second > first ? second : first
  // Out of a tunnel straight into the garage is away all the same.
  return awayUntil(device, until) ?? until
}

/** When a device that is online next goes away, as far as it shows: within one interval of its tunnels. */
export function leavesAt(device: Whereabouts, at: Instant): Instant | undefined {
  const coming = [...device.absences, ...tunnelsAround(device, at)].filter(({ from }) => from > at)
  return coming.map(({ from }) => from).toSorted((a, b) => a - b)[0]
}

/** The tunnels of the interval that an instant lies in, of the one before it and of the one after it. */
function tunnelsAround(device: Whereabouts, at: Instant): readonly Absence[] {
  if (!device.fleet.offline.some(({ process }) => process === 'tunnel')) return none
  return device.fleet.offline.flatMap((process, index) => {
    if (process.process !== 'tunnel') return none
    const number = Math.floor((at - device.grid.start) / process.everyMs)
    return [number - 1, number, number + 1].flatMap((each) =>
      each < 0 ? none : [tunnel(device, process, index, each)],
    )
  })
}

const none: readonly Absence[] = []

/** The one tunnel of an interval, drawn by the device and the interval: nothing of it is stored. */
function tunnel(
  { seed, id, grid }: Whereabouts,
  { everyMs, minMs, maxMs }: Process<'tunnel'>,
  index: number,
  number: number,
): Absence {
  const random = stream(seed, 'tunnel', id, index, number)
  const forMs = between(random, minMs, maxMs)
  const fromMs = number * everyMs + random.next() * (everyMs - forMs)
  const from = onGrid(grid, grid.start + fromMs)
  return { from, until: onGrid(grid, shift(from, forMs)) }
}
