import { performance } from 'node:perf_hooks'
import { shift } from '#shared/time.ts'
import { Ledger } from '../../ca/ledger.ts'
import { createCollector } from '../../report/collect.ts'
import { totalsOf } from '../../report/totals.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import type { Progress, RunSoFar } from '../run.ts'
import { createMerger, type Merged } from './merge.ts'

/**
 * Puts together what shards tell of themselves while they live. Lives are lived one after another,
 * each from the run's beginning to its end, so the counts of all instants grow at once, and the lives
 * that are over stand for the part of the run's time that is.
 *
 * @returns takes how many lives a shard has lived, and what it has counted since it told the last time
 */
export function createShardProgress(
  { scenario, onProgress }: Told,
  startedAt: number,
): (shard: number, lives: number, counted: Merged) => void {
  const { time, fleets } = scenario
  const all = fleets.reduce((sum, { count }) => sum + count, 0)
  const livesOf = new Map<number, number>()
  const merger = createMerger()
  const nothing = createCollector({ scenario, ledger: new Ledger() }).totals()
  return (shard, lives, counted) => {
    livesOf.set(shard, lives)
    merger.add(counted)
    const lived = [...livesOf.values()].reduce((sum, each) => sum + each, 0)
    const { collected, exposures } = merger.merged()
    onProgress({
      at: shift(time.start, Math.floor((lived / all) * time.durationMs)),
      time,
      phase: '',
      lives: { over: lived, all },
      totals: collected === undefined ? nothing : totalsOf(collected, undefined),
      wallMs: performance.now() - startedAt,
      soFar: collected && soFarOf(scenario, collected, exposures),
    })
  }
}

interface Told {
  readonly scenario: Scenario
  readonly onProgress: (progress: Progress) => void
}

function soFarOf(
  scenario: Scenario,
  collected: NonNullable<Merged['collected']>,
  exposures: Merged['exposures'],
): RunSoFar {
  return {
    scenario,
    // Nobody stands anywhere at the same instant as another.
    standings: () => ({}),
    collected: () => collected,
    exposures: () => exposures,
    lines: () => [],
  }
}
