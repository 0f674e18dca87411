import type { AssertionResult, RunResult } from '../run-result.ts'
import { measureParts, type Measure } from './measures.ts'

/** One number of both runs. Where a run did not measure it, its side is undefined. */
export interface MeasurePair extends Omit<Measure, 'value'> {
  readonly a: number | undefined
  readonly b: number | undefined
  /** `b - a`, what was not counted being 0; undefined where one side was not measured. */
  readonly change: number | undefined
}

/** One assertion of either scenario, as both runs found it. */
export interface AssertionPair {
  readonly assertion: string
  readonly a: Omit<AssertionResult, 'assertion'> | undefined
  readonly b: Omit<AssertionResult, 'assertion'> | undefined
}

type Asserted = Pick<RunResult, 'assertions'>

/** The measures of both, in the order of their parts. */
export function pairMeasures(a: readonly Measure[], b: readonly Measure[]): readonly MeasurePair[] {
  const ofA = new Map(a.map((measure) => [keyOf(measure), measure]))
  const ofB = new Map(b.map((measure) => [keyOf(measure), measure]))
  const pairs = [...new Map([...ofA, ...ofB])].map(([key, { part, name, phase, unit }]) =>
    pairOf({ part, name, phase, unit }, ofA.get(key)?.value, ofB.get(key)?.value),
  )
  return measureParts.flatMap((part) => pairs.filter((pair) => pair.part === part))
}

function keyOf({ part, name, phase }: Measure): string {
  return JSON.stringify([part, name, phase])
}

/** A code that nobody was refused with was counted all the same: none of it. */
function pairOf(
  what: Omit<Measure, 'value'>,
  measuredA: number | undefined,
  measuredB: number | undefined,
): MeasurePair {
  const none = what.part === 'decisions' ? 0 : undefined
  const [a, b] = [measuredA ?? none, measuredB ?? none]
  return { ...what, a, b, change: a === undefined || b === undefined ? undefined : b - a }
}

/** The assertions of both, by their words: a bound that was changed makes another assertion. */
export function pairAssertions(a: Asserted, b: Asserted): readonly AssertionPair[] {
  const [ofA, ofB] = [foundIn(a), foundIn(b)]
  const names = new Set([...ofA.keys(), ...ofB.keys()])
  return [...names].map((assertion) => ({
    assertion,
    a: ofA.get(assertion),
    b: ofB.get(assertion),
  }))
}

function foundIn({
  assertions,
}: Asserted): ReadonlyMap<string, Omit<AssertionResult, 'assertion'>> {
  return new Map(assertions.map(({ assertion, ...rest }) => [assertion, rest]))
}
