import { measuresOf } from './measures.ts'
import { pairAssertions, pairMeasures, type AssertionPair, type MeasurePair } from './pairs.ts'
import type { ComparedResult } from './read-result.ts'
import { worsenings } from './worsenings.ts'

/** Two results side by side. */
export interface Comparison {
  readonly measures: readonly MeasurePair[]
  readonly assertions: readonly AssertionPair[]
  /** In what the two runs were not the same run: differences that the settings explain. */
  readonly settings: readonly string[]
  /** Why the second is worse in a thing that counts, one sentence each; empty where it is not. */
  readonly worse: readonly string[]
}

/** Compares a run with an earlier one (or another edge's): `a` is what it is measured by. */
export function compareResults(a: ComparedResult, b: ComparedResult): Comparison {
  const assertions = pairAssertions(a, b)
  return {
    measures: pairMeasures(measuresOf(a), measuresOf(b)),
    assertions,
    settings: settingsApart(a, b),
    worse: worsenings(a, b, assertions),
  }
}

function settingsApart(a: ComparedResult, b: ComparedResult): readonly string[] {
  const settings = [
    { name: 'scenario', of: ({ scenario }: ComparedResult) => scenario.name },
    { name: 'seed', of: ({ scenario }: ComparedResult) => String(scenario.seed) },
    { name: 'devices', of: ({ devices }: ComparedResult) => String(devices) },
    { name: 'front', of: ({ profile }: ComparedResult) => profile },
    {
      name: 'bound on exposure',
      of: ({ scenario }: ComparedResult) => `${scenario.maxStalenessMs} ms`,
    },
    {
      name: 'phases',
      of: ({ phases }: ComparedResult) => phases.map(({ name }) => name).join(', '),
    },
    { name: 'end', of: ({ ended }: ComparedResult) => ended },
  ]
  return settings
    .filter(({ of }) => of(a) !== of(b))
    .map(({ name, of }) => `${name}: ${of(a)}, then ${of(b)}`)
}
