import { expect, test } from 'vitest'
import { simulateIdentityCache } from '#simulator/scenario/identity-cache.ts'
import type { IdentityCache } from '#simulator/scenario/scenario.ts'

const blog: IdentityCache = {
  pods: 200_000,
  churnRatio: 0.0025,
  everyMs: 10_000,
  forMs: 300_000,
  spareRatio: 0.05,
  reuse: 'random',
}
const share = (count: number) => Number(((count / blog.pods) * 100).toFixed(1))

test('scarce addresses, given out at random: stale below the bound, and half of it misidentified', () => {
  const { stale, unknown, misidentified } = simulateIdentityCache(blog, 1)
  expect(stale).toBeLessThanOrEqual(15_000)
  expect(stale).toBe(unknown + misidentified)
  // With random hits of the same pod: 1 - (1 - 0.0025)^30.
  expect(share(stale)).toBe(7.2)
  expect(share(misidentified)).toBeGreaterThan(3)
  expect(share(unknown)).toBeGreaterThan(3)
})

test('as many spare addresses as are used, the oldest first: stale, and nobody misidentified', () => {
  const { stale, misidentified } = simulateIdentityCache(
    { ...blog, spareRatio: 0.1, reuse: 'oldest' },
    1,
  )
  expect([share(stale), misidentified]).toEqual([7.2, 0])
})

test('nothing changes: nothing is stale', () => {
  const { stale } = simulateIdentityCache({ ...blog, churnRatio: 0 }, 1)
  expect(stale).toBe(0)
})

test('the same seed is the same cache', () => {
  const small = { ...blog, pods: 2000 }
  expect(simulateIdentityCache(small, 7)).toEqual(simulateIdentityCache(small, 7))
  expect(simulateIdentityCache(small, 8)).not.toEqual(simulateIdentityCache(small, 7))
})
