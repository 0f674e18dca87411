import { formatDuration } from '#shared/duration.ts'
import { counterExpected, isCounter } from './counters.ts'
import type { Discord } from './discord.ts'
import { isListFault } from './edge-faults.ts'
import { onboardingDiscords } from './onboarding.ts'
import { placePhases } from './phases.ts'
import { edgeClock, type Fleet, type Outage, type Scenario } from './scenario.ts'

/** Every rule that binds one part of the scenario to another, in the order they are reported. */
const rules: readonly ((scenario: Scenario) => readonly Discord[])[] = [
  tickIsWholeSeconds,
  phasesFillTheDuration,
  phaseNamesDiffer,
  crlsOverlap,
  deltasLieBetween,
  platformsTakeDeltas,
  platformsTakeWholeLists,
  renewalLiesInsideValidity,
  offlineRangeIsOrdered,
  tunnelsAreApart,
  ticketsCanBeTaken,
  latencyIsOrdered,
  placesLieInTime,
  faultsLast,
  damagedListsMeetAWarmEdge,
  partitionsMeetAWarmEdge,
  jumpsSayWhoseClock,
  measuresBelongToFaults,
  sharesAreOfSeveral,
  severalEdgesAreVirtual,
  platformsHaveTheirOwnClock,
  hierarchyEventsNameIntermediates,
  secondRootComesFirst,
  assertionsNameWhatThereIs,
  revocationsHappenInTime,
  revocationsHaveDevices,
  onboardingDiscords,
]

/** What in `scenario` contradicts what; empty when nothing does. */
export function findDiscord(scenario: Scenario): readonly Discord[] {
  return rules.flatMap((rule) => rule(scenario))
}

/** X.509 knows whole seconds, so certificates issued on the grid must fall on them. */
function tickIsWholeSeconds({ time }: Scenario): readonly Discord[] {
  if (time.tickMs % 1000 === 0) return []
  const message = `found ${formatDuration(time.tickMs)}, expected whole seconds`
  return [{ path: ['time', 'tick'], message }]
}

function phasesFillTheDuration({ phases, time }: Scenario): readonly Discord[] {
  const sum = phases.reduce((total, phase) => total + phase.forMs, 0)
  if (sum === time.durationMs) return []
  const found = `found phases of ${formatDuration(sum)} in total`
  const message = `${found}, expected the duration of ${formatDuration(time.durationMs)}`
  return [{ path: ['phases'], message }]
}

function phaseNamesDiffer({ phases }: Scenario): readonly Discord[] {
  return phases.flatMap(({ name }, index) => {
    const first = phases.findIndex((other) => other.name === name)
    if (first === index) return []
    const message = `found "${name}" again, expected a name that no earlier phase has`
    return [{ path: ['phases', index, 'name'], message }]
  })
}

/** A CRL must outlive the wait for the next one, or every device is locked out in between. */
function crlsOverlap({ pki: { crl } }: Scenario): readonly Discord[] {
  if (crl.nextUpdateMs > crl.publishEveryMs) return []
  const found = `found ${formatDuration(crl.nextUpdateMs)}`
  const message = `${found}, expected more than publish_every, ${formatDuration(crl.publishEveryMs)}`
  return [{ path: ['pki', 'crl', 'next_update'], message }]
}

function deltasLieBetween({ pki: { crl } }: Scenario): readonly Discord[] {
  if (crl.deltaEveryMs === undefined || crl.deltaEveryMs < crl.publishEveryMs) return []
  const found = `found ${formatDuration(crl.deltaEveryMs)}`
  const message = `${found}, expected less than publish_every, ${formatDuration(crl.publishEveryMs)}`
  return [{ path: ['pki', 'crl', 'delta_every'], message }]
}

/** The revocation files of an ALB's trust store have one type, CRL, which is the complete list. */
function platformsTakeDeltas(scenario: Scenario): readonly Discord[] {
  if (!platformDecides(scenario) || scenario.pki.crl.deltaEveryMs === undefined) return []
  const message = 'found delta lists, expected none where front.profile alb verifies by its own'
  return [{ path: ['pki', 'crl', 'delta_every'], message }]
}

