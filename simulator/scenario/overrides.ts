import type { FrontProfileName, Phase, RevocationPlan, Scenario } from './scenario.ts'

/** What a command line may change in a scenario; absent: as the file says. */
export interface Overrides {
  readonly seed?: number | undefined
  /** Devices in total, at least 1. */
  readonly devices?: number | undefined
  /** The fleets times this, above 0; what has to happen is scaled with them. */
  readonly scale?: number | undefined
  /** Length of the run in days, more than 0. */
  readonly days?: number | undefined
  readonly mode?: Phase['mode'] | undefined
  readonly profile?: FrontProfileName | undefined
}

const dayMs = 86_400_000

/** `scenario` with other measures but the same proportions. */
export function withOverrides(scenario: Scenario, overrides: Overrides): Scenario {
  const { seed = scenario.seed, profile = scenario.front.profile, devices, days, mode } = overrides
  let changed: Scenario = { ...scenario, seed, front: { ...scenario.front, profile } }
  if (overrides.scale !== undefined) changed = withScale(changed, overrides.scale)
  if (devices !== undefined) changed = withDevices(changed, devices)
  if (days !== undefined) changed = withDuration(changed, days * dayMs)
  if (mode !== undefined) changed = withMode(changed, mode)
  return changed
}

/** The same story with a part of the devices, small enough then for any engine. */
function withScale(scenario: Scenario, scale: number): Scenario {
  const before = scenario.fleets.reduce((sum, { count }) => sum + count, 0)
  return withDevices(scenario, Math.max(1, Math.round(before * scale)))
}

/**
 * Fleets keep their proportions, and so do revocations, so that a small fleet is not revoked whole;
 * so do the CA's rate and what has to happen at least. What may happen at most stays as it is.
 */
function withDevices(scenario: Scenario, devices: number): Scenario {
  const counts = scenario.fleets.map(({ count }) => count)
  const before = counts.reduce((sum, count) => sum + count, 0)
  const after = apportion(counts, devices)
  const factor = devices / before
  const { pki, assert } = scenario
  const { ratePerSecond } = pki.ca
  const rate = ratePerSecond === undefined ? undefined : ratePerSecond * factor
  return {
    ...scenario,
    fleets: scenario.fleets.map((fleet, index) => ({ ...fleet, count: after[index] ?? 0 })),
    revocations: scenario.revocations.map((plan) => scaled(plan, factor)),
    pki: { ...pki, ca: { ...pki.ca, ratePerSecond: rate } },
    assert: { ...assert, atLeast: scaledCounts(assert.atLeast, factor) },
  }
}

/** What happens as often as it is planned, however many devices there are. */
function isOfTheWorld(counter: string): boolean {
  return ['faults', 'hierarchy_events'].includes(counter) || counter.startsWith('cache_')
}

/** More devices do not make more of everything; fewer make less, but never nothing. */
function scaledCounts(
  counts: Readonly<Record<string, number>>,
  factor: number,
): Readonly<Record<string, number>> {
  const least = (count: number): number =>
    count === 0 ? 0 : Math.max(1, Math.floor(count * Math.min(1, factor)))
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [
      name,
      isOfTheWorld(name) ? count : least(count),
    ]),
  )
}

function scaled(plan: RevocationPlan, factor: number): RevocationPlan {
  return { ...plan, count: plan.count === 0 ? 0 : Math.max(1, Math.round(plan.count * factor)) }
}

/** `total` in the proportions of `counts`: rounded shares that add up, at least 1 where there was 1. */
function apportion(counts: readonly number[], total: number): readonly number[] {
  const sum = counts.reduce((all, count) => all + count, 0)
  let [countsLeft, totalLeft] = [sum, total]
  return counts.map((count) => {
    if (count === 0) return 0
    const share = Math.max(1, Math.round((totalLeft * count) / countsLeft))
    countsLeft -= count
    totalLeft = Math.max(0, totalLeft - share)
    return share
  })
}

function withDuration(scenario: Scenario, durationMs: number): Scenario {
  const factor = durationMs / scenario.time.durationMs
  const whole = Math.round(durationMs)
  const moved = <Placed extends { readonly atMs: number }>(list: readonly Placed[]): Placed[] =>
    list.map((placed) => ({ ...placed, atMs: Math.floor(placed.atMs * factor) }))
  const { pki, assert } = scenario
  return {
    ...scenario,
    time: { ...scenario.time, durationMs: whole },
    pki: {
      ...pki,
      ca: { ...pki.ca, outages: moved(pki.ca.outages) },
      crl: { ...pki.crl, outages: moved(pki.crl.outages) },
      events: moved(pki.events),
    },
    phases: stretched(scenario.phases, whole),
    revocations: moved(scenario.revocations),
    chaos: moved(scenario.chaos),
    assert: { ...assert, atLeast: scaledCounts(assert.atLeast, factor) },
  }
}

/** Only phases of `mode`, stretched over the whole duration; one made for it where there is none. */
function withMode(scenario: Scenario, mode: Phase['mode']): Scenario {
  const kept = scenario.phases.filter((phase) => phase.mode === mode)
  const phases = kept.length > 0 ? kept : [onlyPhase(mode)]
  return { ...scenario, phases: stretched(phases, scenario.time.durationMs) }
}

function onlyPhase(mode: Phase['mode']): Phase {
  return {
    name: mode,
    forMs: 1,
    mode,
    expired: { word: 'refuse' },
    cookies: mode === 'passthrough',
  }
}

/** Phases in the same proportions that add up to `durationMs` exactly: borders are rounded, not lengths. */
function stretched(phases: readonly Phase[], durationMs: number): readonly Phase[] {
  const sum = phases.reduce((total, { forMs }) => total + forMs, 0)
  let [before, border] = [0, 0]
  return phases.map((phase) => {
    const start = border
    before += phase.forMs
    border = Math.round((before / sum) * durationMs)
    return { ...phase, forMs: border - start }
  })
}
