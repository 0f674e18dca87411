import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import { nextSession } from '#simulator/device/behaviour.ts'
import { planHostile, planRevocations } from '#simulator/device/plan.ts'
import { awayUntil } from '#simulator/device/absence.ts'
import { planFleet } from '#simulator/device/profile.ts'
import { stream } from '#simulator/random.ts'
import { withOverrides } from '#simulator/scenario/overrides.ts'
import { phaseAt } from '#simulator/scenario/phases.ts'
import { present, scenarioOf } from '../scenario/minimal.ts'
import { dryRun, type DrySession } from './dry-world.ts'

const [hourMs, dayMs] = [3_600_000, 86_400_000]
const file = new URL('../../../simulator/scenarios/quickstart.yaml', import.meta.url)
const quickstart = scenarioOf(readFileSync(file, 'utf8'))
const { start, tickMs } = quickstart.time
const profiles = planFleet(quickstart)
const revocations = planRevocations(quickstart, profiles)

const instantsOf = (id: string, count: number) => {
  const profile = present(profiles.find((one) => one.id === id))
  const random = stream(1, 'sessions')
  const instants = [start]
  while (instants.length <= count) {
    instants.push(nextSession(instants.at(-1) ?? start, random, profile))
  }
  return instants.slice(1)
}

const size = ({ session }: DrySession) => session.requests * session.ticks

const byDevice = (sessions: readonly DrySession[]) =>
  sessions.map((session) => JSON.stringify(session)).toSorted()

const sum = (sessions: readonly DrySession[]) =>
  sessions.reduce((total, session) => total + size(session), 0)

describe('the fleet', () => {
  test('has the scenario’s devices, numbered by kind', () => {
    expect(profiles).toHaveLength(200)
    expect(new Set(profiles.map(({ id }) => id)).size).toBe(200)
    expect([profiles[0]?.id, profiles[120]?.id]).toEqual(['car-0001', 'meter-0001'])
  })

  test('the planned share is away, for the planned time, and returns in every phase', () => {
    const absences = profiles.flatMap(({ absences: planned }) => planned)
    expect(absences).toHaveLength(48)
    for (const { from, until } of absences) {
      expect(until - from).toBeGreaterThanOrEqual(21 * dayMs - tickMs)
      expect(until - from).toBeLessThanOrEqual(49 * dayMs + tickMs)
      expect((from - start) % tickMs).toBe(0)
      expect((until - start) % tickMs).toBe(0)
    }
    const returns = absences.map(({ until }) => phaseAt(quickstart, until)?.name)
    for (const { name } of quickstart.phases) expect(returns).toContain(name)
  })

  test.each([
    { name: 'just before it leaves', ms: -1, away: false },
    { name: 'as it leaves', ms: 0, away: true },
    { name: 'just before it returns', ms: dayMs - 1, away: true },
    { name: 'as it returns', ms: dayMs, away: false },
  ])('$name: away is $away', ({ ms, away }) => {
    const absences = [{ from: start, until: shift(start, dayMs) }]
    const profile = { ...present(profiles[0]), absences }
    expect(awayUntil(profile, shift(start, ms)) !== undefined).toBe(away)
  })
})

describe('when devices connect', () => {
  test('always later, and on the grid', () => {
    for (const id of ['car-0001', 'meter-0001']) {
      const instants = [start, ...instantsOf(id, 500)]
      instants.slice(1).forEach((instant, index) => {
        expect(instant).toBeGreaterThan(instants[index] ?? Infinity)
        expect((instant - start) % tickMs).toBe(0)
      })
    }
  })

  test('cars at the fleet’s mean interval, mostly by day', () => {
    const instants = instantsOf('car-0001', 4000)
    const mean = ((instants.at(-1) ?? 0) - start) / instants.length
    expect(mean / present(quickstart.fleets[0]).traffic.everyMs).toBeCloseTo(1, 1)
    const byDay = instants.filter((instant) => {
      const hour = Math.floor((instant % dayMs) / hourMs)
      return hour >= 6 && hour < 21
    })
    expect(byDay.length / instants.length).toBeGreaterThan(0.85)
  })

  test('a meter at one interval to the millisecond, in a phase of its own', () => {
    const [first = start, second = start, third = start] = instantsOf('meter-0001', 3)
    const { everyMs } = present(quickstart.fleets[1]).traffic
    expect([second - first, third - second]).toEqual([everyMs, everyMs])
    expect(instantsOf('meter-0002', 1)[0]).not.toBe(first)
  })
})

