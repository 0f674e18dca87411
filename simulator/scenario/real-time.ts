import { shift, type Instant } from '#shared/time.ts'
import type { Fleet, HostilePlan, RevocationPlan, Scenario } from './scenario.ts'

/** X.509 knows whole seconds: a shorter life than this says nothing about expiry. */
const validityMsMin = 5_000

/**
 * A scenario for a target whose clock nobody can turn: it starts `now`, in one phase, and everything
 * that lives in it lives `compression` times as fast. What is the target's own (how stale its trust
 * store may be, how long its sessions last) stays as it is.
 *
 * @returns the scenario, or why it cannot be compressed so
 */
export function inRealTime(
  scenario: Scenario,
  now: Instant,
  compression: number,
): Scenario | string {
  const scaled = (ms: number): number => Math.max(1, Math.round(ms / compression))
  const [first] = scenario.phases
  if (first === undefined) return 'the scenario has no phase'
  const time = {
    start: shift(now, startupMs),
    durationMs: scaled(scenario.time.durationMs),
    tickMs: scaled(scenario.time.tickMs),
  }
  const fleets = scenario.fleets.map((fleet) => scaleFleet(fleet, scaled))
  const shortest = Math.min(...fleets.map(({ certificate }) => certificate.validityMs))
  if (shortest < validityMsMin) {
    const most = Math.floor((compression * shortest) / validityMsMin)
    return `certificates would live for ${shortest} ms: compress at most ${most} times`
  }
  const { crl } = scenario.pki
  return {
    ...scenario,
    time,
    pki: {
      ...scenario.pki,
      crl: {
        publishEveryMs: scaled(crl.publishEveryMs),
        publishDelayMs: scaled(crl.publishDelayMs),
        // A list has to outlive the next one's publication, whatever that takes in real time.
        nextUpdateMs: Math.max(scaled(crl.nextUpdateMs), nextUpdateMsMin),
      },
    },
    phases: [{ ...first, forMs: time.durationMs }],
    fleets,
    revocations: scenario.revocations.map((plan): RevocationPlan => ({
      ...plan,
      atMs: scaled(plan.atMs),
    })),
    hostile: scenario.hostile.map((plan): HostilePlan => ({
      ...plan,
      everyMs: scaled(plan.everyMs),
    })),
  }
}

/** Time to enrol the fleet before it goes about its business, in real milliseconds. */
const startupMs = 1_000
const nextUpdateMsMin = 3_600_000

function scaleFleet(fleet: Fleet, scaled: (ms: number) => number): Fleet {
  const { certificate, traffic, offline } = fleet
  return {
    ...fleet,
    certificate: {
      ...certificate,
      validityMs: scaled(certificate.validityMs),
      reenrollAfterMs: scaled(certificate.reenrollAfterMs),
    },
    traffic: { ...traffic, everyMs: scaled(traffic.everyMs) },
    offline: { ...offline, minMs: scaled(offline.minMs), maxMs: scaled(offline.maxMs) },
  }
}
