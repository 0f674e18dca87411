import { expect, test } from 'vitest'
import { instantFromIso } from '#shared/time.ts'
import {
  formatCount,
  formatDate,
  formatDuration,
  formatInstant,
  formatMs,
  formatQuantity,
  formatShare,
} from '#simulator/report/format.ts'
import { roundStepMs } from '#simulator/report/steps.ts'
import { DAY, HOUR, MINUTE } from './fake-run.ts'

test.each([
  { ms: 0, text: '0 s' },
  { ms: 250, text: '0.25 s' },
  { ms: 4700, text: '4.7 s' },
  { ms: 59_900, text: '59.9 s' },
  { ms: MINUTE, text: '1 min' },
  { ms: 61_230, text: '1 min 1 s' },
  { ms: HOUR - 400, text: '60 min' },
  { ms: 3 * HOUR + 20 * MINUTE, text: '3 h 20 min' },
  { ms: 14 * DAY, text: '14 d' },
  { ms: 14 * DAY + 5 * HOUR, text: '14 d 5 h' },
])('$ms ms is $text', ({ ms, text }) => {
  expect(formatDuration(ms)).toBe(text)
})

test.each([
  { ms: undefined, text: '–' },
  { ms: 0.8437, text: '0.844' },
  { ms: 12.34, text: '12.3' },
  { ms: 999.4, text: '999' },
  { ms: 1240.4, text: '1,240' },
])('a latency of $ms ms reads $text', ({ ms, text }) => {
  expect(formatMs(ms)).toBe(text)
})

test('counts, quantities, shares and instants', () => {
  expect(formatCount(22_183)).toBe('22,183')
  expect(formatQuantity(1, 'device')).toBe('1 device')
  expect(formatQuantity(2, 'device')).toBe('2 devices')
  expect(formatShare(1, 8)).toBe('12.5 %')
  expect(formatShare(0, 0)).toBe('–')
  const at = instantFromIso('2027-01-31T08:15:00Z')
  expect([formatDate(at), formatInstant(at)]).toEqual(['2027-01-31', '2027-01-31 08:15:00'])
})

test.each([
  { durationMs: 90 * DAY, most: 400, grainMs: 1, stepMs: 6 * HOUR },
  { durationMs: 90 * DAY, most: 100, grainMs: 6 * HOUR, stepMs: DAY },
  { durationMs: 100 * DAY, most: 100, grainMs: 1, stepMs: DAY },
  { durationMs: 100 * DAY + 1, most: 100, grainMs: 1, stepMs: 2 * DAY },
  { durationMs: 500_000, most: 100, grainMs: 2000, stepMs: 10_000 },
  { durationMs: 10, most: 400, grainMs: 1, stepMs: 1000 },
  { durationMs: 5000 * DAY, most: 100, grainMs: 1, stepMs: 56 * DAY },
])('$durationMs ms in $most steps at most: $stepMs ms', ({ durationMs, most, grainMs, stepMs }) => {
  expect(roundStepMs(durationMs, most, grainMs)).toBe(stepMs)
})
