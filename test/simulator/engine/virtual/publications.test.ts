import { expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import type { PlannedRevocation } from '#simulator/device/plan.ts'
import { publishedLists, withheldLists } from '#simulator/engine/virtual/publications.ts'
import { faultStages, isLivable, restartInstants } from '#simulator/engine/virtual/world-faults.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'
import { smallScenario } from '../run-small.ts'

const hourMs = 3_600_000
const small = smallScenario({ days: 1 })
const { start } = small.time

/** A day of lists every twelve hours. */
function dayOf(crl: Partial<Scenario['pki']['crl']>): Scenario {
  const whole = { ...small.pki.crl, publishEveryMs: 12 * hourMs, outages: [], ...crl }
  return { ...small, chaos: [], pki: { ...small.pki, crl: whole } }
}

function revokedAt(hours: number): PlannedRevocation {
  const at = shift(start, hours * hourMs)
  const fields = { device: 'car-0001', reason: 'keyCompromise', goesOn: false } as const
  return { ...fields, at, publishesAt: at, probesAt: [] }
}

const told = (lists: ReturnType<typeof publishedLists>) =>
  lists.map(({ at, kind }) => `${(at - start) / hourMs} ${kind}`)

const cases = [
  {
    name: 'without deltas a revocation brings out complete lists',
    crl: { deltaEveryMs: undefined },
    hours: [5],
    published: ['0 complete', '5 complete', '12 complete'],
    withheld: [],
  },
  {
    name: 'with them it brings out deltas',
    crl: { deltaEveryMs: 8 * hourMs },
    hours: [5],
    published: ['0 complete', '5 delta', '8 delta', '12 complete', '16 delta'],
    withheld: [],
  },
  {
    name: 'a delta that is due with complete lists stays away, and so does one due at the very end',
    crl: { deltaEveryMs: 6 * hourMs },
    hours: [12],
    published: ['0 complete', '6 delta', '12 complete', '18 delta'],
    withheld: [],
  },
  {
    name: 'what falls into an outage comes with the complete lists at its end',
    crl: { deltaEveryMs: 6 * hourMs, outages: [{ atMs: 6 * hourMs, forMs: 7 * hourMs }] },
    hours: [7],
    published: ['0 complete', '13 complete', '18 delta'],
    withheld: ['6 delta', '7 delta', '12 complete'],
  },
]

test.each(cases)('$name', ({ crl, hours, published, withheld }) => {
  const scenario = dayOf(crl)
  const revocations = hours.map(revokedAt)
  expect(told(publishedLists(scenario, revocations))).toEqual(published)
  expect(told(withheldLists(scenario, revocations))).toEqual(withheld)
})

const fault = { forMs: hourMs, on: undefined, byMs: undefined, share: undefined } as const

test('faults that the world puts in, before its end: a restart only begins', () => {
  const chaos = [
    { ...fault, fault: 'clock.jump', on: 'meter', byMs: 1, atMs: 23 * hourMs },
    { ...fault, fault: 'gateway.restart', atMs: 2 * hourMs },
    { ...fault, fault: 'ca.down', atMs: hourMs },
  ] as const
  const scenario = { ...small, chaos }
  expect(faultStages(scenario)).toEqual([
    { at: shift(start, 2 * hourMs), fault: 'gateway.restart', stage: 'begins' },
    { at: shift(start, 23 * hourMs), fault: 'clock.jump', stage: 'begins' },
  ])
  expect(restartInstants(scenario)).toEqual([shift(start, 2 * hourMs)])
})

test.each([
  { fault: 'ca.down', on: undefined, lives: true },
  { fault: 'crl.publisher_down', on: undefined, lives: true },
  { fault: 'gateway.restart', on: undefined, lives: true },
  { fault: 'clock.jump', on: 'meter', lives: true },
  { fault: 'clock.jump', on: 'edge', lives: false },
  { fault: 'edge.partition', on: undefined, lives: false },
  { fault: 'crl.rollback', on: undefined, lives: false },
  { fault: 'crl.truncated', on: undefined, lives: false },
])('$fault on $on can be lived device by device: $lives', ({ lives, ...event }) => {
  expect(isLivable(event)).toBe(lives)
})
