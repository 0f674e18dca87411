import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import type { Progress } from '#simulator/engine/run.ts'
import type { Merged } from '#simulator/engine/virtual/merge.ts'
import { createShardProgress } from '#simulator/engine/virtual/shard-progress.ts'
import { findRevocations, liveShard } from '#simulator/engine/virtual/shard.ts'
import { smallScenario } from '../run-small.ts'

test('while lives go on each shard tells what it has counted since, and the sums are shown', async () => {
  const scenario = smallScenario({ days: 1, devices: 600 })
  const revocations = await findRevocations(scenario)
  const options = {
    scenario,
    shard: 0,
    shards: 1,
    revocations,
    appEvery: 1000,
    log: 'none',
  } as const
  const told: { readonly lives: number; readonly counted: Merged }[] = []
  const { merged } = await liveShard(options, (lives, counted) => told.push({ lives, counted }))
  expect(told.length).toBe(2)

  const shown: Progress[] = []
  const onProgress = (progress: Progress): number => shown.push(progress)
  const take = createShardProgress({ scenario, onProgress }, performance.now())
  // The same lives by two threads: what either tells is added up.
  for (const { lives, counted } of told) take(0, lives, counted)
  for (const { lives, counted } of told) take(1, lives, counted)
  const [first, second, , last] = shown
  expect(first?.lives).toEqual({ over: told[0]?.lives, all: 600 })
  expect(last?.lives?.over).toBe(2 * (told[1]?.lives ?? 0))
  expect(last?.totals.attempts).toBe(2 * (second?.totals.attempts ?? 0))
  expect(first?.totals.attempts).toBeLessThan(second?.totals.attempts ?? 0)
  expect(second?.totals.attempts).toBeLessThan(merged.collected?.decisions ?? 0)
  expect(second?.soFar?.collected().timeline.length).toBe(merged.collected?.timeline.length)
}, 120_000)
