import { instantFromIso, shift, type Instant } from '#shared/time.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import type { Attempt, JudgedAttempt, Observation } from '#simulator/oracle/attempt.ts'
import { exposuresByMeans } from '#simulator/report/assertions.ts'
import { createCollector, describeScenario, type Collector } from '#simulator/report/collect.ts'
import { conclude } from '#simulator/report/conclude.ts'
import type { ExposureWindow, RunResult } from '#simulator/report/run-result.ts'
import type { Fleet, Scenario } from '#simulator/scenario/scenario.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export const start = instantFromIso('2027-01-01T00:00:00Z')

const cars: Fleet = {
  kind: 'car',
  count: 120,
  certificate: {
    validityMs: 28 * DAY,
    renewAtRatio: 0.5,
    renewJitterRatio: 0.1,
    reenrollAfterMs: HOUR,
    retry: { baseMs: 30_000, capMs: HOUR },
  },
  enrollment: undefined,
  onboarding: undefined,
  clock: { skewMs: 0, tailRatio: 0, tailMs: 0 },
  mqtt: { qos: 1, retain: false, will: false },
  traffic: {
    pattern: 'diurnal',
    windowMs: 4 * DAY,
    everyMs: 4 * DAY,
    requests: 2,
    ticks: 3,
    mqttRatio: 0.1,
    bodyBytes: 11,
    ticketMs: 0,
  },
  offline: [{ process: 'garage', ratio: 0.4, minMs: 21 * DAY, maxMs: 49 * DAY }],
}

const meters: Fleet = {
  ...cars,
  kind: 'meter',
  count: 80,
  traffic: { ...cars.traffic, pattern: 'interval', everyMs: 6 * DAY, requests: 3, ticks: 2 },
  offline: [{ process: 'garage', ratio: 0.1, minMs: 21 * DAY, maxMs: 40 * DAY }],
}

export const scenario: Scenario = {
  version: 1,
  name: 'quickstart',
  seed: 42,
  engine: 'any',
  time: { start, durationMs: 90 * DAY, tickMs: 5 * MINUTE },
  pki: {
    intermediates: 2,
    ca: { latencyMinMs: 0, latencyMaxMs: 0, ratePerSecond: undefined, outages: [] },
    crl: {
      publishEveryMs: DAY,
      deltaEveryMs: undefined,
      partitions: 1,
      publishDelayMs: 10 * MINUTE,
      nextUpdateMs: 7 * DAY,
      outages: [],
    },
    events: [],
  },
  front: { profile: 'cloudflare', resumption: 'never' },
  edge: {
    count: 1,
    maxStalenessMs: 5000,
    sessionTtlMs: 15 * MINUTE,
    crl: { graceMs: 0, stale: 'refuse' },
  },
  phases: [
    {
      name: 'verify',
      forMs: 30 * DAY,
      mode: 'verify',
      expired: { word: 'refuse' },
      cookies: false,
    },
    {
      name: 'verify-expired-allowed',
      forMs: 30 * DAY,
      mode: 'verify',
      expired: { word: 'grace', forMs: 14 * DAY },
      cookies: false,
    },
    {
      name: 'passthrough-cookies',
      forMs: 30 * DAY,
      mode: 'passthrough',
      expired: { word: 'refuse' },
      cookies: true,
    },
  ],
  fleets: [cars, meters],
  revocations: [
    { atMs: 10 * DAY, kind: 'car', count: 3, reason: 'keyCompromise', goesOn: true },
    { atMs: 80 * DAY, kind: 'meter', count: 2, reason: 'cessationOfOperation', goesOn: true },
  ],
  chaos: [],
  identityCache: undefined,
  assert: { availability: {}, exposureMs: {}, recoveryMs: undefined, atLeast: {}, atMost: {} },
  hostile: [
    { kind: 'no_certificate', everyMs: DAY },
    { kind: 'forged_chain', everyMs: DAY },
    { kind: 'forged_header', everyMs: DAY },
    { kind: 'copied_cookie', everyMs: 2 * DAY },
  ],
}

