import { describe, expect, test } from 'vitest'
import { shift, type Instant } from '#shared/time.ts'
import { awayUntil, leavesAt, type Absence } from '#simulator/device/absence.ts'
import { planFleet } from '#simulator/device/profile.ts'
import type { Fleet, OfflineProcess, Scenario } from '#simulator/scenario/scenario.ts'
import { minimal, present, scenarioOf } from '../scenario/minimal.ts'

const [minuteMs, hourMs] = [60_000, 3_600_000]
const base = scenarioOf(minimal)
const { start } = base.time
const at = (hours: number): Instant => shift(start, hours * hourMs)

function profilesWith(...offline: readonly OfflineProcess[]) {
  const fleet: Fleet = { ...present(base.fleets[0]), count: 40, offline }
  const scenario: Scenario = { ...base, fleets: [fleet] }
  return planFleet(scenario)
}

describe('an outage of an area', () => {
  const outage = { process: 'outage', ratio: 0.25, atMs: hourMs, forMs: 2 * hourMs } as const

  test('takes its share away together, and together brings it back', () => {
    const absences = profilesWith({ ...outage, spreadMs: 0 }).flatMap(({ absences: all }) => all)
    expect(absences).toEqual(Array.from({ length: 10 }, () => ({ from: at(1), until: at(3) })))
  })

  test('brings them back over the spread', () => {
    const profiles = profilesWith({ ...outage, spreadMs: hourMs })
    const returns = profiles.flatMap(({ absences }) => absences.map(({ until }) => until))
    expect(new Set(returns).size).toBeGreaterThan(3)
    expect(Math.min(...returns)).toBeGreaterThanOrEqual(at(3))
    expect(Math.max(...returns)).toBeLessThanOrEqual(at(4) + base.time.tickMs)
  })

  test('two that overlap are one absence', () => {
    const all = { ...outage, ratio: 1, spreadMs: 0 }
    const [profile] = profilesWith(all, { ...all, atMs: 2 * hourMs, forMs: 3 * hourMs })
    expect(profile?.absences).toEqual([{ from: at(1), until: at(5) }])
  })
})

describe('tunnels', () => {
  const tunnel = { process: 'tunnel', everyMs: hourMs, minMs: 10 * minuteMs, maxMs: 20 * minuteMs }
  const profile = present(profilesWith({ ...tunnel, process: 'tunnel' })[0])

  test('there is one in each hour, as long as it may be, and it is the same one every time', () => {
    const ticks = Array.from({ length: 24 * 12 }, (_, tick) => shift(start, tick * 5 * minuteMs))
    const away = ticks.filter((tick) => awayUntil(profile, tick) !== undefined)
    expect(away.length).toBeGreaterThanOrEqual(24 * 2)
    expect(away.length).toBeLessThanOrEqual(24 * 5)
    expect(ticks.filter((tick) => awayUntil(profile, tick) !== undefined)).toEqual(away)
  })

  test('a device that is out of one knows when it gets into the next', () => {
    const entry = present(leavesAt(profile, start))
    expect(awayUntil(profile, entry)).toBeGreaterThan(entry)
    expect(awayUntil(profile, shift(entry, -1))).toBeUndefined()
  })

  test('nothing of them is stored', () => {
    expect(profile.absences).toEqual([])
  })
})

test('out of a tunnel into the garage is away until the garage opens', () => {
  const absence: Absence = { from: at(1), until: at(30) }
  const tunnel = { process: 'tunnel', everyMs: hourMs, minMs: 50 * minuteMs, maxMs: 59 * minuteMs }
  const profile = {
    ...present(profilesWith({ ...tunnel, process: 'tunnel' })[0]),
    absences: [absence],
  }
  const entry = present(leavesAt(profile, start))
  expect(entry).toBeLessThan(at(1))
  expect(awayUntil(profile, entry)).toBeGreaterThanOrEqual(at(30))
})
