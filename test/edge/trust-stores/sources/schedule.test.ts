import { expect, test } from 'vitest'
import { nextAfterAnswer, nextAfterFailure } from '#edge/trust-stores/sources/schedule.ts'
import { start } from '../../stage.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

test.each([
  [0, hourMs],
  [0.5, 63 * minuteMs],
  [0.999_999, 66 * minuteMs],
])('after an answer, by the chance %d, it is asked again after %d ms', (chance, waitMs) => {
  const next = nextAfterAnswer(start, hourMs, () => chance)
  expect(Math.round((next - start) / 1000) * 1000).toBe(waitMs)
})

test.each([
  { failures: 1, chance: 0, waitMs: minuteMs / 2 },
  { failures: 1, chance: 1, waitMs: minuteMs },
  { failures: 2, chance: 1, waitMs: 2 * minuteMs },
  { failures: 6, chance: 1, waitMs: 32 * minuteMs },
  { failures: 7, chance: 1, waitMs: hourMs },
  { failures: 7, chance: 0, waitMs: hourMs / 2 },
  { failures: 10_000, chance: 1, waitMs: hourMs },
  { failures: 1, chance: 0, retryAfterMs: 10 * minuteMs, waitMs: 10 * minuteMs },
  { failures: 1, chance: 0, retryAfterMs: 99 * hourMs, waitMs: hourMs },
  { failures: 1, chance: 0, retryAfterMs: 1, waitMs: minuteMs / 2 },
])('failure $failures, chance $chance, Retry-After $retryAfterMs: $waitMs ms', (row) => {
  const { failures, chance, retryAfterMs, waitMs } = row
  const next = nextAfterFailure(start, { everyMs: hourMs, failures, retryAfterMs }, () => chance)
  expect(next - start).toBe(waitMs)
})
