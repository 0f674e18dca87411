import { expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import { createTimeline } from '#simulator/report/timeline.ts'
import { accepted, DAY, HOUR, refused, start } from './fake-run.ts'

const STEP = 6 * HOUR
const end = shift(start, 90 * DAY)

test('ninety days are 360 points of six hours, empty ones too', () => {
  const points = createTimeline(start, 90 * DAY).points(end)
  expect(points).toHaveLength(360)
  expect(points[1]).toEqual({
    at: shift(start, STEP),
    online: 0,
    accepted: 0,
    refused: {},
    latencyP50Ms: undefined,
    latencyP99Ms: undefined,
  })
})

test.each([
  { name: 'the first instant', ms: 0, index: 0 },
  { name: 'the last of the first step', ms: STEP - 1, index: 0 },
  { name: 'the first of the second', ms: STEP, index: 1 },
  { name: 'the very end belongs to the last step', ms: 90 * DAY, index: 359 },
])('$name falls in step $index', ({ ms, index }) => {
  const timeline = createTimeline(start, 90 * DAY)
  timeline.observe(shift(start, ms), refused('revoked'))
  const points = timeline.points(end)
  expect(points.findIndex((point) => point.refused['revoked'] === 1)).toBe(index)
})

test('each step has the latencies of its own', () => {
  const timeline = createTimeline(start, 90 * DAY)
  timeline.observe(start, accepted('none', 2))
  timeline.observe(shift(start, STEP), accepted('none', 8))
  const points = timeline.points(end)
  expect(points.slice(0, 3).map((point) => point.latencyP99Ms)).toEqual([2, 8, undefined])
})

test('devices online are the mean over time, carried on through empty steps', () => {
  const timeline = createTimeline(start, 90 * DAY)
  timeline.online(start, 10)
  timeline.online(shift(start, STEP / 2), 20)
  timeline.online(shift(start, 3 * STEP), 0)
  const points = timeline.points(end)
  expect(points.slice(0, 4).map(({ online }) => online)).toEqual([15, 20, 20, 0])
})

test('a run that was stopped ends where it was stopped', () => {
  const timeline = createTimeline(start, 90 * DAY)
  timeline.online(start, 10)
  const points = timeline.points(shift(start, STEP + HOUR))
  expect(points.map(({ online }) => online)).toEqual([10, 10])
})
