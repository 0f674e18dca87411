import { formatDuration as formatExact } from '#shared/duration.ts'
import { shift } from '#shared/time.ts'
import { formatCount, formatDuration, formatInstant, formatShare } from '../../report/format.ts'
import { tableLines, type Column } from '../../report/text-table.ts'
import {
  connectsPerSecond,
  expiredAfter,
  overdueAfter,
  renewalsPerSecond,
  safeOutageMs,
} from '../arithmetic.ts'
import { onboardingLines } from '../onboarding.ts'
import { caOutages, publisherOutages, type PlacedOutage } from '../outages.ts'
import type { Fleet, Scenario } from '../scenario.ts'
import { timelineOf } from './timeline.ts'

/** What a scenario will do, and what follows from its numbers before anything is run: lines of text. */
export function explainScenario(scenario: Scenario): readonly string[] {
  const sections = [
    headLines(scenario),
    fleetLines(scenario),
    onboardingLines(scenario),
    outageLines(scenario),
    listLines(scenario),
    hostileLines(scenario),
    cacheLines(scenario),
    ['Timeline', ...timelineLines(scenario)],
    assertionLines(scenario),
  ]
  return sections.filter((lines) => lines.length > 0).flatMap((lines) => [...lines, ''])
}

const engines: Readonly<Record<Scenario['engine'], string>> = {
  any: 'any engine',
  wire: 'real sockets only',
  virtual: 'the virtual engine (or scaled down)',
}

function headLines({ name, seed, engine, time, fleets, front }: Scenario): readonly string[] {
  const devices = fleets.reduce((sum, { count }) => sum + count, 0)
  const length = `${formatExact(time.durationMs)} from ${formatInstant(time.start)} UTC`
  const where = engines[engine]
  return [
    `${name}, seed ${seed}: ${formatCount(devices)} devices, ${length}, a tick of ${formatExact(time.tickMs)}.`,
    `For ${where}; TLS ends as ${front.profile} ends it, resumption ${front.resumption}.`,
  ]
}

const fleetColumns: readonly (Column & { readonly cell: (fleet: Fleet) => string })[] = [
  { heading: 'Fleet', align: 'left', cell: ({ kind }) => kind },
  { heading: 'devices', align: 'right', cell: ({ count }) => formatCount(count) },
  {
    heading: 'certificate',
    align: 'right',
    cell: ({ certificate }) => formatExact(certificate.validityMs),
  },
  {
    heading: 'renewed at',
    align: 'right',
    cell: ({ certificate: { renewAtRatio, renewJitterRatio } }) =>
      `${renewAtRatio} ± ${renewJitterRatio}`,
  },
  { heading: 'renewals/s', align: 'right', cell: (fleet) => rate(renewalsPerSecond(fleet)) },
  { heading: 'safe outage', align: 'right', cell: (fleet) => formatDuration(safeOutageMs(fleet)) },
  { heading: 'connects/s', align: 'right', cell: (fleet) => rate(connectsPerSecond(fleet)) },
]

function fleetLines({ fleets }: Scenario): readonly string[] {
  return tableLines(
    fleetColumns,
    fleets.map((fleet) => fleetColumns.map(({ cell }) => cell(fleet))),
  )
}

function rate(perSecond: number): string {
  return String(Number(perSecond.toPrecision(3)))
}

/** What an outage of the CA means for each fleet, by arithmetic: the run has to show the same. */
function outageLines(scenario: Scenario): readonly string[] {
  return caOutages(scenario).flatMap((outage) => {
    const ms = outage.until - outage.from
    return scenario.fleets.map((fleet) => {
      const overdue = formatCount(overdueAfter(fleet, ms))
      const expired = formatCount(expiredAfter(fleet, ms))
      const safe = ms <= safeOutageMs(fleet) ? 'within' : 'BEYOND'
      return (
        `CA gone for ${formatDuration(ms)}: ${overdue} renewals of kind ${fleet.kind} fall due in it, ` +
        `${expired} certificates end; ${safe} the safe outage.`
      )
    })
  })
}

