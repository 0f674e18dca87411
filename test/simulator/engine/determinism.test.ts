import { expect, test } from 'vitest'
import { runSmall } from './run-small.ts'

test('the same seed gives the same event log; another seed gives another', async () => {
  const first = await runSmall({ days: 3 })
  const again = await runSmall({ days: 3 })
  const other = await runSmall({ days: 3, seed: 8 })
  expect(first.log.length).toBeGreaterThan(300)
  expect(again.log).toEqual(first.log)
  expect(other.log).not.toEqual(first.log)
}, 90_000)

test.each([
  { profile: 'alb' as const },
  { mode: 'verify' as const },
  { mode: 'passthrough' as const },
])(
  'every decision is right with %o as well',
  async (overrides) => {
    const { result } = await runSmall(overrides)
    expect(result.failures).toEqual([])
    expect(result.decisions).toBeGreaterThan(500)
  },
  60_000,
)
