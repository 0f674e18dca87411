import { instantFromMs, type Instant } from '#shared/time.ts'
import { exponential, type Random } from '#simulator/random.ts'
import { nextTick, onGrid } from './grid.ts'
import type { DeviceProfile } from './profile.ts'

/** When a device that is online connects next: an instant of the grid after `from`. */
type NextSession = (from: Instant, random: Random, profile: DeviceProfile) => Instant

/**
 * How devices differ in when they connect. Their measures stand in the scenario's fleets.
 *
 * A switch and no table: words that a thread was handed are copies, and V8 (Node 24) compiles an access
 * by such a key anew, at every device, for the very string that it saw last.
 */
export const nextSession: NextSession = (from, random, profile) => {
  switch (profile.fleet.traffic.pattern) {
    case 'diurnal':
      return nextTrip(from, random, profile)
    case 'interval':
      return nextReport(from, random, profile)
    case 'random':
      return nextCall(from, random, profile)
  }
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** How many trips begin in each hour of a day (UTC), against each other: two rush hours, quiet nights. */
const tripsByHour = [
  1, 1, 1, 1, 1, 4, 10, 20, 20, 10, 8, 8, 10, 8, 8, 10, 20, 24, 20, 10, 6, 4, 2, 1,
] as const
const tripsOfADay = tripsByHour.reduce<number>((sum, trips) => sum + trips, 0)

/** A car connects on its trips: on a day drawn with the fleet's mean interval, mostly by day. */
function nextTrip(from: Instant, random: Random, { fleet, grid }: DeviceProfile): Instant {
  const due = from + exponential(random, fleet.traffic.everyMs)
  const trip = Math.floor(due / dayMs) * dayMs + timeOfDay(random)
  // A trip earlier on the same day is over: then the interval alone decides.
  const at = instantFromMs(trip > from ? trip : due)
  return later(onGrid(grid, at), nextTick(grid, from))
}

/** Milliseconds after midnight, drawn by the table of trips. */
function timeOfDay(random: Random): number {
  let left = random.next() * tripsOfADay
  const hour = tripsByHour.findIndex((trips) => {
    left -= trips
    return left < 0
  })
  return (hour + random.next()) * hourMs
}

/** A pod calls when it is called: connections that do not know of each other. */
function nextCall(from: Instant, random: Random, { fleet, grid }: DeviceProfile): Instant {
  const due = instantFromMs(from + exponential(random, fleet.traffic.everyMs))
  return later(onGrid(grid, due), nextTick(grid, from))
}

/** A meter reports at the fleet's interval, in a phase of its own. */
function nextReport(
  from: Instant,
  _random: Random,
  { reportPhaseMs, fleet, grid }: DeviceProfile,
): Instant {
  const { everyMs } = fleet.traffic
  const first = grid.start + reportPhaseMs
  const periods = Math.floor((from - first) / everyMs) + 1
  const report = onGrid(grid, first + periods * everyMs)
  return later(report, nextTick(grid, from))
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b
}
