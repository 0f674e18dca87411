import { build } from 'hdr-histogram-js'
import type { LatencySummary } from './run-result.ts'

/** Latencies counted in a few kilobytes, however many there are. */
export interface LatencyHistogram {
  /** One latency in milliseconds, so many times; throws a RangeError on what no clock can measure. */
  record(ms: number, times?: number): void
  /** Milliseconds to three significant digits; zeros where nothing was recorded. */
  summary(): LatencySummary
  /** Forgets everything recorded. */
  reset(): void
}

/** Three significant digits at a grain of one microsecond, from there upwards without a limit. */
export function createLatencyHistogram(): LatencyHistogram {
  const histogram = build({
    bitBucketSize: 32,
    autoResize: true,
    numberOfSignificantValueDigits: 3,
  })
  // The histogram knows its greatest bucket only; the greatest value itself is worth a number.
  let maxUs = 0

  const percentile = (percent: number) =>
    toMs(Math.min(histogram.getValueAtPercentile(percent), maxUs))

  return {
    record(ms, times = 1) {
      if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`${ms} ms is not a latency`)
      const us = Math.round(ms * 1000)
      histogram.recordValueWithCount(us, times)
      maxUs = Math.max(maxUs, us)
    },
    summary: () => ({
      count: histogram.totalCount,
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
      max: toMs(maxUs),
    }),
    reset() {
      histogram.reset()
      maxUs = 0
    },
  }
}

function toMs(us: number): number {
  return Number((us / 1000).toPrecision(3))
}