describe('revocations', () => {
  test('as many as planned, no device twice, none that is away', () => {
    expect(revocations).toHaveLength(15)
    expect(new Set(revocations.map(({ device }) => device)).size).toBe(15)
    for (const { device, at } of revocations) {
      const profile = present(profiles.find(({ id }) => id === device))
      expect(awayUntil(profile, at)).toBeUndefined()
    }
  })

  test('say when they are published, and probe to a second past the bound', () => {
    for (const { at, publishesAt, probesAt } of revocations) {
      expect(publishesAt - at).toBe(quickstart.pki.crl.publishDelayMs)
      expect(probesAt.map((instant) => instant - publishesAt)).toEqual([1000, 5000, 6000])
    }
  })

  test('more than there are devices: every device once', () => {
    const [plan] = quickstart.revocations
    const many = { ...present(plan), count: 500 }
    const planned = planRevocations({ ...quickstart, revocations: [many, many] }, profiles)
    expect(planned).toHaveLength(120)
  })
})

describe('attacks', () => {
  const attacks = planHostile(quickstart)

  test('of every kind, in order, on the grid, a few a day', () => {
    expect(new Set(attacks.map(({ kind }) => kind)).size).toBe(4)
    expect(attacks.map(({ at }) => at)).toEqual(
      attacks.map(({ at }) => at).toSorted((a, b) => a - b),
    )
    expect(attacks.every(({ at }) => (at - start) % tickMs === 0)).toBe(true)
    expect(attacks.length / 90).toBeGreaterThan(3)
    expect(attacks.length / 90).toBeLessThan(5)
  })

  test('cookies are copied where there are cookies, from one honest device by another', () => {
    const revoked = new Set(revocations.map(({ device }) => device))
    const copies = attacks.filter(({ kind }) => kind === 'copied_cookie')
    expect(copies.length).toBeGreaterThan(30)
    for (const { at, victim, actor } of copies) {
      expect(phaseAt(quickstart, at)?.cookies).toBe(true)
      expect(victim).not.toBe(actor)
      expect([revoked.has(victim), revoked.has(actor)]).toEqual([false, false])
    }
  })

  test('one device alone has nobody to copy from', () => {
    const alone = { ...quickstart, fleets: quickstart.fleets.slice(0, 1) }
    const kinds = planHostile(withOverrides(alone, { devices: 1 })).map(({ kind }) => kind)
    expect(kinds).not.toContain('copied_cookie')
  })
})

describe('the quickstart, dry', () => {
  const run = dryRun(quickstart)
  const inPhase = (name: string, wanted: (session: DrySession) => boolean) =>
    run.sessions.filter((one) => phaseAt(quickstart, one.at)?.name === name && wanted(one)).length

  test('more than 3,000 connections and 20,000 attempts, a tenth at most over MQTT', () => {
    const mqtt = run.sessions.filter(({ session }) => session.protocol === 'mqtt')
    expect(run.sessions.length).toBeGreaterThan(3000)
    expect(run.sessions.length).toBeLessThan(4500)
    expect(sum(run.sessions)).toBeGreaterThan(20_000)
    expect(sum(run.sessions)).toBeLessThan(24_000)
    expect(sum(mqtt) / sum(run.sessions)).toBeLessThan(0.1)
  })

  test.each(quickstart.phases.map(({ name, expired }) => ({ name, expired })))(
    'in phase $name devices lapse and revoked keys go on',
    ({ name, expired }) => {
      const lapsed = (outcome: DrySession['outcome']) =>
        inPhase(name, (one) => one.session.purpose === 'lapsed_trial' && one.outcome === outcome)
      expect(lapsed('refused')).toBeGreaterThan(0)
      expect(lapsed('accepted') > 0).toBe(expired.word === 'grace')
      expect(inPhase(name, (one) => one.session.purpose === 'revoked_goes_on')).toBeGreaterThan(9)
    },
  )

  test('wakes lie on the grid, but for the probes after a publication', () => {
    const probes = new Set(revocations.flatMap(({ probesAt }) => probesAt))
    const off = run.wakes.filter((at) => (at - start) % tickMs !== 0 && !probes.has(at))
    expect(off).toEqual([])
  })

  test('the same seed is the same run, in whatever order devices are stepped', () => {
    const shuffled = dryRun(quickstart, 'shuffled')
    expect(byDevice(shuffled.sessions)).toEqual(byDevice(run.sessions))
    expect(shuffled.states).not.toBe(run.states)
    for (const [id, state] of run.states) expect(shuffled.states.get(id)).toEqual(state)
  })

  test('another seed is another run', () => {
    const other = dryRun(withOverrides(quickstart, { seed: 43 }))
    expect(other.sessions).not.toEqual(run.sessions)
  })
})
