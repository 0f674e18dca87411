import { expect, test } from 'vitest'
import {
  expiredAfter,
  overdueAfter,
  renewalsPerSecond,
  safeOutageMs,
} from '#simulator/scenario/arithmetic.ts'
import type { Fleet } from '#simulator/scenario/scenario.ts'
import { minimal, present, scenarioOf } from './minimal.ts'

const [minuteMs, hourMs] = [60_000, 3_600_000]
const base = present(scenarioOf(minimal).fleets[0])

function fleetOf(validityMs: number, renewAtRatio: number, renewJitterRatio: number): Fleet {
  const certificate = { ...base.certificate, validityMs, renewAtRatio, renewJitterRatio }
  return { ...base, count: 200_000, certificate }
}

/** 200,000 devices under schemes of the field: published defaults, worked out by hand. */
const schemes = [
  {
    name: 'Istio: 24 h, half-life, jitter 0.01',
    fleet: fleetOf(24 * hourMs, 0.5, 0.01),
    safeMinutes: 705.6,
    perSecond: 4.63,
    overdue: 1389,
    expired: 200_000,
  },
  {
    name: 'SPIRE: 1 h, half-life, jitter 0.05',
    fleet: fleetOf(hourMs, 0.5, 0.05),
    safeMinutes: 27,
    perSecond: 111,
    overdue: 33_333,
    expired: 200_000,
  },
  {
    name: 'step-ca: 24 h, two thirds',
    fleet: fleetOf(24 * hourMs, 2 / 3, 0),
    safeMinutes: 480,
    perSecond: 3.47,
    overdue: 1042,
    expired: 200_000,
  },
  {
    name: '7 days, two thirds',
    fleet: fleetOf(7 * 24 * hourMs, 2 / 3, 0),
    safeMinutes: 56 * 60,
    perSecond: 0.496,
    overdue: 149,
    expired: 0,
  },
] as const

test.each(schemes)('$name', ({ fleet, safeMinutes, perSecond, overdue, expired }) => {
  expect(safeOutageMs(fleet) / minuteMs).toBeCloseTo(safeMinutes)
  expect(Number(renewalsPerSecond(fleet).toPrecision(3))).toBe(perSecond)
  expect(Math.round(overdueAfter(fleet, 5 * minuteMs))).toBe(overdue)
  expect(Math.round(expiredAfter(fleet, 24 * hourMs))).toBe(expired)
})

test('a certificate that outlives the outage does not end in it, and all end in one long enough', () => {
  const fleet = fleetOf(24 * hourMs, 0.5, 0)
  expect(expiredAfter(fleet, 12 * hourMs)).toBe(0)
  expect(expiredAfter(fleet, 18 * hourMs)).toBe(100_000)
  expect(expiredAfter(fleet, 48 * hourMs)).toBe(200_000)
  expect(overdueAfter(fleet, 48 * hourMs)).toBe(200_000)
})
