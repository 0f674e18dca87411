import { expect, test } from 'vitest'
import { createLatencyHistogram } from '#simulator/report/histogram.ts'

test('nothing recorded is zeros', () => {
  const nothing = { count: 0, p50: 0, p90: 0, p99: 0, max: 0 }
  expect(createLatencyHistogram().summary()).toEqual(nothing)
})

test('percentiles of a hundred milliseconds in tenths', () => {
  const histogram = createLatencyHistogram()
  for (let tenth = 1; tenth <= 1000; tenth += 1) histogram.record(tenth / 10)
  expect(histogram.summary()).toEqual({ count: 1000, p50: 50, p90: 90, p99: 99, max: 100 })
})

test.each([
  { name: 'a microsecond', ms: 0.001 },
  { name: 'ten milliseconds', ms: 10 },
  { name: 'a minute', ms: 60_000 },
  { name: 'an hour: above any preset range', ms: 3_600_000 },
])('one value stands for every percentile: $name', ({ ms }) => {
  const histogram = createLatencyHistogram()
  histogram.record(ms)
  expect(histogram.summary()).toEqual({ count: 1, p50: ms, p90: ms, p99: ms, max: ms })
})

test('reset forgets, the greatest value too', () => {
  const histogram = createLatencyHistogram()
  histogram.record(90)
  histogram.reset()
  histogram.record(2)
  expect(histogram.summary()).toEqual({ count: 1, p50: 2, p90: 2, p99: 2, max: 2 })
})

test.each([-0.001, Number.NaN, Number.POSITIVE_INFINITY])('%d ms is no latency', (ms) => {
  expect(() => createLatencyHistogram().record(ms)).toThrow(RangeError)
})
