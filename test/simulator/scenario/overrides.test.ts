import { expect, test } from 'vitest'
import { instantFromIso as at, shift } from '#shared/time.ts'
import { withOverrides } from '#simulator/scenario/overrides.ts'
import { phaseAt } from '#simulator/scenario/phases.ts'
import type { Phase, Scenario } from '#simulator/scenario/scenario.ts'
import { minimal, present, scenarioOf } from './minimal.ts'

const dayMs = 86_400_000
const base = scenarioOf(minimal)
const car = present(base.fleets[0])
const phase = (name: string, days: number, mode: Phase['mode']): Phase => ({
  name,
  forMs: days * dayMs,
  mode,
  expired: { word: 'refuse' },
  cookies: false,
})

const scenario: Scenario = {
  ...base,
  time: { ...base.time, durationMs: 90 * dayMs },
  phases: [phase('a', 30, 'verify'), phase('b', 15, 'verify'), phase('c', 45, 'passthrough')],
  fleets: [
    { ...car, count: 120 },
    { ...car, kind: 'meter', count: 80 },
  ],
  revocations: [{ atMs: 45 * dayMs, kind: 'car', count: 6, reason: 'keyCompromise', goesOn: true }],
}

const counts = ({ fleets }: Scenario) => fleets.map(({ count }) => count)
const lengths = ({ phases }: Scenario) => phases.map(({ name, forMs }) => [name, forMs / dayMs])

test('nothing overridden is nothing changed', () => {
  expect(withOverrides(scenario, {})).toEqual(scenario)
})

test('seed and profile', () => {
  const changed = withOverrides(scenario, { seed: 0, profile: 'alb' })
  expect([changed.seed, changed.front.profile]).toEqual([0, 'alb'])
})

test.each([
  { devices: 1000, fleets: [600, 400], revoked: 30 },
  { devices: 7, fleets: [4, 3], revoked: 1 },
  { devices: 2, fleets: [1, 1], revoked: 1 },
  { devices: 1, fleets: [1, 1], revoked: 1 },
])('$devices devices: fleets of $fleets', ({ devices, fleets, revoked }) => {
  const changed = withOverrides(scenario, { devices })
  expect(counts(changed)).toEqual(fleets)
  expect(changed.revocations[0]?.count).toBe(revoked)
})

test('a fleet of none stays none', () => {
  const [cars, meters] = scenario.fleets
  const fleets = [{ ...(cars ?? car), count: 0 }, meters ?? car]
  expect(counts(withOverrides({ ...scenario, fleets }, { devices: 10 }))).toEqual([0, 10])
})

test.each([9, 1, 0.01, 7])('%d days: phases and revocations keep their places', (days) => {
  const changed = withOverrides(scenario, { days })
  expect(changed.time.durationMs).toBe(days * dayMs)
  const sum = changed.phases.reduce((total, { forMs }) => total + forMs, 0)
  expect(sum).toBe(changed.time.durationMs)
  expect(changed.revocations[0]?.atMs).toBe((days * dayMs) / 2)
  expect((changed.phases[0]?.forMs ?? 0) / sum).toBeCloseTo(1 / 3, 5)
})

test('one mode: its phases, stretched in proportion', () => {
  const verify = withOverrides(scenario, { mode: 'verify' })
  expect(lengths(verify)).toEqual([
    ['a', 60],
    ['b', 30],
  ])
  expect(lengths(withOverrides(scenario, { mode: 'passthrough' }))).toEqual([['c', 90]])
})

test('a mode that no phase has gets one phase', () => {
  const changed = withOverrides(base, { mode: 'passthrough', days: 5 })
  expect(changed.phases).toEqual([
    {
      name: 'passthrough',
      forMs: 5 * dayMs,
      mode: 'passthrough',
      expired: { word: 'refuse' },
      cookies: true,
    },
  ])
})

const start = at('2027-01-01T00:00:00Z')

test.each([
  { name: 'before the start', ms: -1, rules: undefined },
  { name: 'at the start', ms: 0, rules: 'a' },
  { name: 'just before a border', ms: 30 * dayMs - 1, rules: 'a' },
  { name: 'on a border', ms: 30 * dayMs, rules: 'b' },
  { name: 'just before the end', ms: 90 * dayMs - 1, rules: 'c' },
  { name: 'at the end', ms: 90 * dayMs, rules: undefined },
])('$name the phase is $rules', ({ ms, rules }) => {
  expect(phaseAt(scenario, shift(start, ms))?.name).toBe(rules)
})