/** Nor does AWS say what it makes of one that is for a part of the certificates (RFC 5280 5.2.5). */
function platformsTakeWholeLists(scenario: Scenario): readonly Discord[] {
  const { partitions } = scenario.pki.crl
  if (!platformDecides(scenario) || partitions === 1) return []
  const message = `found ${partitions}, expected 1 where front.profile alb verifies by its own`
  return [{ path: ['pki', 'crl', 'partitions'], message }]
}

function platformDecides({ front, phases }: Scenario): boolean {
  return front.profile === 'alb' && phases.some(({ mode }) => mode === 'verify')
}

function renewalLiesInsideValidity({ fleets }: Scenario): readonly Discord[] {
  return fleets.flatMap(({ certificate }, index) => {
    const { renewAtRatio: middle, renewJitterRatio: jitter } = certificate
    if (middle - jitter > 0 && middle + jitter < 1) return []
    const found = `found renewal at ${middle} with a jitter of ${jitter}`
    const message = `${found}, expected both ends inside the validity, between 0 and 1`
    return [{ path: ['fleets', index, 'certificate', 'renew_at'], message }]
  })
}

function offlineRangeIsOrdered({ fleets }: Scenario): readonly Discord[] {
  return offlineOf(fleets).flatMap(({ process, path }) => {
    if (process.process === 'outage' || process.minMs <= process.maxMs) return []
    const found = `found ${formatDuration(process.minMs)}`
    const message = `${found}, expected at most the max of ${formatDuration(process.maxMs)}`
    return [{ path: [...path, 'min'], message }]
  })
}

/** A device is out of a tunnel before it gets into the next one. */
function tunnelsAreApart({ fleets }: Scenario): readonly Discord[] {
  return offlineOf(fleets).flatMap(({ process, path }) => {
    if (process.process !== 'tunnel' || process.maxMs < process.everyMs) return []
    const found = `found ${formatDuration(process.maxMs)}`
    const message = `${found}, expected less than every, ${formatDuration(process.everyMs)}`
    return [{ path: [...path, 'max'], message }]
  })
}

/** Offline processes with their paths; a list of one may stand in the file without being a list. */
function offlineOf(fleets: readonly Fleet[]) {
  return fleets.flatMap(({ offline }, fleet) =>
    offline.map((process, index) => ({
      process,
      path: ['fleets', fleet, 'offline', ...(offline.length > 1 ? [index] : [])],
    })),
  )
}

function ticketsCanBeTaken({ fleets, front }: Scenario): readonly Discord[] {
  if (front.resumption === 'allowed') return []
  return fleets.flatMap(({ traffic }, index) => {
    if (traffic.ticketMs === 0) return []
    const message = 'found tickets, expected none where front.resumption is never'
    return [{ path: ['fleets', index, 'traffic', 'tickets'], message }]
  })
}

function latencyIsOrdered({ pki: { ca } }: Scenario): readonly Discord[] {
  if (ca.latencyMinMs <= ca.latencyMaxMs) return []
  const found = `found ${formatDuration(ca.latencyMinMs)}`
  const message = `${found}, expected at most the max of ${formatDuration(ca.latencyMaxMs)}`
  return [{ path: ['pki', 'ca', 'latency', 'min'], message }]
}

/** Whatever is placed in the run by its `at` has to begin before the end. */
function placesLieInTime({ pki, chaos, time }: Scenario): readonly Discord[] {
  const lists = [
    { path: ['chaos'], items: chaos },
    { path: ['pki', 'ca', 'outages'], items: pki.ca.outages },
    { path: ['pki', 'crl', 'outages'], items: pki.crl.outages },
    { path: ['pki', 'events'], items: pki.events },
  ]
  return lists.flatMap(({ path, items }) =>
    items.flatMap(({ atMs }, index) => {
      if (atMs < time.durationMs) return []
      const message = notInTime(atMs, time)
      return [{ path: [...path, index, 'at'], message }]
    }),
  )
}

