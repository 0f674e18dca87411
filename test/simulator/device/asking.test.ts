import { describe, expect, test } from 'vitest'
import { shift, type Instant } from '#shared/time.ts'
import { createCapacity } from '#simulator/device/capacity.ts'
import { planFleet, type DeviceProfile } from '#simulator/device/profile.ts'
import type { DeviceState, Effect } from '#simulator/device/state.ts'
import { initialState, step, tell } from '#simulator/device/step.ts'
import type { Random } from '#simulator/random.ts'
import type { Fleet, IssuanceService, Scenario } from '#simulator/scenario/scenario.ts'
import { minimal, present, scenarioOf } from '../scenario/minimal.ts'
import { dryRun } from './dry-world.ts'

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]
const base = scenarioOf(minimal)
const { start, tickMs } = base.time
const day = (days: number): Instant => shift(start, days * dayMs)
/** Draws the longest wait there is, all but a hair. */
const longest: Random = { next: () => 0.999_999 }

function scenarioWith(fleet: Partial<Fleet>, ca: Partial<IssuanceService>): Scenario {
  const [first] = base.fleets
  const retry = { baseMs: 10 * minuteMs, capMs: 30 * minuteMs }
  const certificate = { ...present(first).certificate, retry }
  return {
    ...base,
    pki: { ...base.pki, ca: { ...base.pki.ca, ...ca } },
    fleets: [{ ...present(first), certificate, ...fleet }],
  }
}

const gone = { outages: [{ atMs: 14 * dayMs, forMs: 2 * hourMs }] }

function profileOf(scenario: Scenario, changes: Partial<DeviceProfile> = {}): DeviceProfile {
  return { ...present(planFleet(scenario)[0]), ...changes }
}

/** A device whose renewal is due at day 14, and which does nothing else. */
function due(): DeviceState {
  const certificate = { serial: '01', notBefore: start, notAfter: day(28), renewAt: day(14) }
  return { kind: 'active', certificate, nextSessionAt: day(27), retry: undefined, wakeAt: day(14) }
}

const kinds = (effects: readonly Effect[]) => effects.map(({ kind }) => kind)

describe('while the CA is gone', () => {
  const profile = profileOf(scenarioWith({}, gone))

  test('a renewal fails, and each wait may be twice the one before, up to the cap', () => {
    const waits: number[] = []
    let [state, effects] = step(due(), day(14), longest, profile)
    for (let at = day(14); state.kind === 'active' && waits.length < 4;) {
      expect(kinds(effects)).toEqual(['issuance_failed', 'wake'])
      expect(state.certificate.serial, 'goes on with what it has').toBe('01')
      const next = present(state.wakeAt)
      waits.push((next - at) / minuteMs)
      at = next
      ;[state, effects] = step(state, at, longest, profile)
    }
    expect(waits).toEqual([10, 20, 30, 30])
  })

  test('and succeeds at the first try after it', () => {
    const state = {
      ...due(),
      retry: { failed: 3, at: day(14.5) },
      wakeAt: day(14.5),
    } as DeviceState
    expect(kinds(step(state, day(14.5), longest, profile)[1])).toEqual(['renew'])
  })

  test('a first enrollment waits as well', () => {
    const enrollment = { atMs: 14 * dayMs, withinMs: 0 }
    const waiting = profileOf(scenarioWith({ enrollment }, gone))
    const [state, effects] = step(initialState(waiting), day(14), longest, waiting)
    expect(state).toMatchObject({ kind: 'enrolling', asking: { failed: 1, stage: 'due' } })
    expect(kinds(effects)).toEqual(['issuance_failed', 'wake'])
    const back = { ...state, wakeAt: day(14.5) }
    expect(step(back, day(14.5), longest, waiting)[1]).toEqual([
      { kind: 'enroll', notBefore: day(14.5), notAfter: day(42.5) },
    ])
  })
})

test('a CA that is slow answers later, and no sooner than the next tick', () => {
  const latency = { latencyMinMs: 7 * minuteMs, latencyMaxMs: 7 * minuteMs }
  const profile = profileOf(scenarioWith({}, latency))
  const [sent, effects] = step(due(), day(14), longest, profile)
  const answeredAt = shift(day(14), 10 * minuteMs)
  expect(effects).toEqual([{ kind: 'wake', at: answeredAt }])
  expect(kinds(step(sent, answeredAt, longest, profile)[1])).toEqual(['renew'])
})

