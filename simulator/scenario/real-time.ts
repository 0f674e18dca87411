import { shift, type Instant } from '#shared/time.ts'
import {
  edgeClock,
  type ChaosEvent,
  type Fleet,
  type HostilePlan,
  type OfflineProcess,
  type Outage,
  type Scenario,
} from './scenario.ts'

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
  const beyond = scenario.chaos.find(isOfTheEdge)
  if (beyond !== undefined) {
    return `nobody can put ${beyond.fault} into a target somewhere else: leave it out of chaos`
  }
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
  const { ca, crl, events } = scenario.pki
  const placed = <Placed extends { readonly atMs: number }>(list: readonly Placed[]): Placed[] =>
    list.map((each) => ({ ...each, atMs: scaled(each.atMs) }))
  const lasting = <Lasting extends Outage>(list: readonly Lasting[]): Lasting[] =>
    placed(list).map((each) => ({ ...each, forMs: scaled(each.forMs) }))
  return {
    ...scenario,
    time,
    pki: {
      ...scenario.pki,
      ca: {
        ...ca,
        latencyMinMs: compressed(ca.latencyMinMs, compression),
        latencyMaxMs: compressed(ca.latencyMaxMs, compression),
        ratePerSecond: ca.ratePerSecond === undefined ? undefined : ca.ratePerSecond * compression,
        outages: lasting(ca.outages),
      },
      events: placed(events),
      crl: {
        ...crl,
        outages: lasting(crl.outages),
        publishEveryMs: scaled(crl.publishEveryMs),
        deltaEveryMs: crl.deltaEveryMs === undefined ? undefined : scaled(crl.deltaEveryMs),
        publishDelayMs: scaled(crl.publishDelayMs),
        // A list has to outlive the next one's publication, whatever that takes in real time.
        nextUpdateMs: Math.max(scaled(crl.nextUpdateMs), nextUpdateMsMin),
      },
    },
    phases: [{ ...first, forMs: time.durationMs }],
    fleets,
    revocations: placed(scenario.revocations),
    chaos: lasting(scenario.chaos).map(({ byMs, ...event }) => ({
      ...event,
      byMs: byMs === undefined ? undefined : compressed(byMs, compression),
    })),
    hostile: scenario.hostile.map((plan): HostilePlan => ({
      ...plan,
      everyMs: scaled(plan.everyMs),
    })),
  }
}

/** Faults of the edge's own clock and network, which no run reaches from outside. */
function isOfTheEdge({ fault, on }: ChaosEvent): boolean {
  return fault === 'edge.partition' || (fault === 'clock.jump' && on === edgeClock)
}

/** Time to enrol the fleet before it goes about its business, in real milliseconds. */
const startupMs = 1_000
const nextUpdateMsMin = 3_600_000

/** Like `scaled`, but no time at all stays none. */
function compressed(ms: number, compression: number): number {
  return Math.round(ms / compression)
}

function scaleFleet(fleet: Fleet, scaled: (ms: number) => number): Fleet {
  const { certificate, traffic, offline, enrollment } = fleet
  const { retry } = certificate
  return {
    ...fleet,
    certificate: {
      ...certificate,
      validityMs: scaled(certificate.validityMs),
      reenrollAfterMs: scaled(certificate.reenrollAfterMs),
      retry: { baseMs: scaled(retry.baseMs), capMs: scaled(retry.capMs) },
    },
    enrollment: enrollment && {
      atMs: scaled(enrollment.atMs),
      withinMs: scaled(enrollment.withinMs),
    },
    // Real clocks are as far off in a compressed life, which would make them worse: they are compressed too.
    clock: {
      ...fleet.clock,
      skewMs: fleet.clock.skewMs === 0 ? 0 : scaled(fleet.clock.skewMs),
      tailMs: fleet.clock.tailMs === 0 ? 0 : scaled(fleet.clock.tailMs),
    },
    traffic: {
      ...traffic,
      everyMs: scaled(traffic.everyMs),
      windowMs: scaled(traffic.windowMs),
      ticketMs: traffic.ticketMs === 0 ? 0 : scaled(traffic.ticketMs),
    },
    offline: offline.map((process) => scaleOffline(process, scaled)),
  }
}

function scaleOffline(process: OfflineProcess, scaled: (ms: number) => number): OfflineProcess {
  switch (process.process) {
    case 'garage':
      return { ...process, minMs: scaled(process.minMs), maxMs: scaled(process.maxMs) }
    case 'tunnel': {
      const { everyMs, minMs, maxMs } = process
      return { ...process, everyMs: scaled(everyMs), minMs: scaled(minMs), maxMs: scaled(maxMs) }
    }
    case 'outage': {
      const { atMs, forMs, spreadMs } = process
      return { ...process, atMs: scaled(atMs), forMs: scaled(forMs), spreadMs: scaled(spreadMs) }
    }
  }
}