function listLines(scenario: Scenario): readonly string[] {
  const { pki, edge } = scenario
  const { publishEveryMs, deltaEveryMs, publishDelayMs, nextUpdateMs, partitions } = pki.crl
  const parts = partitions === 1 ? '' : `, in ${partitions} parts of each issuing CA`
  const deltas = deltaEveryMs === undefined ? '' : `, deltas every ${formatExact(deltaEveryMs)}`
  const knownMs = publishDelayMs + edge.maxStalenessMs
  return [
    `Lists every ${formatExact(publishEveryMs)}${deltas}${parts}, good for ${formatExact(nextUpdateMs)}.`,
    `From a revocation to the last acceptance at most ${formatExact(knownMs)}: ` +
      `${formatExact(publishDelayMs)} to the list, ${formatExact(edge.maxStalenessMs)} until the edge looks again.`,
    ...publisherOutages(scenario).map((outage) => staleText(scenario, outage)),
  ]
}

/** The last list before an outage may have been made a whole interval before it. */
function staleText({ pki, edge, time }: Scenario, { from, until }: PlacedOutage): string {
  const { publishEveryMs, nextUpdateMs } = pki.crl
  const madeMs = Math.floor((from - time.start) / publishEveryMs) * publishEveryMs
  const endsAt = shift(time.start, madeMs + nextUpdateMs + edge.crl.graceMs)
  const stopped = `Lists stop at ${formatInstant(from)}`
  if (endsAt >= until) return `${stopped}: the last one outlives the outage.`
  const what = edge.crl.stale === 'refuse' ? 'everybody is refused' : 'silence is taken for good'
  const end = endsAt < from ? from : endsAt
  return `${stopped}: from ${formatInstant(end)} to ${formatInstant(until)} they are stale, and ${what}.`
}

function hostileLines({ hostile, time }: Scenario): readonly string[] {
  return hostile.map(({ kind, everyMs }) => {
    const attacks = formatCount(Math.floor(time.durationMs / everyMs))
    return `Attackers: ${kind} every ${formatExact(everyMs)}, ${attacks} times at most.`
  })
}

/** At most: every replaced pod is another one. Expected: some are replaced twice. */
function cacheLines({ identityCache }: Scenario): readonly string[] {
  if (identityCache === undefined) return []
  const { pods, churnRatio, everyMs, forMs, spareRatio, reuse } = identityCache
  const rounds = Math.floor(forMs / everyMs)
  const most = Math.min(1, churnRatio * rounds)
  const expected = 1 - (1 - churnRatio) ** rounds
  return [
    `Identity cache of ${formatCount(pods)} pods, not refreshed for ${formatExact(forMs)}; ` +
      `${churnRatio * 100} % replaced in each ${formatExact(everyMs)}, ` +
      `${spareRatio * 100} % spare addresses, the ${reuse} given out next:`,
    `stale at most ${formatShare(most * 100, 100)}, expected ${formatShare(expected * 100, 100)}.`,
  ]
}

function timelineLines(scenario: Scenario): readonly string[] {
  return timelineOf(scenario).map(({ atMs, what }) => {
    const when = formatInstant(shift(scenario.time.start, atMs))
    return `  ${when}  +${formatDuration(atMs)}  ${what}`
  })
}

function assertionLines({ assert }: Scenario): readonly string[] {
  const { availability, exposureMs, recoveryMs, atLeast, atMost } = assert
  const lines = [
    ...Object.entries(availability).map(
      ([kind, ratio]) => `  of kind ${kind} at least ${ratio * 100} % of good attempts are let in`,
    ),
    ...Object.entries(exposureMs).map(
      ([means, ms]) => `  nobody revoked is let in by ${means} for more than ${formatDuration(ms)}`,
    ),
    ...(recoveryMs === undefined
      ? []
      : [`  ${formatDuration(recoveryMs)} after an outage of the CA nobody waits any more`]),
    ...Object.entries(atLeast).map(([name, count]) => `  ${name} at least ${formatCount(count)}`),
    ...Object.entries(atMost).map(([name, count]) => `  ${name} at most ${formatCount(count)}`),
  ]
  return lines.length === 0 ? [] : ['It passes only if', ...lines]
}