/** A fault that lasts has to say how long: for no time at all it is none. */
function faultsLast({ chaos }: Scenario): readonly Discord[] {
  return chaos.flatMap(({ fault, forMs }, index) => {
    if (forMs > 0 || fault === 'gateway.restart') return []
    return [
      {
        path: ['chaos', index, 'fault'],
        message: `found ${fault} without "for", expected how long it lasts`,
      },
    ]
  })
}

/**
 * An edge that starts anew has nothing better to hold than what it finds: what it makes of damaged
 * lists then is no matter of one decision, and no run can judge it.
 */
function damagedListsMeetAWarmEdge(scenario: Scenario): readonly Discord[] {
  return scenario.chaos.flatMap((event, index) => {
    const { fault } = event
    if (!isListFault(fault) || !coversStart(scenario, event)) return []
    const message = `found ${fault} over a start of the edge, expected it between two phases or restarts`
    return [{ path: ['chaos', index, 'fault'], message }]
  })
}

/** Whether the edge is started anew while a fault lasts, both ends included. */
function coversStart(scenario: Scenario, { atMs, forMs }: Outage): boolean {
  const starts = [
    ...placePhases(scenario).map(({ startedAt }) => startedAt - scenario.time.start),
    ...scenario.chaos.filter(({ fault }) => fault === 'gateway.restart').map((each) => each.atMs),
  ]
  return starts.some((startMs) => atMs <= startMs && startMs <= atMs + forMs)
}

/** An edge that starts while it cannot reach its bucket has nothing to decide by at all. */
function partitionsMeetAWarmEdge(scenario: Scenario): readonly Discord[] {
  return scenario.chaos.flatMap((event, index) => {
    if (event.fault !== 'edge.partition' || !coversStart(scenario, event)) return []
    const message =
      'found edge.partition over a start of the edge, expected it between two phases or restarts'
    return [{ path: ['chaos', index, 'fault'], message }]
  })
}

/** A jump without its clock, or to nowhere, would be none. */
function jumpsSayWhoseClock({ chaos, fleets }: Scenario): readonly Discord[] {
  const clocks = [edgeClock, ...fleets.map(({ kind }) => kind)]
  return chaos.flatMap(({ fault, on, byMs }, index) => {
    if (fault !== 'clock.jump') return []
    const expected = `expected the clock of one of ${clocks.join(', ')}`
    if (on === undefined) {
      const message = `found clock.jump without "on", ${expected}`
      return [{ path: ['chaos', index, 'fault'], message }]
    }
    if (!clocks.includes(on)) {
      return [{ path: ['chaos', index, 'on'], message: `found "${on}", ${expected}` }]
    }
    if (byMs !== undefined) return []
    const message = 'found clock.jump without "by", expected how far the clock is ahead, or behind'
    return [{ path: ['chaos', index, 'fault'], message }]
  })
}

/** Keys of one fault, found with another, would say something that nobody does. */
function measuresBelongToFaults({ chaos }: Scenario): readonly Discord[] {
  return chaos.flatMap(({ fault, on, byMs, share }, index) => {
    const keys = [
      { key: 'on', value: on, of: 'clock.jump' },
      { key: 'by', value: byMs, of: 'clock.jump' },
      { key: 'share', value: share, of: 'edge.partition' },
    ]
    return keys
      .filter(({ value, of }) => value !== undefined && of !== fault)
      .map(({ key, of }) => ({
        path: ['chaos', index, key],
        message: `found "${key}" of ${fault}, expected it of ${of} only`,
      }))
  })
}

function sharesAreOfSeveral({ chaos, edge }: Scenario): readonly Discord[] {
  if (edge.count > 1) return []
  return chaos.flatMap(({ share }, index) => {
    if (share === undefined || share === 1) return []
    const message = `found ${share} of one edge, expected edge.count above 1`
    return [{ path: ['chaos', index, 'share'], message }]
  })
}

