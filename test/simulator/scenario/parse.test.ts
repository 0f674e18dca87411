import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { instantFromIso as at } from '#shared/time.ts'
import { formatScenarioError, parseScenario } from '#simulator/scenario/parse.ts'
import { minimal, scenarioOf } from './minimal.ts'

const dayMs = 86_400_000

/** The errors of a text, as people see them. */
function complaints(text: string): readonly string[] {
  const parsed = parseScenario(text, 'a.yaml')
  return parsed.ok ? [] : parsed.error.map(formatScenarioError)
}

test('the shortest scenario has every default filled in', () => {
  expect(scenarioOf(minimal)).toEqual({
    version: 1,
    name: 'minimal',
    seed: 7,
    engine: 'any',
    time: { start: at('2027-01-01T00:00:00Z'), durationMs: 10 * dayMs, tickMs: 300_000 },
    pki: {
      intermediates: 2,
      ca: { latencyMinMs: 0, latencyMaxMs: 0, ratePerSecond: undefined, outages: [] },
      crl: {
        publishEveryMs: dayMs,
        deltaEveryMs: undefined,
        partitions: 1,
        publishDelayMs: 300_000,
        nextUpdateMs: 7 * dayMs,
        outages: [],
      },
      events: [],
    },
    front: { profile: 'cloudflare', resumption: 'never' },
    edge: {
      count: 1,
      maxStalenessMs: 5000,
      sessionTtlMs: 900_000,
      crl: { graceMs: 0, stale: 'refuse' },
    },
    phases: [
      {
        name: 'only',
        forMs: 10 * dayMs,
        mode: 'verify',
        expired: { word: 'refuse' },
        cookies: false,
      },
    ],
    fleets: [
      {
        kind: 'car',
        count: 3,
        certificate: {
          validityMs: 28 * dayMs,
          renewAtRatio: 0.5,
          renewJitterRatio: 0.05,
          reenrollAfterMs: dayMs,
          retry: { baseMs: 30_000, capMs: 3_600_000 },
        },
        enrollment: undefined,
        clock: { skewMs: 0, tailRatio: 0, tailMs: 0 },
        mqtt: { qos: 1, retain: false, will: false },
        traffic: {
          pattern: 'diurnal',
          everyMs: dayMs,
          windowMs: dayMs,
          requests: 1,
          ticks: 1,
          mqttRatio: 0,
          bodyBytes: 11,
          ticketMs: 0,
        },
        offline: [],
      },
    ],
    revocations: [],
    hostile: [],
    chaos: [],
    identityCache: undefined,
    assert: {
      availability: {},
      exposureMs: {},
      recoveryMs: undefined,
      atLeast: {},
      atMost: {},
    },
  })
})

test('the quickstart is a scenario: three phases of thirty days, 200 devices, every attack', () => {
  const url = new URL('../../../simulator/scenarios/quickstart.yaml', import.meta.url)
  const scenario = scenarioOf(readFileSync(url, 'utf8'))
  expect(
    scenario.phases.map(({ name, mode, expired, cookies }) => [name, mode, expired, cookies]),
  ).toEqual([
    ['verify', 'verify', { word: 'refuse' }, false],
    ['verify-expired-allowed', 'verify', { word: 'grace', forMs: 14 * dayMs }, false],
    ['passthrough-cookies', 'passthrough', { word: 'refuse' }, true],
  ])
  expect(scenario.fleets.map(({ kind, count }) => [kind, count])).toEqual([
    ['car', 120],
    ['meter', 80],
  ])
  expect(new Set(scenario.hostile.map(({ kind }) => kind)).size).toBe(4)
  expect(scenario.revocations.some(({ goesOn }) => goesOn)).toBe(true)
})

test.each([
  { written: 'refuse', policy: { word: 'refuse' } },
  { written: 'allow', policy: { word: 'allow' } },
  { written: 'grace 10d', policy: { word: 'grace', forMs: 10 * dayMs } },
  { written: 'grace 36h', policy: { word: 'grace', forMs: 1.5 * dayMs } },
])('expired: $written', ({ written, policy }) => {
  const text = minimal.replace('mode: verify', `mode: verify\n    expired: ${written}`)
  expect(scenarioOf(text).phases[0]?.expired).toEqual(policy)
})

