import type { Decision } from '#shared/verdict/decision.ts'
import { exposition, expositionText, type MetricFamily, type Sample } from './metrics-text.ts'

/** What a decision is counted by. None of it comes from a request: no subject, serial, host or path. */
export interface CountedBy {
  /** The configured platform's name. */
  readonly platform: string
  /** The name of the policy that decided. */
  readonly policy: string
}

/** Counters of one isolate. They start at zero with it: a scraper sees that as a reset. */
export interface Metrics {
  countDecision(decision: Decision, by: CountedBy): void
  /** Client-certificate headers that a client sent and that were taken away. */
  countForged(headers: number, by: CountedBy): void
  /** The page to scrape: these counters, and families made for this moment. */
  page(families: readonly MetricFamily[]): Response
}

/**
 * Most series of one counter. Reasons are about thirty, and a deployment has one platform and a few
 * policies; whatever is beyond is counted under `other`, so that the sum stays right.
 */
const seriesMax = 512

interface Series {
  readonly labels: Readonly<Record<string, string>>
  value: number
}

/** One counter: its series by their labels, in the order of their first count. */
interface Counter {
  readonly name: string
  readonly help: string
  readonly series: Map<string, Series>
}

/** A registry of one isolate, empty. Make it once, not for each request. */
export function createMetrics(): Metrics {
  const decisions = counter('decisions', 'Decisions on client certificates, by reason.')
  const signatures = counter('signatures_verified', 'Signatures verified for decisions.')
  const forged = counter('forged_headers', 'Client-certificate headers taken from clients.')
  return {
    countDecision(decision, by) {
      add(decisions, decisionLabels(decision, by), 1)
      add(signatures, labelsOf(by), decision.evidence.signaturesSpent)
    },
    countForged(headers, by) {
      add(forged, labelsOf(by), headers)
    },
    page: (families) => {
      const counters = [decisions, signatures, forged].map(familyOf)
      const headers = { 'content-type': exposition, 'cache-control': 'no-store' }
      return new Response(expositionText([...counters, ...families]), { headers })
    },
  }
}

function counter(name: string, help: string): Counter {
  return { name: `sallyport_${name}_total`, help, series: new Map() }
}

/** `reason` is the rejection's code; of an acceptance, what it rests on. */
function decisionLabels(decision: Decision, by: CountedBy): Series['labels'] {
  const { outcome } = decision
  const reason = outcome === 'accepted' ? decision.basis.kind : decision.rejection.code
  return { outcome, reason, ...labelsOf(by) }
}

const labelsOf = ({ platform, policy }: CountedBy): Series['labels'] => ({ platform, policy })

function add({ series }: Counter, labels: Series['labels'], by: number): void {
  if (by === 0) return
  const key = Object.values(labels).join('\0')
  const known = series.get(key)
  if (known !== undefined) known.value += by
  else if (series.size < seriesMax) series.set(key, { labels, value: by })
  else addToOther(series, labels, by)
}

/** The one series beyond the bound. */
function addToOther(series: Counter['series'], labels: Series['labels'], by: number): void {
  const known = series.get('other')
  if (known !== undefined) known.value += by
  else {
    const other = Object.fromEntries(Object.keys(labels).map((label) => [label, 'other']))
    series.set('other', { labels: other, value: by })
  }
}

function familyOf({ name, help, series }: Counter): MetricFamily {
  const samples: readonly Sample[] = [...series.values()]
  return { name, help, type: 'counter', samples }
}
