import { expect, test } from 'vitest'
import { planSoak } from './plan.ts'
import { runSoak } from './soak.ts'

const options = { requests: 2000, seed: 20261122, targets: 4 }

test('the seed is the plan', () => {
  const plan = planSoak({ ...options, devices: 16 })
  expect(planSoak({ ...options, devices: 16 })).toEqual(plan)
  expect(planSoak({ ...options, seed: 1, devices: 16 })).not.toEqual(plan)
  expect(new Set(plan.incidents.map(({ kind }) => kind))).toEqual(new Set(['killed', 'slow']))
  for (const { atRequest, untilRequest, target } of plan.incidents) {
    expect(untilRequest).toBeGreaterThan(atRequest)
    const begunMeanwhile = plan.incidents.filter(
      (other) =>
        other.target === target && other.atRequest > atRequest && other.atRequest < untilRequest,
    )
    expect(begunMeanwhile).toEqual([])
  }
})

test('targets are killed, restarted and slow: each request is answered once and logged once, or dropped', async () => {
  const { faults, answered, dropped, requests, kills, restarts, slowdowns } = await runSoak({
    ...options,
    concurrency: 32,
    onProgress: () => undefined,
  })
  expect(faults).toEqual([])
  const dropCount = Object.values(dropped).reduce((sum, count) => sum + count, 0)
  expect([requests, answered + dropCount]).toEqual([2000, 2000])
  expect(dropCount).toBeGreaterThan(0)
  expect(answered).toBeGreaterThan(1000)
  expect(Math.min(kills, restarts, slowdowns)).toBeGreaterThan(0)
}, 180_000)