/** One line of the shortest scenario, replaced; and what is said of it. */
const slips = [
  {
    name: 'a bare number for a duration',
    line: '  duration: 10d',
    becomes: '  duration: 10',
    says: 'a.yaml:5:13: time.duration: found 10, expected a duration with units, like 30d, 12h, 5m, 10s, 250ms or 1d12h',
  },
  {
    name: 'a wrong unit',
    line: '  duration: 10d',
    becomes: '  duration: 10days',
    says: 'a.yaml:5:13: time.duration: found "10days", expected a duration with units, like 30d, 12h, 5m, 10s, 250ms or 1d12h',
  },
  {
    name: 'no time at all',
    line: '  duration: 10d',
    becomes: '  duration: 0s',
    says: 'a.yaml:5:13: time.duration: found "0s", expected a longer duration',
  },
  {
    name: 'a misspelt key',
    line: '  duration: 10d',
    becomes: '  duration: 10d\n  tikc: 5m',
    says: 'a.yaml:6:3: time.tikc: found the unknown key "tikc", expected perhaps "tick"',
  },
  {
    name: 'a key of another place',
    line: '  duration: 10d',
    becomes: '  duration: 10d\n  banana: 1',
    says: 'a.yaml:6:3: time.banana: found the unknown key "banana", expected one of start, duration, tick',
  },
  {
    name: 'a key missing',
    line: '      validity: 28d',
    becomes: '      renew_at: 0.5',
    says: 'a.yaml:13:5: fleets[0].certificate.validity: found nothing, expected a duration with units, like 30d, 12h, 5m, 10s, 250ms or 1d12h',
  },
  {
    name: 'a ratio above 1',
    line: '      validity: 28d',
    becomes: '      validity: 28d\n      renew_at: 1.01',
    says: 'a.yaml:15:17: fleets[0].certificate.renew_at: found 1.01, expected a ratio from 0 to 1',
  },
  {
    name: 'a negative count',
    line: '    count: 3',
    becomes: '    count: -1',
    says: 'a.yaml:12:12: fleets[0].count: found -1, expected a whole number of at least 0',
  },
  {
    name: 'half a device',
    line: '    count: 3',
    becomes: '    count: 2.5',
    says: 'a.yaml:12:12: fleets[0].count: found 2.5, expected a whole number of at least 0',
  },
  {
    name: 'an unknown word',
    line: '    mode: verify',
    becomes: '    mode: verfy',
    says: 'a.yaml:9:11: phases[0].mode: found "verfy", expected one of verify, passthrough',
  },
  {
    name: 'a grace without a length',
    line: '    mode: verify',
    becomes: '    mode: verify\n    expired: grace',
    says: 'a.yaml:10:14: phases[0].expired: found "grace", expected refuse, allow, or grace and a duration, like "grace 14d"',
  },
  {
    name: 'an instant without a zone',
    line: '  duration: 10d',
    becomes: '  duration: 10d\n  start: 2027-01-01',
    says: 'a.yaml:6:10: time.start: found "2027-01-01", expected an instant with a zone, like 2027-01-01T00:00:00Z',
  },
  {
    name: 'phases that leave a gap',
    line: '    for: 10d',
    becomes: '    for: 9d',
    says: 'a.yaml:6:1: phases: found phases of 9d in total, expected the duration of 10d',
  },
  {
    name: 'two phases of one name',
    line: '    for: 10d',
    becomes: '    for: 5d\n    mode: verify\n  - name: only\n    for: 5d',
    says: 'a.yaml:10:11: phases[1].name: found "only" again, expected a name that no earlier phase has',
  },
  {
    name: 'a tick between the seconds of X.509',
    line: '  duration: 10d',
    becomes: '  duration: 10d\n  tick: 1500ms',
    says: 'a.yaml:6:9: time.tick: found 1500ms, expected whole seconds',
  },
  {
    name: 'more revocations than devices',
    line: 'fleets:',
    becomes: 'revocations:\n  - { at: 1d, kind: car, count: 4, reason: keyCompromise }\nfleets:',
    says: 'a.yaml:11:33: revocations[0].count: found 4, expected at most the 3 of kind car still unrevoked',
  },
  {
    name: 'a revocation at the very end',
    line: 'fleets:',
    becomes: 'revocations:\n  - { at: 10d, kind: car, reason: keyCompromise }\nfleets:',
    says: 'a.yaml:11:11: revocations[0].at: found 10d, expected less than the duration of 10d',
  },
  {
    name: 'CRLs that end before the next',
    line: 'phases:',
    becomes: 'pki: { crl: { publish_every: 7d } }\nphases:',
    says: 'a.yaml:6:8: pki.crl.next_update: found 7d, expected more than publish_every, 7d',
  },
  {
    name: 'the same key twice',
    line: '  duration: 10d',
    becomes: '  duration: 10d\n  duration: 10d',
    says: 'a.yaml:6:3: this is not YAML: Map keys must be unique',
  },
]

test.each(slips)('$name', ({ line, becomes, says }) => {
  expect(minimal).toContain(`${line}\n`)
  expect(complaints(minimal.replace(`${line}\n`, `${becomes}\n`))).toEqual([says])
})

test('several errors come at once, in the order of the file', () => {
  const text = minimal.replace('seed: 7', 'sed: 7').replace('10d\nphases', '10\nphases')
  expect(complaints(text).map((line) => line.split(': ')[0] + ': ' + line.split(': ')[1])).toEqual([
    'a.yaml:1:1: seed',
    'a.yaml:3:1: sed',
    'a.yaml:5:13: time.duration',
  ])
})

describe('what is no scenario at all', () => {
  test.each([
    {
      name: 'an empty file',
      text: '',
      says: /^a\.yaml:1:1: found nothing, expected a mapping with/,
    },
    { name: 'a list', text: '- 1', says: /^a\.yaml:1:1: found a list, expected a mapping with/ },
    { name: 'broken YAML', text: 'name: [', says: /^a\.yaml:1:8: this is not YAML: / },
    {
      name: 'an alias to nothing',
      text: 'name: *nobody',
      says: /^a\.yaml:\d+:\d+: this is not YAML: /,
    },
  ])('$name', ({ text, says }) => {
    expect(complaints(text)[0]).toMatch(says)
  })
})
