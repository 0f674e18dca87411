import { describe, expect, test } from 'vitest'
import { shift, type Instant } from '#shared/time.ts'
import type { DeviceProfile } from '#simulator/device/profile.ts'
import type { DeviceEvent, DeviceState, Effect, OpenSession } from '#simulator/device/state.ts'
import { initialState, step, tell } from '#simulator/device/step.ts'
import { hash32, type Random } from '#simulator/random.ts'
import type { Fleet } from '#simulator/scenario/scenario.ts'
import { minimal, present, scenarioOf } from '../scenario/minimal.ts'

const [minuteMs, dayMs] = [60_000, 86_400_000]
const scenario = scenarioOf(minimal)
const { start, tickMs } = scenario.time
const day = (days: number): Instant => shift(start, days * dayMs)
/** Always draws the middle: no jitter, so renewal at exactly half of 28 days. */
const middle: Random = { next: () => 0.5 }

const fleet: Fleet = {
  ...present(scenario.fleets[0]),
  traffic: {
    ...present(scenario.fleets[0]).traffic,
    pattern: 'interval',
    everyMs: dayMs,
    requests: 2,
    ticks: 3,
  },
}
const home: DeviceProfile = {
  id: 'meter-0001',
  kind: 'meter',
  fleet,
  seed: 7,
  reportPhaseMs: hash32('meter-0001') % dayMs,
  grid: { start, tickMs },
  ca: { latencyMinMs: 0, latencyMaxMs: 0, outages: [] },
  absences: [],
  jumps: [],
  skewMs: 0,
}
const traveller: DeviceProfile = { ...home, absences: [{ from: day(2), until: day(40) }] }

const certificate = { serial: '01', notBefore: start, notAfter: day(28), renewAt: day(14) }

/** An enrolled device that wakes at an instant. */
function active(wakeAt: Instant, nextSessionAt: Instant): DeviceState {
  return { kind: 'active', certificate, nextSessionAt, retry: undefined, wakeAt }
}

const stepped = (state: DeviceState, at: Instant, profile = home) =>
  step(state, at, middle, profile)
const told = (state: DeviceState, event: DeviceEvent, at: Instant, profile = home) =>
  tell(state, event, at, middle, profile)
const kinds = (effects: readonly Effect[]) => effects.map(({ kind }) => kind)
const wakeOf = (effects: readonly Effect[]) => effects.find((effect) => effect.kind === 'wake')?.at

describe('enrollment', () => {
  test('the first certificate was issued before the run, and whole seconds ago', () => {
    const [state, effects] = stepped(initialState(home), start)
    expect(state.kind).toBe('enrolling')
    // Half of the oldest age: 28 days x (0.5 - 0.05) / 2.
    expect(effects).toEqual([{ kind: 'enroll', notBefore: day(-6.3), notAfter: day(28 - 6.3) }])
  })

  test('a device that is told its certificate sleeps to its first session', () => {
    const [enrolling] = stepped(initialState(home), start)
    const issued = { kind: 'issued', serial: '01', notBefore: start, notAfter: day(28) } as const
    const [state, effects] = told(enrolling, issued, start)
    expect(state).toMatchObject({ kind: 'active', certificate })
    expect(kinds(effects)).toEqual(['wake'])
    expect(wakeOf(effects)).toBe(state.wakeAt)
  })
})

describe('what an enrolled device does when it wakes', () => {
  const cases = [
    { name: 'its session is due', at: day(3), due: day(3), does: ['open_session', 'wake'] },
    { name: 'a tick before its session', at: day(3), due: shift(day(3), tickMs), does: ['wake'] },
    { name: 'a tick before half-life', at: shift(day(14), -tickMs), due: day(20), does: ['wake'] },
    { name: 'half-life', at: day(14), due: day(20), does: ['renew'] },
    { name: 'half-life and a session at once', at: day(14), due: day(14), does: ['renew'] },
    { name: 'the last instant of its certificate', at: day(28), due: day(28), does: ['renew'] },
    { name: 'a tick after that', at: shift(day(28), tickMs), due: day(28), does: ['open_session'] },
  ]

  test.each(cases)('$name: $does', ({ at, due, does }) => {
    expect(kinds(stepped(active(at, due), at)[1])).toEqual(does)
  })

  test('a wake that is not its own is void', () => {
    const state = active(day(3), day(3))
    expect(stepped(state, shift(day(3), tickMs))).toEqual([state, []])
  })

  test('the session has the fleet’s size, and the next one comes after it', () => {
    const busy = { ...home, fleet: { ...fleet, traffic: { ...fleet.traffic, everyMs: tickMs } } }
    const [state, [session]] = stepped(active(day(3), day(3)), day(3), busy)
    expect(session).toEqual({
      kind: 'open_session',
      purpose: 'regular',
      protocol: 'https',
      requests: 2,
      ticks: 3,
    })
    expect(state).toMatchObject({ wakeAt: shift(day(3), 3 * tickMs) })
  })

  test('a renewed device goes on with the session it had planned', () => {
    const [renewing] = stepped(active(day(14), day(14)), day(14))
    const issued = { kind: 'issued', serial: '02', notBefore: day(14), notAfter: day(42) } as const
    const [state] = told(renewing, issued, day(14))
    expect(state).toMatchObject({
      kind: 'active',
      nextSessionAt: day(14),
      wakeAt: shift(day(14), tickMs),
    })
    expect(kinds(stepped(state, shift(day(14), tickMs))[1])).toEqual(['open_session', 'wake'])
  })
})