/** A judged attempt, right and accepted unless told otherwise. */
export function judgedAttempt(
  attempt: Partial<Attempt> = {},
  observation: Observation = accepted(),
  verdict: JudgedAttempt['verdict'] = { verdict: 'right', because: 'the certificate is good' },
): JudgedAttempt {
  return {
    attempt: {
      id: 1,
      at: start,
      phase: 'verify',
      actor: 'car-0001',
      intent: 'regular',
      protocol: 'https',
      serial: '0A',
      cookieSerial: undefined,
      connection: 'fresh',
      ...attempt,
    },
    observation,
    verdict,
  }
}

export function accepted(session: 'none' | 'issued' | 'used' = 'none', latencyMs = 2): Observation {
  return { outcome: 'accepted', identitySerial: '0A', session, latencyMs }
}

export function refused(code: string, latencyMs = 1): Observation {
  return { outcome: 'refused', code, latencyMs }
}

/** The minimal standard generator (Park and Miller): enough chance to look at, the same each time. */
function createDice(): () => number {
  let state = 42
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** A whole run as it might have been: ninety days, about twenty thousand attempts. */
export function fakeRun(changes: Partial<RunResult> = {}): RunResult {
  const ledger = new Ledger()
  ledger.recordIssued({
    serial: 'E0',
    issuer: 'issuing-1',
    device: 'car-0044',
    notBefore: start,
    notAfter: shift(start, DAY),
    issuedAt: start,
  })
  const collector = createCollector({ scenario, ledger })
  live(collector, createDice())
  const endedAt = shift(start, 90 * DAY)
  const result = {
    ...collector.collected(endedAt),
    scenario: describeScenario(scenario, 'simulator/scenarios/quickstart.yaml'),
    devices: 200,
    profile: 'cloudflare',
    startedAt: start,
    endedAt,
    ended: 'complete' as const,
    failure: undefined,
    wallMs: 61_230,
    cpuMs: 83_400,
    peakRssBytes: 327_155_712,
    certificatesIssued: 1284,
    exposures: exposures(),
    exposureByMeans: exposuresByMeans(exposures()),
    assertions: [],
    identityCache: undefined,
    replay: 'npx sallyport run simulator/scenarios/quickstart.yaml --seed 42',
    ...changes,
  }
  return { ...result, ...conclude(result), ...changes }
}

function live(collector: Collector, dice: () => number): void {
  let id = 0
  for (let at = start; at < start + 90 * DAY; at = shift(at, 30 * MINUTE)) {
    const day = (at - start) / DAY
    const isDaytime = day % 1 > 0.25 && day % 1 < 0.9
    collector.online(at, Math.round((isDaytime ? 130 : 86) - 22 * Math.sin(day / 14) + 8 * dice()))
    if (dice() < 0.25) collector.happened(dice() < 0.9 ? 'renewed' : 'returned')
    if (dice() < 0.01) collector.happened('reenrolled')
    const count = Math.floor((isDaytime ? 6 : 2) * 2 * dice())
    for (let n = 0; n < count; n += 1) {
      id += 1
      const judged = draw(id, at, dice)
      if (judged.attempt.connection === 'fresh') collector.handshake(at)
      collector.attempt(judged)
    }
  }
}

function draw(id: number, at: Instant, dice: () => number): JudgedAttempt {
  const day = (at - start) / DAY
  const phase = scenario.phases[Math.min(2, Math.floor(day / 30))]?.name ?? ''
  const latencyMs = 1.2 + 1.5 * dice() + (dice() < 0.03 ? 14 * dice() : 0)
  const attempt = {
    id,
    at,
    phase,
    actor: `car-${String(Math.ceil(dice() * 120)).padStart(4, '0')}`,
  }
  const connection = dice() < 0.2 ? ('fresh' as const) : ('held' as const)
  const chance = dice()
  if (chance < 0.05) {
    const attack = attacks[Math.floor(dice() * (day > 60 ? 7 : 5))] ?? attacks[0]
    const { code, ...acts } = attack
    return judgedAttempt({ ...attempt, ...acts, connection }, refused(code, latencyMs))
  }
  const isLate = phase === 'verify-expired-allowed' && chance < 0.06
  const session = phase !== 'passthrough-cookies' ? 'none' : chance < 0.3 ? 'issued' : 'used'
  return judgedAttempt(
    {
      ...attempt,
      connection,
      serial: isLate ? 'E0' : '0A',
      protocol: chance > 0.92 ? 'mqtt' : 'https',
    },
    accepted(session, latencyMs),
    chance > 0.9995 ? { verdict: 'either', because: 'published 2 s ago' } : undefined,
  )
}

const attacks = [
  { intent: 'regular', serial: 'E0', code: 'expired' },
  { intent: 'revoked_goes_on', serial: '0B', code: 'revoked' },
  { intent: 'forged_chain', code: 'untrusted' },
  { intent: 'no_certificate', serial: undefined, code: 'no_certificate' },
  { intent: 'forged_header', serial: undefined, code: 'header_forged' },
  { intent: 'copied_cookie', cookieSerial: '0C', code: 'session_of_other_certificate' },
  { intent: 'revoked_goes_on', serial: '0B', cookieSerial: '0B', code: 'revoked' },
] as const

function exposures(): readonly ExposureWindow[] {
  const windows = [0, 3100, 0, 4700, 900, 0, 2400]
  return windows.map((exposureMs, index) => {
    const revokedAt = shift(start, (10 + index * 11) * DAY + index * 5 * HOUR)
    const publishedAt = shift(revokedAt, (4 + ((index * 7) % 9)) * MINUTE)
    return {
      device: `${index % 2 === 0 ? 'car' : 'meter'}-${String(17 + index * 13).padStart(4, '0')}`,
      serial: `0${index}F3`,
      reason: index % 2 === 0 ? 'keyCompromise' : 'cessationOfOperation',
      revokedAt,
      publishedAt,
      lastAcceptedAt: shift(publishedAt, exposureMs),
      attemptsAfterPublication: 4 + index * 9,
      exposureMs,
      byMeans: { full: { tries: 4 + index * 9, exposureMs } },
    }
  })
}

/** A run with one wrong decision of each kind, an event that never happened, and names that attack. */
export function fakeFailure(): RunResult {
  const run = fakeRun()
  const at = shift(start, 41 * DAY + 8 * HOUR)
  const evil = '</script><script>alert(1)</script><img src=x onerror=alert(2)>'
  const wrong = [
    judgedAttempt(
      { id: 9120, at, phase: 'verify-expired-allowed', actor: 'car-0017', serial: '4F00A1' },
      { outcome: 'accepted', identitySerial: '4F00A1', session: 'none', latencyMs: 2.2 },
      { verdict: 'wrong_accept', because: 'revoked for keyCompromise 41 minutes before' },
    ),
    judgedAttempt(
      { id: 9500, at, phase: 'passthrough-cookies', actor: evil, connection: 'held' },
      refused('untrusted'),
      { verdict: 'unexplained_refusal', because: 'its certificate is good until 2027-03-01' },
    ),
    judgedAttempt(
      { id: 9777, at, actor: 'meter-0003' },
      { outcome: 'broken', detail: 'no answer within 10 s', latencyMs: 10_000 },
      { verdict: 'broken', because: 'it had to be let in' },
    ),
  ]
  const events = run.events.map((event, index) => (index === 2 ? { ...event, count: 0 } : event))
  const counted = { wrong, events, wrongAccepts: 1, unexplainedRefusals: 1, broken: 1 }
  return { ...run, ...counted, ...conclude({ ...run, ...counted }) }
}
