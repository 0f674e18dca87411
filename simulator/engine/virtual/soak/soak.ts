import type { RunResult } from '../../../report/run-result.ts'
import { runVirtually, type VirtualSabotage } from '../run-virtually.ts'
import { drawSketch, scenarioOf, type Sketch } from './draw.ts'
import { shrink } from './shrink.ts'

/** What one world of a soak came to. */
export interface Lived {
  readonly sketch: Sketch
  readonly decisions: number
  /** Why it fails, one sentence each; empty where every decision was right. */
  readonly failures: readonly string[]
}

/** A failure, cut down. */
export interface Found {
  readonly seed: number
  readonly sketch: Sketch
  readonly failures: readonly string[]
  /** Lives that it took to cut it down. */
  readonly tries: number
}

/** Lives the world that is drawn from a seed. */
export function liveSeed(seed: number, sabotage: VirtualSabotage = {}): Promise<Lived> {
  return liveSketch(drawSketch(seed), sabotage)
}

/** The smallest world in which what failed still fails. */
export async function shrinkFailure(lived: Lived, sabotage: VirtualSabotage = {}): Promise<Found> {
  const { sketch, tries } = await shrink(lived.sketch, async (smaller) => {
    const { failures } = await liveSketch(smaller, sabotage)
    return failures.length > 0
  })
  const { failures } = await liveSketch(sketch, sabotage)
  return { seed: lived.sketch.seed, sketch, failures, tries }
}

async function liveSketch(sketch: Sketch, sabotage: VirtualSabotage): Promise<Lived> {
  const scenario = scenarioOf(sketch)
  if (scenario === undefined) throw new Error(`the world of seed ${sketch.seed} cannot be lived`)
  const { result } = await runVirtually({
    scenario,
    file: 'soak',
    replay: '',
    signal: new AbortController().signal,
    onProgress: () => {},
    sabotage,
  })
  return { sketch, decisions: result.decisions, failures: failuresOf(result) }
}

/**
 * Wrong decisions, and windows beyond their bound. A small world need not show everything that it
 * plans, so nothing is asked of how often things happened.
 */
function failuresOf({ ended, failure, wrong, exposures, scenario }: RunResult): readonly string[] {
  const broken = ended === 'failed' ? [`the run broke off: ${failure ?? 'no cause was given'}`] : []
  const late = exposures
    .filter(({ exposureMs }) => exposureMs > scenario.maxStalenessMs)
    .map(({ device, exposureMs }) => `${device} was let in ${exposureMs} ms after publication`)
  const stories = wrong.map(
    ({ attempt, verdict }) =>
      `${attempt.actor} (${attempt.intent}): ${verdict.verdict}: ${verdict.because}`,
  )
  return [...broken, ...late, ...stories]
}
