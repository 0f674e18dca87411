import { formatDuration } from '#shared/duration.ts'
import { formatExpired } from '#shared/path/expired-policy.ts'
import type { ChaosEvent, HierarchyEvent, RevocationPlan, Scenario } from '../scenario.ts'

/** Something that happens, and when: milliseconds after the start. */
export interface Mark {
  readonly atMs: number
  readonly what: string
}

/** All that a scenario does to its fleet, in the order of time. */
export function timelineOf(scenario: Scenario): readonly Mark[] {
  const marks = [
    ...phaseMarks(scenario),
    ...scenario.pki.events.map(({ atMs, ...event }) => ({ atMs, what: hierarchyText(event) })),
    ...outageMarks(scenario),
    ...absenceMarks(scenario),
    ...enrollmentMarks(scenario),
    ...scenario.revocations.map((plan) => ({ atMs: plan.atMs, what: revocationText(plan) })),
    ...scenario.chaos.map((event) => ({ atMs: event.atMs, what: chaosText(event) })),
  ]
  return marks.toSorted((a, b) => a.atMs - b.atMs)
}

function phaseMarks({ phases }: Scenario): readonly Mark[] {
  let atMs = 0
  return phases.map(({ name, forMs, mode, expired, cookies }) => {
    const begun = atMs
    atMs += forMs
    const policy = `${mode}, expired: ${formatExpired(expired)}${cookies ? ', session cookies' : ''}`
    return { atMs: begun, what: `phase ${name} for ${formatDuration(forMs)} (${policy})` }
  })
}

function outageMarks({ pki }: Scenario): readonly Mark[] {
  const gone = pki.ca.outages.map(({ atMs, forMs }) => ({
    atMs,
    what: `the CA is gone for ${formatDuration(forMs)}`,
  }))
  const silent = pki.crl.outages.map(({ atMs, forMs }) => ({
    atMs,
    what: `no list is published for ${formatDuration(forMs)}`,
  }))
  return [...gone, ...silent]
}

function absenceMarks({ fleets }: Scenario): readonly Mark[] {
  return fleets.flatMap(({ kind, count, offline }) =>
    offline.flatMap((process) => {
      if (process.process !== 'outage') return []
      const { atMs, forMs, ratio, spreadMs } = process
      const back = spreadMs === 0 ? 'all back at once' : `back within ${formatDuration(spreadMs)}`
      const who = `${Math.round(count * ratio)} of ${count} devices of kind ${kind}`
      return [{ atMs, what: `${who} lose the network for ${formatDuration(forMs)}, ${back}` }]
    }),
  )
}

function enrollmentMarks({ fleets }: Scenario): readonly Mark[] {
  return fleets.flatMap(({ kind, count, enrollment }) => {
    if (enrollment === undefined) return []
    const { atMs, withinMs } = enrollment
    const within = withinMs === 0 ? 'all at once' : `within ${formatDuration(withinMs)}`
    return [
      { atMs, what: `${count} devices of kind ${kind} ask for their first certificate, ${within}` },
    ]
  })
}

function revocationText({ kind, count, reason, goesOn }: RevocationPlan): string {
  const on = goesOn ? ', and their keys go on trying' : ''
  return `${count} of kind ${kind} revoked (${reason})${on}`
}

const hierarchyTexts: Readonly<Record<HierarchyEvent['event'], (issuer: string) => string>> = {
  intermediate_expires: (issuer) => `the certificate of ${issuer} ends`,
  intermediate_reissued: (issuer) => `${issuer} gets a new certificate for its name and key`,
  root_added: () => 'a second root becomes an anchor',
  intermediates_resigned: () => 'every issuing CA gets a certificate under the second root',
  root_removed: () => 'the first root is an anchor no longer',
}

function hierarchyText({ event, intermediate }: Omit<HierarchyEvent, 'atMs'>): string {
  return hierarchyTexts[event](`issuing-${intermediate}`)
}

const chaosTexts: Readonly<Record<ChaosEvent['fault'], string>> = {
  'ca.down': 'nobody gets a certificate',
  'crl.publisher_down': 'no list is published',
  'crl.rollback': 'the oldest lists are put back',
  'crl.truncated': 'the lists are cut in half',
  'gateway.restart': 'the edge is started anew',
  'clock.jump': 'a clock is wrong',
  'edge.partition': 'the edge cannot reach its trust store',
}

function chaosText({ fault, forMs, on, byMs = 0, share = 1 }: ChaosEvent): string {
  const lasting = forMs === 0 ? '' : ` for ${formatDuration(forMs)}`
  const way = byMs < 0 ? 'behind' : 'ahead'
  const jump = on === undefined ? '' : ` (${on}, ${formatDuration(Math.abs(byMs))} ${way})`
  const part = share === 1 ? '' : ` (${share * 100} % of the edges)`
  return `fault ${fault}: ${chaosTexts[fault]}${jump}${part}${lasting}`
}