describe('absence', () => {
  test('what is due while away waits for the return', () => {
    const at = shift(day(2), -tickMs)
    const [, effects] = stepped(active(at, day(3)), at, traveller)
    expect(wakeOf(effects)).toBe(day(40))
  })

  test('a session is over before the device leaves', () => {
    const at = shift(day(2), -2 * tickMs)
    const [, [session]] = stepped(active(at, at), at, traveller)
    expect(session).toMatchObject({ ticks: 2 })
  })

  test('it returns to an expired certificate, and tries it once', () => {
    const [state, effects] = stepped(active(day(40), day(3)), day(40), traveller)
    expect(state).toMatchObject({ kind: 'lapsed', trial: 'running' })
    expect(effects).toEqual([
      { kind: 'open_session', purpose: 'lapsed_trial', protocol: 'https', requests: 2, ticks: 1 },
    ])
  })
})

describe('a lapsed device', () => {
  const [lapsed, [trial]] = stepped(active(day(40), day(3)), day(40))
  const session = trial as OpenSession
  const ended = (outcome: 'accepted' | 'refused' | 'broken') =>
    told(lapsed, { kind: 'session_ended', session, outcome }, day(40))

  test('that was let in renews at once', () => {
    const [state, effects] = ended('accepted')
    expect(state.kind).toBe('renewing')
    expect(effects).toEqual([{ kind: 'renew', notBefore: day(40), notAfter: day(68) }])
  })

  test.each(['refused', 'broken'] as const)(
    'that was %s is enrolled anew a day later',
    (outcome) => {
      const [waiting, effects] = ended(outcome)
      expect(effects).toEqual([{ kind: 'wake', at: day(41) }])
      expect(stepped(waiting, day(41))[1]).toEqual([
        { kind: 'enroll', notBefore: day(41), notAfter: day(69) },
      ])
    },
  )

  test('does not take the end of an older session for its trial', () => {
    const older = { ...session, purpose: 'regular' } as const
    const event = { kind: 'session_ended', session: older, outcome: 'accepted' } as const
    expect(told(lapsed, event, day(40))).toEqual([lapsed, []])
  })
})

describe('a revoked device', () => {
  const at = day(5)
  const publishesAt = shift(at, 302_000)
  const probesAt = [1000, 5000, 6000].map((ms) => shift(publishesAt, ms))
  const revoked = (goesOn: boolean, profile = home) =>
    told(active(day(6), day(6)), { kind: 'revoked', goesOn, publishesAt, probesAt }, at, profile)

  test('that does not go on is never heard of again', () => {
    const [state, effects] = revoked(false)
    expect([state.wakeAt, effects]).toEqual([undefined, []])
    expect(stepped(state, day(6))[1]).toEqual([])
  })

  test('that goes on holds a session over the publication, probes after it, then keeps its pace', () => {
    const sessions: OpenSession[] = []
    const instants: Instant[] = []
    let [state, effects] = revoked(true)
    for (let wakeAt = wakeOf(effects); instants.length < 6; wakeAt = wakeOf(effects)) {
      const now = present(wakeAt)
      instants.push(now)
      ;[state, effects] = stepped(state, now)
      sessions.push(effects[0] as OpenSession)
    }
    expect(instants.slice(0, 4)).toEqual([shift(at, 5 * minuteMs), ...probesAt])
    const sizes = sessions.map(({ purpose, ticks, requests }) => [purpose, ticks, requests])
    const usual = ['revoked_goes_on', 3, 2]
    const probe = ['revoked_goes_on', 1, 1]
    expect(sizes).toEqual([['revoked_goes_on', 4, 2], probe, probe, probe, usual, usual])
    expect((instants[5] ?? 0) - (instants[4] ?? 0)).toBe(dayMs)
  })

  test('that is away tries on its return', () => {
    const [, effects] = revoked(true, traveller)
    expect(wakeOf(effects)).toBe(day(40))
  })

  test('does not come back to life by a certificate that was under way', () => {
    const [state] = revoked(true)
    const issued = { kind: 'issued', serial: '02', notBefore: at, notAfter: day(33) } as const
    expect(told(state, issued, at)).toEqual([state, []])
  })
})
