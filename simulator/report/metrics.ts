import { expositionText, type MetricFamily, type Sample } from '#shared/metrics-text.ts'
import type { LatencySummary, PhaseResult, RunResult } from './run-result.ts'

/**
 * `metrics.prom`: a run in Prometheus' text exposition format, as the textfile collector of the node
 * exporter and the push gateway take it. Gauges alone: a file of one run does not count on. Every
 * sample bears the scenario's name, so that runs of several lie side by side.
 */
export function renderMetrics(result: RunResult): string {
  const { name } = result.scenario
  return expositionText(
    familiesOf(result)
      .filter(({ samples }) => samples.length > 0)
      .map(({ samples, ...family }) => ({
        ...family,
        samples: samples.map(({ labels, value }) => ({
          labels: { scenario: name, ...labels },
          value,
        })),
      })),
  )
}

function familiesOf(result: RunResult): readonly MetricFamily[] {
  const { scenario } = result
  return [
    gauge('info', 'The run: what was run, and how it ended.', [
      {
        labels: {
          seed: String(scenario.seed),
          front: result.profile,
          ended: result.ended,
          verdict: result.verdict,
        },
        value: 1,
      },
    ]),
    one('passed', 'Whether the run passed.', result.verdict === 'pass' ? 1 : 0),
    one('devices', 'Simulated devices.', result.devices),
    one('certificates_issued', 'Certificates that the fleet got.', result.certificatesIssued),
    ...decisionFamilies(result),
    ...exposureFamilies(result),
    gauge('latency_seconds', 'Latency of decisions, by quantile.', latencySamples(result)),
    gauge(
      'availability_ratio',
      'Of the attempts of devices that are not revoked, the share that was let in.',
      Object.entries(result.availability)
        .filter(([, { attempts }]) => attempts > 0)
        .map(([kind, { attempts, accepted }]) => ({
          labels: { kind },
          value: accepted / attempts,
        })),
    ),
    gauge(
      'assertion_holds',
      'Whether an assertion of the scenario holds.',
      result.assertions.map(({ assertion, holds }) => ({
        labels: { assertion },
        value: holds ? 1 : 0,
      })),
    ),
    gauge(
      'planned_event_occurrences',
      'How often an event happened that the scenario plans.',
      result.events.map(({ event, count }) => ({ labels: { event }, value: count })),
    ),
    ...costFamilies(result),
  ]
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name: `sallyport_run_${name}`, help, type: 'gauge', samples }
}

function one(name: string, help: string, value: number): MetricFamily {
  return gauge(name, help, [{ labels: {}, value }])
}

function decisionFamilies(result: RunResult): readonly MetricFamily[] {
  const { phases } = result
  return [
    gauge('decisions', 'Decisions, by phase, outcome and code.', phases.flatMap(decisionSamples)),
    gauge(
      'handshakes',
      'Full TLS handshakes, by phase.',
      phases.map(({ name, handshakes }) => ({ labels: { phase: name }, value: handshakes })),
    ),
    gauge(
      'cookie_hits',
      'Acceptances by a session cookie, by phase.',
      phases.map(({ name, cookieHits }) => ({ labels: { phase: name }, value: cookieHits })),
    ),
    one('wrong_accepts', 'Acceptances that the ledger does not allow.', result.wrongAccepts),
    one(
      'unexplained_refusals',
      'Refusals that the ledger does not explain.',
      result.unexplainedRefusals,
    ),
    one('undecided_attempts', 'Attempts that got no decision.', result.broken),
    one('either', 'Decisions within a bound, where both answers are right.', result.either),
  ]
}

function decisionSamples({ name: phase, mode, accepted, refused }: PhaseResult): readonly Sample[] {
  return [
    { labels: { phase, mode, outcome: 'accepted', code: '' }, value: accepted },
    ...Object.entries(refused).map(([code, value]) => ({
      labels: { phase, mode, outcome: 'refused', code },
      value,
    })),
  ]
}

function exposureFamilies(result: RunResult): readonly MetricFamily[] {
  const { exposures, exposureByMeans, scenario } = result
  return [
    gauge(
      'exposure_seconds',
      'How long a revoked certificate was let in after its publication: the longest, by means.',
      Object.entries(exposureByMeans).map(([means, { exposureMs }]) => ({
        labels: { means },
        value: exposureMs / 1000,
      })),
    ),
    one(
      'exposure_bound_seconds',
      'How long a revoked certificate may be let in after its publication.',
      scenario.maxStalenessMs / 1000,
    ),
    one('revoked_certificates', 'Certificates that were revoked.', exposures.length),
    one(
      'overexposed_certificates',
      'Revoked certificates that were let in for longer than the bound.',
      exposures.filter(({ exposureMs }) => exposureMs > scenario.maxStalenessMs).length,
    ),
  ]
}

function latencySamples({ phases, latency }: RunResult): readonly Sample[] {
  return [
    ...quantiles('', latency),
    ...phases.flatMap((each) => quantiles(each.name, each.latency)),
  ]
}

/** The phase without a name is the whole run. */
function quantiles(
  phase: string,
  { count, p50, p90, p99, max }: LatencySummary,
): readonly Sample[] {
  if (count === 0) return []
  return [
    ['0.5', p50] as const,
    ['0.9', p90] as const,
    ['0.99', p99] as const,
    ['1', max] as const,
  ].map(([quantile, ms]) => ({ labels: { phase, quantile }, value: ms / 1000 }))
}

function costFamilies(result: RunResult): readonly MetricFamily[] {
  return [
    one(
      'simulated_seconds',
      'Time that the fleet lived.',
      (result.endedAt - result.startedAt) / 1000,
    ),
    one('real_seconds', 'Time that the run took.', result.wallMs / 1000),
    one('cpu_seconds', 'CPU time that the run took.', result.cpuMs / 1000),
    one('memory_peak_bytes', 'Resident memory of the run at its peak.', result.peakRssBytes),
  ]
}
