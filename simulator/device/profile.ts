import { between, chance, hash32, stream } from '#simulator/random.ts'
import { clockJumps, jumpAt, type PlacedJump } from '#simulator/scenario/edge-faults.ts'
import { caOutages, type PlacedOutage } from '#simulator/scenario/outages.ts'
import type { DeviceKind, Fleet, IssuanceService, Scenario } from '#simulator/scenario/scenario.ts'
import type { Instant } from '#shared/time.ts'
import { planAbsences, type Absence } from './absence.ts'
import type { Grid } from './grid.ts'

/** What a device is for the whole run, before anything happens to it. */
export interface DeviceProfile {
  /** Like `car-0001`: unique over all fleets. */
  readonly id: string
  readonly kind: DeviceKind
  /** The scenario's: what is drawn for this device alone, and only where it is needed, comes from it. */
  readonly seed: number
  readonly fleet: Fleet
  readonly grid: Grid
  /** The CA it asks for certificates. */
  readonly ca: CertificateSource
  /** When, in each interval of its reports, a meter's own is due: a hash of its name, spread over the window. */
  readonly reportPhaseMs: number
  /** When it is away by plan, in order and apart; tunnels are drawn as they come. */
  readonly absences: readonly Absence[]
  /** How far its own clock is ahead (behind, if negative), in milliseconds. */
  readonly skewMs: number
  /** When the clocks of its kind are wrong by more than that. */
  readonly jumps: readonly PlacedJump[]
}

/** The CA as devices meet it. */
export interface CertificateSource extends Pick<IssuanceService, 'latencyMinMs' | 'latencyMaxMs'> {
  readonly outages: readonly PlacedOutage[]
}

/** How far a device's clock is ahead at an instant (behind, if negative). */
export function skewAt({ skewMs, jumps }: DeviceProfile, at: Instant): number {
  return skewMs + jumpAt(jumps, at)
}

/** Every device of a scenario, in the order of its fleets. */
export function planFleet(scenario: Scenario): readonly DeviceProfile[] {
  const { seed, time } = scenario
  const grid = { start: time.start, tickMs: time.tickMs }
  const { latencyMinMs, latencyMaxMs } = scenario.pki.ca
  const ca = { latencyMinMs, latencyMaxMs, outages: caOutages(scenario) }
  const counted = new Map<DeviceKind, number>()
  return scenario.fleets.flatMap((fleet, index) => {
    const { kind, count } = fleet
    const before = counted.get(kind) ?? 0
    counted.set(kind, before + count)
    const absences = planAbsences(scenario, fleet, grid, index)
    const jumps = clockJumps(scenario, kind)
    // Behind an EST server a CA that is away is found out by asking.
    const asked = fleet.onboarding === undefined ? ca : { ...ca, outages: [] }
    return Array.from({ length: count }, (_, number): DeviceProfile => {
      const id = idOf(kind, before + number + 1)
      const skewMs = drawSkew(seed, id, fleet)
      const reportPhaseMs = drawReportPhase(id, fleet)
      const own = { reportPhaseMs, absences: absences[number] ?? never, skewMs, jumps }
      return { id, kind, seed, fleet, grid, ca: asked, ...own }
    })
  })
}

/** One list for all that are never away by plan: a million devices share it. */
const never: readonly Absence[] = []

function idOf(kind: DeviceKind, number: number): string {
  return `${kind}-${String(number).padStart(4, '0')}`
}

function drawReportPhase(id: string, { traffic: { everyMs, windowMs } }: Fleet): number {
  return hash32(id) % Math.min(windowMs, everyMs)
}

/** Most clocks are off by little, evenly both ways; those in the tail by up to very much. */
function drawSkew(seed: number, id: string, { clock }: Fleet): number {
  if (clock.skewMs === 0 && clock.tailRatio === 0) return 0
  const random = stream(seed, 'clock', id)
  const most = chance(random, clock.tailRatio) ? clock.tailMs : clock.skewMs
  return Math.round(between(random, -most, most))
}
