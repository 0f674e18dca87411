import { beforeAll, expect, test } from 'vitest'
import type { Run } from '#simulator/engine/run.ts'
import { sideBySide } from '#simulator/engine/side-by-side.ts'
import { frontProfileNames, type FrontProfileName } from '#simulator/scenario/scenario.ts'
import { firstDifference, outcomesOf } from './decisions.ts'
import { compareRuns, runThrough } from './through-profiles.ts'

/*
 * One fleet, one story, every platform in front of the worker: the decisions are the same. The whole
 * quickstart does the same by `node test/simulator/profiles/main.ts`.
 */

const runs = new Map<FrontProfileName, Run>()

const runOf = (profile: FrontProfileName): Run => {
  const run = runs.get(profile)
  if (run === undefined) throw new Error(`${profile} was not run`)
  return run
}

beforeAll(async () => {
  // Two at a time: a run keeps one thread of ours and one of workerd's busy in turns.
  await sideBySide(frontProfileNames, 2, async (profile) => {
    runs.set(profile, await runThrough('test/scenarios/profiles.yaml', { profile }))
  })
}, 600_000)

test('everything that is to be decided alike happens', () => {
  const { result } = runOf('cloudflare')
  const reasons = new Set(result.phases.flatMap(({ refused }) => Object.keys(refused)))
  expect([...reasons].toSorted()).toEqual([
    'expired',
    'header_forged',
    'no_certificate',
    'revoked',
    'session_of_other_certificate',
    'signature_invalid',
    'untrusted',
  ])
})

test.each(frontProfileNames)(
  '%s: every decision is right, and the one of the others',
  (profile) => {
    const run = runOf(profile)
    expect(run.result.failures).toEqual([])
    expect(run.result.decisions).toBeGreaterThan(150)
    const { difference } = compareRuns(profile, run, runOf('cloudflare'))
    expect(difference).toBeUndefined()
  },
)

test('a decision of another kind would show', () => {
  const { log } = runOf('nginx')
  const changed = log.map((line) => line.replace('"code":"expired"', '"code":"revoked"'))
  const bent = { ...runOf('nginx'), log: changed }
  expect(compareRuns('nginx', bent, runOf('cloudflare')).difference).toBeDefined()
  const letIn = log.map((line) => line.replace('"outcome":"refused"', '"outcome":"accepted"'))
  expect(firstDifference(outcomesOf(letIn), outcomesOf(log))).toBeDefined()
})
