import { err, ok, type Result } from '#shared/result.ts'
import { readBounded } from '../../trust-stores/buckets/bucket-objects.ts'
import { mayCarryToken } from '../tokens.ts'
import { readSamples, type ReadSample } from './exposition.ts'

/** What one isolate of an edge worker counted and measured since it began. */
export interface EdgeFigures {
  /** Most frequent first. */
  readonly decisions: readonly DecisionCount[]
  /** Seconds; each undefined where the page does not tell it. */
  readonly maxStalenessSeconds: number | undefined
  readonly headAgeMaxSeconds: number | undefined
  readonly adoptionMaxSeconds: number | undefined
}

export interface DecisionCount {
  readonly outcome: string
  readonly reason: string
  readonly count: number
}

/** The metrics page of an edge worker, asked now; a sentence why there is no answer otherwise. */
export type AskEdge = () => Promise<Result<EdgeFigures, string>>

/** Where that page is, as variables and a secret of the control plane say. */
export interface EdgeMetricsBindings {
  /** The edge worker's METRICS_PATH with its host. */
  readonly EDGE_METRICS_URL?: string
  /** Secret: the edge worker's METRICS_TOKEN. */
  readonly EDGE_METRICS_TOKEN?: string
  /** The edge worker itself, where it is bound: a Worker may not be asked over its own zone. */
  readonly EDGE?: { fetch(request: Request): Promise<Response> }
}

/** 512 series of each counter, at most 200 octets a line, for the six there are: twice that. */
const pageOctetsMax = 1024 * 1024

/** Who looks at the console waits no longer for one part of it. */
const timeoutMs = 5000

/**
 * Reads where an edge worker's metrics are; undefined where nothing is said. Throws an Error that names
 * the variable at fault, and repeats no secret.
 */
export function askEdgeOf(env: EdgeMetricsBindings): AskEdge | undefined {
  const { EDGE_METRICS_URL: url, EDGE_METRICS_TOKEN: token, EDGE: edge } = env
  if (url === undefined && token === undefined) return undefined
  if (url === undefined || !mayCarryToken(url)) {
    throw new Error('the variable EDGE_METRICS_URL cannot be used: expected an https address')
  }
  if (token === undefined) {
    throw new Error('the variable EDGE_METRICS_URL needs the secret EDGE_METRICS_TOKEN beside it')
  }
  return async () => {
    const headers = { authorization: `Bearer ${token}` }
    const signal = AbortSignal.timeout(timeoutMs)
    // A redirect would take the token along to wherever it says.
    const request = new Request(url, { headers, signal, redirect: 'manual' })
    return ask(request, edge === undefined ? fetch : (given) => edge.fetch(given))
  }
}

async function ask(
  request: Request,
  fetched: (request: Request) => Promise<Response>,
): Promise<Result<EdgeFigures, string>> {
  try {
    const response = await fetched(request)
    if (response.status !== 200) return err(`it answered with the status ${response.status}`)
    if (response.body === null) return err('it answered with nothing')
    const page = await readBounded(response.body, pageOctetsMax)
    if (!page.ok) return err(page.error.because)
    const samples = readSamples(new TextDecoder().decode(page.value))
    return samples === undefined ? err('it answered with no metrics page') : ok(figuresOf(samples))
  } catch (error) {
    console.error(`the edge worker's metrics: ${error instanceof Error ? error.message : 'failed'}`)
    return err(`it did not answer within ${timeoutMs / 1000} seconds, or not at all`)
  }
}

function figuresOf(samples: readonly ReadSample[]): EdgeFigures {
  const gauge = (name: string): number | undefined =>
    samples.find((sample) => sample.name === `sallyport_${name}`)?.value
  return {
    decisions: decisionsOf(samples),
    maxStalenessSeconds: gauge('trust_store_max_staleness_seconds'),
    headAgeMaxSeconds: gauge('trust_store_head_age_max_seconds'),
    adoptionMaxSeconds: gauge('trust_store_adoption_max_seconds'),
  }
}

/** Over platforms and policies together. */
function decisionsOf(samples: readonly ReadSample[]): readonly DecisionCount[] {
  const counts = new Map<string, DecisionCount>()
  for (const { name, labels, value } of samples) {
    if (name !== 'sallyport_decisions_total') continue
    const [outcome, reason] = [labels.get('outcome') ?? '?', labels.get('reason') ?? '?']
    const key = `${outcome} ${reason}`
    counts.set(key, { outcome, reason, count: (counts.get(key)?.count ?? 0) + value })
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count)
}