/** Over real sockets one edge is started. */
function severalEdgesAreVirtual({ edge, engine }: Scenario): readonly Discord[] {
  if (edge.count === 1 || engine === 'virtual') return []
  const message = `found ${edge.count}, expected 1 unless the engine is virtual`
  return [{ path: ['edge', 'count'], message }]
}

/** A load balancer that verifies by itself goes by a clock of its own, which no fault here turns. */
function platformsHaveTheirOwnClock(scenario: Scenario): readonly Discord[] {
  if (!platformDecides(scenario)) return []
  return scenario.chaos.flatMap(({ fault, on }, index) => {
    if (fault !== 'clock.jump' || on !== edgeClock) return []
    const message =
      'found the clock of the edge, expected none where front.profile alb verifies by its own'
    return [{ path: ['chaos', index, 'on'], message }]
  })
}

function hierarchyEventsNameIntermediates({ pki }: Scenario): readonly Discord[] {
  return pki.events.flatMap(({ intermediate }, index) => {
    if (intermediate <= pki.intermediates) return []
    const message = `found ${intermediate}, expected one of the ${pki.intermediates} issuing CAs`
    return [{ path: ['pki', 'events', index, 'intermediate'], message }]
  })
}

/** A root is removed, and CAs are signed anew under a second one, only once there is a second one. */
function secondRootComesFirst({ pki }: Scenario): readonly Discord[] {
  const added = pki.events.find(({ event }) => event === 'root_added')
  return pki.events.flatMap(({ event, atMs }, index) => {
    if (event !== 'root_removed' && event !== 'intermediates_resigned') return []
    if (added !== undefined && added.atMs < atMs) return []
    const message = `found ${event}, expected an earlier root_added`
    return [{ path: ['pki', 'events', index, 'event'], message }]
  })
}

function revocationsHappenInTime({ revocations, time }: Scenario): readonly Discord[] {
  return revocations.flatMap(({ atMs }, index) => {
    if (atMs < time.durationMs) return []
    return [{ path: ['revocations', index, 'at'], message: notInTime(atMs, time) }]
  })
}

function notInTime(atMs: number, { durationMs }: Scenario['time']): string {
  const most = formatDuration(durationMs)
  return `found ${formatDuration(atMs)}, expected less than the duration of ${most}`
}

/** No device is revoked twice, so there must be enough of them. */
function revocationsHaveDevices({ fleets, revocations }: Scenario): readonly Discord[] {
  const left = new Map(fleets.map(({ kind }) => [kind, countOf(fleets, kind)]))
  return revocations.flatMap(({ kind, count }, index) => {
    const available = left.get(kind) ?? 0
    left.set(kind, Math.max(0, available - count))
    if (count <= available) return []
    const message = `found ${count}, expected at most the ${available} of kind ${kind} still unrevoked`
    return [{ path: ['revocations', index, 'count'], message }]
  })
}

/** An assertion about nothing would hold for ever. */
function assertionsNameWhatThereIs({ assert, fleets }: Scenario): readonly Discord[] {
  const kinds = fleets.map(({ kind }) => kind)
  const strangers = Object.keys(assert.availability).filter((kind) => !kinds.includes(kind))
  const unknown = (['at_least', 'at_most'] as const).flatMap((key) =>
    Object.keys(key === 'at_least' ? assert.atLeast : assert.atMost)
      .filter((counter) => !isCounter(counter))
      .map((counter) => ({ path: ['assert', key, counter], message: counterExpected(counter) })),
  )
  const message = `found a kind that no fleet has, expected one of ${kinds.join(', ')}`
  return [
    ...strangers.map((kind) => ({ path: ['assert', 'availability', kind], message })),
    ...unknown,
  ]
}

function countOf(fleets: readonly Fleet[], kind: Fleet['kind']): number {
  return fleets.filter((fleet) => fleet.kind === kind).reduce((sum, { count }) => sum + count, 0)
}
