import { shift, type Instant } from '#shared/time.ts'
import type { ChaosEvent, Outage, Scenario } from './scenario.ts'

/** An outage with its instants: from `from`, up to but not including `until`. */
export interface PlacedOutage {
  readonly from: Instant
  readonly until: Instant
}

/** When nobody gets a certificate: outages of the CA, and the fault `ca.down`, in order. */
export function caOutages(scenario: Scenario): readonly PlacedOutage[] {
  return placed(scenario, [...scenario.pki.ca.outages, ...faults(scenario, 'ca.down')])
}

/** When no list is published: outages of the publisher, and its fault, in order. */
export function publisherOutages(scenario: Scenario): readonly PlacedOutage[] {
  const { outages } = scenario.pki.crl
  return placed(scenario, [...outages, ...faults(scenario, 'crl.publisher_down')])
}

/** When the outage ends that an instant falls in; undefined outside of all. */
export function outageEnd(outages: readonly PlacedOutage[], at: Instant): Instant | undefined {
  return outages.find(({ from, until }) => from <= at && at < until)?.until
}

function faults({ chaos }: Scenario, wanted: ChaosEvent['fault']): readonly ChaosEvent[] {
  return chaos.filter(({ fault }) => fault === wanted)
}

/** Outages with their instants, in order. */
export function placed({ time }: Scenario, outages: readonly Outage[]): readonly PlacedOutage[] {
  return outages
    .map(({ atMs, forMs }) => {
      const from = shift(time.start, atMs)
      return { from, until: shift(from, forMs) }
    })
    .toSorted((a, b) => a.from - b.from)
}
