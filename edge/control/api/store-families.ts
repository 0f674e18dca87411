import type { MetricFamily, Sample } from '#shared/metrics-text.ts'
import type { Finding } from '../../trust-stores/findings/finding.ts'
import { listsInForce } from '../../trust-stores/managed/document.ts'
import type { Source } from '../../trust-stores/sources/source.ts'
import type { RemoteStore } from '../control-plane.ts'

/** What a page of metrics tells of a store: counts and instants, no subject, serial or address. */
export interface WatchedStore {
  readonly name: string
  /** Undefined where there is no bundle. */
  readonly epoch: number | undefined
  /** When the first of its lists in force is stale; undefined where there is none. */
  readonly nextUpdate: number | undefined
  readonly findings: readonly Finding[]
  readonly sources: readonly Source[]
}

export async function watchedStore(name: string, store: RemoteStore): Promise<WatchedStore> {
  const document = await store.document()
  const ends = document && listsInForce(document).map(({ nextUpdate }) => nextUpdate)
  return {
    name,
    epoch: (await store.head())?.epoch,
    nextUpdate: ends === undefined || ends.length === 0 ? undefined : Math.min(...ends),
    findings: await store.findings(),
    sources: await store.sources(),
  }
}

export function storeFamilies(stores: readonly WatchedStore[]): readonly MetricFamily[] {
  return [
    gauge('epoch', 'Epoch of the trust store.', stores.flatMap(epochSamples)),
    gauge(
      'next_update_timestamp_seconds',
      'When the first of its lists in force is stale.',
      stores.flatMap(nextUpdateSamples),
    ),
    gauge(
      'findings',
      'What will break or has, by code and severity.',
      stores.flatMap(findingSamples),
    ),
    gauge('sources', 'Sources by how they are.', stores.flatMap(sourceSamples)),
  ]
}

const gauge = (name: string, help: string, samples: readonly Sample[]): MetricFamily => ({
  name: `sallyport_trust_store_${name}`,
  help,
  type: 'gauge',
  samples,
})

const epochSamples = ({ name, epoch }: WatchedStore): readonly Sample[] =>
  epoch === undefined ? [] : [{ labels: { store: name }, value: epoch }]

const nextUpdateSamples = ({ name, nextUpdate }: WatchedStore): readonly Sample[] =>
  nextUpdate === undefined ? [] : [{ labels: { store: name }, value: nextUpdate / 1000 }]

function findingSamples({ name, findings }: WatchedStore): readonly Sample[] {
  const samples = new Map<string, Sample>()
  for (const { code, severity } of findings) {
    const key = `${code} ${severity}`
    const value = (samples.get(key)?.value ?? 0) + 1
    samples.set(key, { labels: { store: name, code, severity }, value })
  }
  return [...samples.values()]
}

function sourceSamples({ name, sources }: WatchedStore): readonly Sample[] {
  const states = ['well', 'new', 'refused', 'failing'] as const
  return states.map((state) => ({
    labels: { store: name, state },
    value: sources.filter((each) => stateOf(each) === state).length,
  }))
}

function stateOf({ lastOutcome, lastFailure }: Source): 'well' | 'new' | 'refused' | 'failing' {
  if (lastFailure !== undefined) return 'failing'
  if (lastOutcome === undefined) return 'new'
  return lastOutcome.kind === 'taken' ? 'well' : 'refused'
}
