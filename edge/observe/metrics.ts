import type { Decision } from '#shared/verdict/decision.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'
import type { LogLoss } from './log-files/hand-over.ts'
import { exposition, expositionText, type MetricFamily, type Sample } from '#shared/metrics-text.ts'

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
  /** A session that was open and is cut: its certificate is good no longer. */
  countCut(reason: RejectionCode, by: CountedBy): void
  /** Lines of the connection log that the store of log files has taken; 0 shows that there is one. */
  countHandedOver(lines: number): void
  /** Lines of the connection log that will be in no file; 0 begins a series that alerts can watch. */
  countLost(lines: number, because: LogLoss): void
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
  const cut = counter('sessions_cut', 'Open sessions that were cut, by reason.')
  const taken = counter('log_lines_handed_over', 'Log lines that the store of log files has taken.')
  const lost = counter('log_lines_dropped', 'Log lines that will be in no file, by reason.')
  const counters = [decisions, signatures, forged, cut, taken, lost]
  return {
    countDecision(decision, by) {
      add(decisions, decisionLabels(decision, by), 1)
      const spent = decision.evidence.signaturesSpent
      if (spent > 0) add(signatures, labelsOf(by), spent)
    },
    countForged(headers, by) {
      if (headers > 0) add(forged, labelsOf(by), headers)
    },
    countCut: (reason, by) => add(cut, { reason, ...labelsOf(by) }, 1),
    countHandedOver: (lines) => add(taken, {}, lines),
    countLost: (lines, reason) => add(lost, { reason }, lines),
    page: (families) => {
      const headers = { 'content-type': exposition, 'cache-control': 'no-store' }
      return new Response(expositionText([...counters.map(familyOf), ...families]), { headers })
    },
  }
}

function counter(name: string, help: string): Counter {
  return { name: `sallyport_${name}_total`, help, series: new Map() }
}

function decisionLabels(decision: Decision, by: CountedBy): Series['labels'] {
  return { outcome: decision.outcome, reason: reasonOf(decision), ...labelsOf(by) }
}

/** Of a refusal the rejection's code; of an acceptance what it rests on. */
export function reasonOf(decision: Decision): string {
  return decision.outcome === 'accepted' ? decision.basis.kind : decision.rejection.code
}

const labelsOf = ({ platform, policy }: CountedBy): Series['labels'] => ({ platform, policy })

function add({ series }: Counter, labels: Series['labels'], by: number): void {
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