test('who is turned away backs off like who found nobody', () => {
  const profile = profileOf(scenarioWith({}, {}))
  const [renewing] = step(due(), day(14), longest, profile)
  const [state, effects] = tell(renewing, { kind: 'turned_away' }, day(14), longest, profile)
  expect(state).toMatchObject({ kind: 'active', retry: { failed: 1 } })
  expect(kinds(effects)).toEqual(['issuance_failed', 'wake'])
})

describe('clocks', () => {
  test('one that is behind renews late, one that is ahead early', () => {
    const slow = profileOf(scenarioWith({}, {}), { skewMs: -hourMs })
    expect(kinds(step(due(), day(14), longest, slow)[1])).toEqual(['wake'])
    const fast = profileOf(scenarioWith({}, {}), { skewMs: hourMs })
    const early = shift(day(14), -hourMs)
    expect(kinds(step({ ...due(), wakeAt: early }, early, longest, fast)[1])).toEqual(['renew'])
  })

  test('one that is a year ahead does not renew at every tick', () => {
    const fast = profileOf(scenarioWith({}, {}), { skewMs: 365 * dayMs })
    const issued = { kind: 'issued', serial: '02', notBefore: day(1), notAfter: day(29) } as const
    const [renewing] = step({ ...due(), wakeAt: day(1) }, day(1), longest, fast)
    const [state] = tell(renewing, issued, day(1), longest, fast)
    expect(state.wakeAt).toBe(shift(day(1), 30 * minuteMs))
  })

  test('one that is behind learns from a refusal that its certificate has ended', () => {
    const slow = profileOf(scenarioWith({}, {}), { skewMs: -40 * dayMs })
    const state = { ...due(), nextSessionAt: day(30), wakeAt: day(30) } as DeviceState
    const [active, [session]] = step(state, day(30), longest, slow)
    if (session?.kind !== 'open_session') throw new Error('it did not try')
    const ended = { kind: 'session_ended', session, outcome: 'refused' } as const
    const [lapsed] = tell(active, ended, day(30), longest, slow)
    expect(lapsed).toMatchObject({ kind: 'lapsed', trial: 'refused', wakeAt: day(31) })
  })

  test('the tail is as large as its share, and the others are within the skew', () => {
    const clock = { skewMs: minuteMs, tailRatio: 0.1, tailMs: dayMs }
    const skews = planFleet(scenarioWith({ count: 1000, clock }, {})).map(({ skewMs }) => skewMs)
    const far = skews.filter((ms) => Math.abs(ms) > minuteMs)
    expect(far.length).toBeGreaterThan(60)
    expect(far.length).toBeLessThan(140)
    expect(Math.max(...skews.map(Math.abs))).toBeLessThanOrEqual(dayMs)
  })
})

test('the capacity of a CA: what it does in one tick at once, then its rate', () => {
  const take = createCapacity(scenarioWith({}, { ratePerSecond: 0.01 }))
  const taken = (at: Instant) => Array.from({ length: 9 }, () => take(at)).filter(Boolean).length
  // A tick of five minutes at a hundredth a second.
  expect([taken(start), taken(shift(start, 99_000)), taken(shift(start, 100_000))]).toEqual([
    3, 0, 1,
  ])
  expect(taken(shift(start, tickMs * 10))).toBe(3)
})

test('a fleet that is switched on enrolls in its time, and nobody connects before', () => {
  const enrollment = { atMs: hourMs, withinMs: hourMs }
  const run = dryRun(scenarioWith({ count: 50, enrollment }, {}))
  expect(run.enrollments).toBe(50)
  expect(Math.min(...run.sessions.map(({ at }) => at))).toBeGreaterThan(start + hourMs)
})

test('half an hour without a CA costs nobody anything, by renewal at half-life', () => {
  const certificate = { ...present(base.fleets[0]).certificate, validityMs: dayMs }
  const traffic = { ...present(base.fleets[0]).traffic, everyMs: hourMs }
  const outages = [{ atMs: 3 * dayMs, forMs: 30 * minuteMs }]
  const run = dryRun(scenarioWith({ count: 200, certificate, traffic }, { outages }))
  expect(run.failures).toBeGreaterThan(0)
  expect(run.sessions.filter(({ outcome }) => outcome === 'refused')).toEqual([])
})
