import type { Instant } from '#shared/time.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Exposure } from '../trust-stores/managed/exposure.ts'
import type { MetricFamily } from '#shared/metrics-text.ts'

/**
 * What bounds how long a revoked device is still let in: how old this isolate's snapshot may be, and
 * how old the lists in it are. Over all lists together: an issuer's name is no label.
 */
export function trustStoreFamilies(
  store: TrustStore,
  maxStalenessMs: number,
  now: Instant,
  exposure?: Exposure,
): readonly MetricFamily[] {
  const crls = [...store.crlsByIssuer.values()].flat()
  const stale = crls.filter(({ nextUpdate }) => nextUpdate < now)
  return [
    gauge('trust_store_epoch', 'Epoch of the snapshot that decides here.', [store.epoch]),
    gauge(
      'trust_store_max_staleness_seconds',
      'How long the bucket may go unasked: the bound on noticing a revocation that was published.',
      [maxStalenessMs / 1000],
    ),
    gauge('crls', 'Revocation lists at hand.', [crls.length]),
    gauge('crls_stale', 'Revocation lists whose next update is past.', [stale.length]),
    gauge(
      'crl_this_update_oldest_timestamp_seconds',
      'When the oldest list was made: revocations since then may be missing from it.',
      earliest(crls.map(({ thisUpdate }) => thisUpdate)),
    ),
    gauge(
      'crl_next_update_soonest_timestamp_seconds',
      'When the first list turns stale unless it is replaced.',
      earliest(crls.map(({ nextUpdate }) => nextUpdate)),
    ),
    ...(exposure === undefined ? [] : exposureFamilies(exposure)),
  ]
}

/** Nothing of what is not known, for a gauge that says 0 would be an answer. */
const seconds = (ms: number | undefined): readonly number[] => (ms === undefined ? [] : [ms / 1000])

/** How late this isolate knows what the control plane says. The longest are since the page was last read. */
function exposureFamilies(exposure: Exposure): readonly MetricFamily[] {
  return [
    gauge(
      'trust_store_head_age_seconds',
      'Since the control plane was asked for what decides here now.',
      seconds(exposure.ageMs),
    ),
    gauge(
      'trust_store_head_age_max_seconds',
      'The oldest that a decision here went by, since this page was last read.',
      seconds(exposure.ageMaxMs),
    ),
    gauge(
      'trust_store_adoption_seconds',
      'From when the last new epoch was made to its adoption here.',
      seconds(exposure.adoptionMs),
    ),
    gauge(
      'trust_store_adoption_max_seconds',
      'The longest from an epoch to its adoption here, since this page was last read.',
      seconds(exposure.adoptionMaxMs),
    ),
  ]
}

/** Seconds since 1970; nothing of nothing, for a gauge that says 0 would be a date. */
function earliest(instants: readonly Instant[]): readonly number[] {
  if (instants.length === 0) return []
  return [instants.reduce((first, each) => Math.min(first, each), Number.POSITIVE_INFINITY) / 1000]
}

function gauge(name: string, help: string, values: readonly number[]): MetricFamily {
  const samples = values.map((value) => ({ labels: {}, value }))
  return { name: `sallyport_${name}`, help, type: 'gauge', samples }
}
