import { expect, test } from 'vitest'
import { killAgainAndAgain } from './kill-rounds.ts'

// The whole of it is five hundred: node test/soak/kill-control-plane.ts
test('a control plane that is killed opens again, whole, with all that was said', async () => {
  const report = await killAgainAndAgain({ kills: 10, seed: 3, onProgress: () => undefined })
  expect(report.faults).toEqual([])
  expect(report.kills).toBe(10)
  expect(report.made).toBeGreaterThan(0)
  expect(report.headsSeen).toBeGreaterThan(0)
}, 300_000)
