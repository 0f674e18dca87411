import type { Figure, Rounds } from './measure.ts'
import type { Openssl } from './openssl.ts'
import type { RuntimeName } from './operations/operation.ts'
import type { Runtime } from './runtimes/runtime.ts'

/** One command's worth of figures about one operation. */
export interface Bench {
  readonly name: string
  readonly title: string
  readonly runtimes: readonly RuntimeName[]
  /** Measures, and tells each table as soon as it is filled. */
  run(context: BenchContext): AsyncIterable<Section>
}

export interface BenchContext {
  readonly runtime: Runtime
  readonly rounds: Rounds
  /** OpenSSL in C; undefined where it cannot be compiled, which is told once. */
  readonly openssl: Openssl | undefined
}

/** What a figure counts. The first of a section's figures is ours; ratios are told to it. */
export type Unit =
  | 'µs'
  | 'ms'
  | 'B'
  | 'cases/s'
  | 'MB'
  | 'requests/s'
  | 'messages/s'
  | 'decisions/s'
  | 'events/s'

/** One table: contenders that did the same work in the same rounds. */
export interface Section {
  readonly title: string
  readonly unit: Unit
  readonly figures: readonly Figure[]
  readonly goals: readonly Goal[]
}

/** What a section's figures have to be: `of`, by itself or as so many times `to`. */
export interface Goal {
  readonly of: string
  readonly to?: string
  readonly atMost?: number
  readonly atLeast?: number
}

export interface JudgedGoal extends Goal {
  readonly figure: number
  readonly holds: boolean
}

/** Throws where a goal is about a contender that was not in the run: nothing would have been judged. */
export function judge({ figures }: Section, goal: Goal): JudgedGoal {
  const of = medianOf(figures, goal.of)
  const figure = goal.to === undefined ? of : of / medianOf(figures, goal.to)
  const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = goal
  return { ...goal, figure, holds: figure <= atMost && figure >= atLeast }
}

function medianOf(figures: readonly Figure[], name: string): number {
  const found = figures.find((figure) => figure.name === name)
  if (found === undefined) throw new Error(`a goal is about ${name}, which was not in the run`)
  return found.median
}
