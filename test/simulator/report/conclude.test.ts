import { expect, test } from 'vitest'
import { conclude } from '#simulator/report/conclude.ts'
import type { RunResult } from '#simulator/report/run-result.ts'
import { fakeRun } from './fake-run.ts'

const run = fakeRun()
const [exposure] = run.exposures
const exposedFor = (exposureMs: number) =>
  exposure === undefined ? [] : [{ ...exposure, device: 'car-0017', exposureMs }]
const never = [{ event: 'refused as revoked', count: 0, atLeast: 1 }]

const cases: readonly {
  readonly name: string
  readonly changes: Partial<RunResult>
  readonly failures: readonly string[]
}[] = [
  { name: 'all is right', changes: {}, failures: [] },
  { name: 'within a bound is right', changes: { either: 12 }, failures: [] },
  { name: 'one wrong accept', changes: { wrongAccepts: 1 }, failures: ['1 wrong accept.'] },
  {
    name: 'two unexplained refusals',
    changes: { unexplainedRefusals: 2 },
    failures: ['2 unexplained refusals.'],
  },
  {
    name: 'broken attempts',
    changes: { broken: 3 },
    failures: ['3 attempts without a decision.'],
  },
  {
    name: 'exposed for as long as the bound',
    changes: { exposures: exposedFor(5000) },
    failures: [],
  },
  {
    name: 'exposed a millisecond longer',
    changes: { exposures: exposedFor(5001) },
    failures: [
      'car-0017 was let in for 5,001 ms after its revocation was published; the bound is 5,000 ms.',
    ],
  },
  {
    name: 'a planned event that never happened',
    changes: { events: never },
    failures: ['Planned, but it never happened: refused as revoked.'],
  },
  {
    name: 'interrupted: what was not reached is not held against it',
    changes: { ended: 'interrupted', events: never },
    failures: ['The run was interrupted before its end.'],
  },
  {
    name: 'broken off',
    changes: { ended: 'failed', failure: 'the worker ended with status 1' },
    failures: ['The run broke off: the worker ended with status 1.'],
  },
  {
    name: 'nothing decided',
    changes: { decisions: 0, events: [] },
    failures: ['Nothing was decided, so nothing was proven.'],
  },
]

test.each(cases)('$name', ({ changes, failures }) => {
  const concluded = conclude({ ...run, ...changes })
  expect(concluded).toEqual({ verdict: failures.length === 0 ? 'pass' : 'fail', failures })
})
