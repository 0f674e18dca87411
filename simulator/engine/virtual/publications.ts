import { shift, type Instant } from '#shared/time.ts'
import type { Ledger } from '../../ca/ledger.ts'
import type { PlannedRevocation } from '../../device/plan.ts'
import { outageEnd, publisherOutages } from '../../scenario/outages.ts'
import type { Scenario } from '../../scenario/scenario.ts'

/** The instants at which lists are published: the regular ones, after each revocation and each outage. */
export function publicationInstants(
  scenario: Scenario,
  revocations: readonly PlannedRevocation[],
): readonly Instant[] {
  const silences = publisherOutages(scenario)
  return dueInstants(scenario, revocations).filter((at) => outageEnd(silences, at) === undefined)
}

/** The instants at which lists are due and their publisher is down. */
export function withheldInstants(
  scenario: Scenario,
  revocations: readonly PlannedRevocation[],
): readonly Instant[] {
  const silences = publisherOutages(scenario)
  return dueInstants(scenario, revocations).filter((at) => outageEnd(silences, at) !== undefined)
}

function dueInstants(
  scenario: Scenario,
  revocations: readonly PlannedRevocation[],
): readonly Instant[] {
  const { time, pki } = scenario
  const instants = new Set<Instant>()
  for (let ms = 0; ms < time.durationMs; ms += pki.crl.publishEveryMs) {
    instants.add(shift(time.start, ms))
  }
  for (const { publishesAt } of revocations) instants.add(publishesAt)
  for (const { until } of publisherOutages(scenario)) instants.add(until)
  return [...instants].filter((at) => at < time.start + time.durationMs).toSorted((a, b) => a - b)
}

/**
 * What every ledger of a run knows before a life begins, where lists may be missing: each that will be
 * published. Else nothing is said of them: each is there long before the one before it ends.
 */
export function planLists(
  scenario: Scenario,
  publishedAt: readonly Instant[],
  ledger: Ledger,
): void {
  if (publisherOutages(scenario).length === 0) return
  const { intermediates, crl } = scenario.pki
  const lists = publishedAt.map((at) => ({
    publishedAt: at,
    thisUpdate: at,
    nextUpdate: shift(at, crl.nextUpdateMs),
    delta: undefined,
    takenBackAt: undefined,
  }))
  for (let number = 1; number <= intermediates; number += 1) {
    ledger.recordPlanned(`issuing-${number}`, lists)
  }
}
