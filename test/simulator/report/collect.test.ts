import { expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import type { JudgedAttempt } from '#simulator/oracle/attempt.ts'
import { createCollector, describeScenario } from '#simulator/report/collect.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'
import { accepted, DAY, judgedAttempt, MINUTE, refused, scenario, start } from './fake-run.ts'

const end = shift(start, 90 * DAY)

function collect(judged: readonly JudgedAttempt[], planned: Scenario = scenario) {
  const ledger = new Ledger()
  const notAfter = shift(start, DAY)
  ledger.recordIssued({
    serial: '0A',
    issuer: 'issuing-1',
    device: 'car-0001',
    notBefore: start,
    notAfter,
    issuedAt: start,
  })
  ledger.recordRevoked('0A', shift(start, 2 * DAY), 'keyCompromise')
  ledger.recordPublished('issuing-1', shift(start, 3 * DAY))
  const collector = createCollector({ scenario: planned, ledger })
  for (const each of judged) collector.attempt(each)
  return collector
}

function eventCount(judged: JudgedAttempt, event: string): number | undefined {
  const { events } = collect([judged]).collected(end)
  return events.find((counted) => counted.event === event)?.count
}

test('a phase counts what happened in it', () => {
  const collector = collect([
    judgedAttempt({}, accepted('issued', 4)),
    judgedAttempt({}, accepted('used', 2)),
    judgedAttempt({}, accepted('none', 2), { verdict: 'either', because: 'just published' }),
    judgedAttempt({ intent: 'forged_chain' }, refused('untrusted')),
    judgedAttempt({}, { outcome: 'broken', detail: 'time-out', latencyMs: 10_000 }),
  ])
  collector.handshake(start)
  collector.handshake(shift(start, 30 * DAY - 1))
  collector.handshake(shift(start, 30 * DAY))
  const { phases, decisions, handshakes } = collector.collected(end)
  expect(phases[0]).toEqual({
    name: 'verify',
    mode: 'verify',
    startedAt: start,
    endedAt: shift(start, 30 * DAY),
    handshakes: 2,
    decisions: 4,
    accepted: 3,
    refused: { untrusted: 1 },
    intents: { regular: 4, forged_chain: 1 },
    cookiesIssued: 1,
    cookieHits: 1,
    either: 1,
    latency: { count: 4, p50: 2, p90: 4, p99: 4, max: 4 },
  })
  expect({ decisions, handshakes }).toEqual({ decisions: 4, handshakes: 3 })
})

test('a run that was stopped tells of the phases that were begun', () => {
  const stopped = shift(start, 31 * DAY)
  const { phases } = collect([]).collected(stopped)
  expect(phases.map(({ name, endedAt }) => [name, endedAt])).toEqual([
    ['verify', shift(start, 30 * DAY)],
    ['verify-expired-allowed', stopped],
  ])
})

test('a phase that the scenario does not have is a fault of the engine, told at once', () => {
  expect(() => collect([judgedAttempt({ phase: 'verfy' })])).toThrow('no phase "verfy"')
})

test('stories end after a hundred of each kind, counts do not', () => {
  const wrong = { verdict: 'wrong_accept', because: 'revoked' } as const
  const broken = { verdict: 'broken', because: 'a time-out' } as const
  const judged = [
    ...Array.from({ length: 101 }, () => judgedAttempt({}, accepted(), wrong)),
    judgedAttempt({}, accepted(), broken),
  ]
  const result = collect(judged).collected(end)
  expect(result.wrongAccepts).toBe(101)
  expect(result.broken).toBe(1)
  expect(result.wrong).toHaveLength(101)
})

test('totals so far, for the line of progress', () => {
  const collector = collect([judgedAttempt(), judgedAttempt({}, refused('revoked'))])
  collector.online(start, 7)
  expect(collector.totals()).toEqual({
    attempts: 2,
    accepted: 1,
    refused: { revoked: 1 },
    wrong: 0,
    online: 7,
  })
})

const expired = { serial: '0A', at: shift(start, DAY + 1000) }
const revoked = { serial: '0A', at: shift(start, 4 * DAY) }

test.each([
  { event: 'refused as expired', judged: judgedAttempt(expired, refused('expired')) },
  { event: 'refused as expired', judged: judgedAttempt(expired, refused('connection_closed')) },
  { event: 'expired, accepted within the grace', judged: judgedAttempt(expired) },
  { event: 'refused as revoked', judged: judgedAttempt(revoked, refused('revoked')) },
  { event: 'refused as revoked', judged: judgedAttempt(revoked, refused('connection_closed')) },
  {
    event: 'refused as revoked in spite of a cookie',
    judged: judgedAttempt({ ...revoked, cookieSerial: '0A' }, refused('revoked')),
  },
  {
    event: 'refused without a certificate',
    judged: judgedAttempt({ intent: 'no_certificate' }, refused('no_certificate')),
  },
  {
    event: 'forged chain refused',
    judged: judgedAttempt({ intent: 'forged_chain' }, refused('untrusted')),
  },
  {
    event: 'forged header refused',
    judged: judgedAttempt({ intent: 'forged_header' }, refused('header_forged')),
  },
  {
    event: 'copied cookie refused',
    judged: judgedAttempt({}, refused('session_of_other_certificate')),
  },
  { event: 'session cookie issued', judged: judgedAttempt({}, accepted('issued')) },
  { event: 'session cookie used', judged: judgedAttempt({}, accepted('used')) },
  { event: 'accepted over MQTT', judged: judgedAttempt({ protocol: 'mqtt' }) },
])('$event: $judged.observation.outcome counts', ({ event, judged }) => {
  expect(eventCount(judged, event)).toBe(1)
})

test.each([
  {
    name: 'the last instant of validity',
    event: 'expired, accepted within the grace',
    judged: judgedAttempt({ serial: '0A', at: shift(start, DAY + 999) }),
  },
  {
    name: 'closed before the CRL was out',
    event: 'refused as revoked',
    judged: judgedAttempt({ at: shift(start, 3 * DAY - 1) }, refused('connection_closed')),
  },
  {
    name: 'refused over MQTT',
    event: 'accepted over MQTT',
    judged: judgedAttempt({ protocol: 'mqtt' }, refused('revoked')),
  },
  {
    name: 'no cookie was sent',
    event: 'refused as revoked in spite of a cookie',
    judged: judgedAttempt(revoked, refused('revoked')),
  },
])('does not count: $name', ({ event, judged }) => {
  expect(eventCount(judged, event)).toBe(0)
})

test('lifecycle events count', () => {
  const collector = collect([])
  for (const event of ['renewed', 'reenrolled', 'returned', 'returned'] as const) {
    collector.happened(event)
  }
  const counts = Object.fromEntries(
    collector.collected(end).events.map(({ event, count }) => [event, count]),
  )
  expect(counts).toMatchObject({
    'certificate renewed': 1,
    'enrolled anew after a lapse': 1,
    'back after weeks offline': 2,
  })
})

function plannedEvents(planned: Scenario): readonly string[] {
  return collect([], planned)
    .collected(end)
    .events.map(({ event }) => event)
}

test('the quickstart plans everything', () => {
  expect(plannedEvents(scenario)).toHaveLength(14)
})

const [firstPhase] = scenario.phases
const shortPhases = firstPhase === undefined ? [] : [{ ...firstPhase, forMs: 2 * DAY }]
const fleets = scenario.fleets.map((fleet) => ({
  ...fleet,
  traffic: { ...fleet.traffic, mqttRatio: 0 },
}))

test.each([
  {
    name: 'two days without cookies: nothing lapses, renews or returns, no cookie is made',
    planned: {
      ...scenario,
      time: { ...scenario.time, durationMs: 2 * DAY },
      phases: shortPhases,
      revocations: [],
      hostile: [],
    },
    events: ['accepted over MQTT'],
  },
  {
    name: 'no MQTT, no attackers',
    planned: { ...scenario, fleets, hostile: [], revocations: [] },
    events: [
      'refused as expired',
      'expired, accepted within the grace',
      'session cookie issued',
      'session cookie used',
      'certificate renewed',
      'enrolled anew after a lapse',
      'back after weeks offline',
    ],
  },
  {
    name: 'a gateway that verifies keeps to itself what its sessions did',
    planned: {
      ...scenario,
      fleets,
      hostile: [],
      revocations: [],
      phases: scenario.phases.map((phase) => ({ ...phase, mode: 'verify' as const })),
    },
    events: [
      'refused as expired',
      'expired, accepted within the grace',
      'certificate renewed',
      'enrolled anew after a lapse',
      'back after weeks offline',
    ],
  },
  {
    name: 'revoked so late that no CRL says so in time',
    planned: {
      ...scenario,
      fleets: [],
      hostile: [],
      revocations: [
        {
          atMs: 90 * DAY - 10 * MINUTE,
          kind: 'car' as const,
          count: 1,
          reason: 'keyCompromise' as const,
          goesOn: true,
        },
      ],
    },
    events: [],
  },
  {
    name: 'revoked devices that stop at once are never met',
    planned: {
      ...scenario,
      fleets: [],
      hostile: [],
      revocations: scenario.revocations.map((plan) => ({ ...plan, goesOn: false })),
    },
    events: [],
  },
])('planned: $name', ({ planned, events }) => {
  expect(plannedEvents(planned)).toEqual(events)
})

test('what the report says of a scenario', () => {
  expect(describeScenario(scenario, 'quickstart.yaml')).toEqual({
    name: 'quickstart',
    file: 'quickstart.yaml',
    seed: 42,
    fleets: [
      { kind: 'car', count: 120 },
      { kind: 'meter', count: 80 },
    ],
    maxStalenessMs: 5000,
    sessionTtlMs: 15 * MINUTE,
    publishDelayMs: 10 * MINUTE,
  })
})
