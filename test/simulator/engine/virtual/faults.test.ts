import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runVirtually } from '#simulator/engine/virtual/run-virtually.ts'
import { hostileKinds } from '#simulator/scenario/scenario.ts'
import { scenarioOf } from '../../scenario/minimal.ts'

// What the edge says of a bucket that it cannot reach is part of the play.
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterAll(() => void vi.restoreAllMocks())

/** A run takes a second or two of CPU; a machine that is busy with others may take long over it. */
const patienceMs = 300_000

/** Two days of a dozen devices that report every half hour, with more behind it. */
const base = `version: 1
name: faults
seed: 5
time: { duration: 2d, tick: 10m }
pki:
  crl: { publish_every: 6h, publish_delay: 10m2s, next_update: 1d }
edge: { max_staleness: 5s }
fleets:
  - kind: meter
    count: 12
    certificate: { validity: 2d, renew_at: 0.5, reenroll_after: 3h }
    traffic: { connect_every: 30m, requests: 2 }
phases:
  - { name: only, for: 2d, mode: verify }
`

async function lived(more: string, of = base) {
  const { result } = await runVirtually({
    scenario: scenarioOf(of + more),
    file: 'faults.yaml',
    replay: '',
    signal: new AbortController().signal,
    onProgress: () => {},
  })
  expect(result.wrong.map(({ attempt, verdict }) => [attempt.at, verdict])).toEqual([])
  return { result, counters: result.counters }
}

test(
  'a clock of the edge that is ahead: what it takes for ended is refused, and nobody else',
  async () => {
    const { counters } = await lived(`
chaos: [{ at: 12h, for: 3h, fault: clock.jump, on: edge, by: 3d }]
`)
    expect(counters['faults']).toBe(1)
    // Three hours of a dozen devices that report every half hour.
    expect(counters['refused.expired']).toBeGreaterThan(20)
    expect(counters['accepted']).toBeGreaterThan(500)
  },
  patienceMs,
)

test(
  'a clock of the edge that is behind: what is to come is refused, lists that have not begun too',
  async () => {
    const { counters } = await lived(`
chaos:
  - { at: 13h, for: 2h, fault: clock.jump, on: edge, by: -90m }
  - { at: 20h, for: 2h, fault: clock.jump, on: edge, by: -30d }
`)
    expect(counters['faults']).toBe(2)
    expect(counters['refused.not_yet_valid']).toBeGreaterThan(20)
    expect(counters['refused.revocation_unknown']).toBeGreaterThan(5)
  },
  patienceMs,
)

test(
  'a clock that was ahead is set right: the edge looks for news at once, not when the old time has come',
  async () => {
    const { result, counters } = await lived(`
chaos: [{ at: 10h, for: 2h, fault: clock.jump, on: edge, by: 4h }]
revocations:
  - { at: 12h, kind: meter, count: 3, reason: keyCompromise, goes_on: true }
assert: { exposure: { full: 5s } }
`)
    expect(counters['refused.revoked']).toBeGreaterThan(10)
    expect(result.assertions.every(({ holds }) => holds)).toBe(true)
  },
  patienceMs,
)

test(
  'an edge that does not look until the old time has come again is found, whatever it cannot know',
  async () => {
    const published = new Map<string, number>()
    const { result } = await runVirtually({
      scenario: scenarioOf(`${base}
chaos: [{ at: 10h, for: 2h, fault: clock.jump, on: edge, by: 4h }]
revocations:
  - { at: 12h, kind: meter, count: 3, reason: keyCompromise, goes_on: true }
`),
      file: 'faults.yaml',
      replay: '',
      signal: new AbortController().signal,
      onProgress: () => {},
      sabotage: {
        changeEdge: (edge) => ({
          ...edge,
          publish(name, octets) {
            const nth = (published.get(name) ?? 0) + 1
            published.set(name, nth)
            // Those of 12:00 and 12:10, which an edge asked at 11:50 by a clock at 15:50 would not see.
            const isUnseen = name.startsWith('crl/') && (nth === 3 || nth === 4)
            if (!isUnseen) edge.publish(name, octets)
          },
        }),
      },
    })
    const verdicts = new Set(result.wrong.map(({ verdict }) => verdict.verdict))
    expect(verdicts).toEqual(new Set(['wrong_accept']))
    expect(result.wrongAccepts).toBeGreaterThan(10)
  },
  patienceMs,
)

test(
  'clocks of devices that jump: some renew long before it is time, some when it is over',
  async () => {
    const shortLived = base.replace('validity: 2d', 'validity: 12h')
    const still = await lived('', shortLived)
    const { counters } = await lived(
      `
chaos:
  - { at: 6h, for: 12h, fault: clock.jump, on: meter, by: 5d }
  - { at: 20h, for: 20h, fault: clock.jump, on: meter, by: -5d }
`,
      shortLived,
    )
    expect(counters['renewed']).toBeGreaterThan((still.counters['renewed'] ?? 0) + 10)
    expect(still.counters['refused.expired'] ?? 0).toBe(0)
    expect(counters['refused.expired']).toBeGreaterThan(0)
  },
  patienceMs,
)

test(
  'a bucket out of reach: who was known to be revoked stays out, who is revoked then is out after it',
  async () => {
    const { result, counters } = await lived(`
chaos: [{ at: 8h, for: 4h, fault: edge.partition }]
revocations:
  - { at: 7h, kind: meter, count: 2, reason: keyCompromise, goes_on: true }
  - { at: 9h, kind: meter, count: 2, reason: keyCompromise, goes_on: true }
`)
    const [before, , during] = result.exposures
    expect(before?.exposureMs).toBeLessThanOrEqual(5000)
    expect(during?.exposureMs).toBe(0)
    expect(during?.lastAcceptedAt).toBeGreaterThan(during?.revokedAt ?? Infinity)
    expect(counters['either']).toBeGreaterThan(5)
    expect(counters['refused.revoked']).toBeGreaterThan(50)
  },
  patienceMs,
)

test(
  'a part of the edges out of reach: the others know at once, and all of them after it',
  async () => {
    const several = base
      .replace('name: faults', 'name: faults\nengine: virtual')
      .replace('edge: { max', 'edge: { count: 3, max')
      .replace('duration: 2d', 'duration: 1d')
      .replace('for: 2d', 'for: 1d')
    const during = (more: string) =>
      lived(
        `
chaos: [{ at: 8h, for: 4h, fault: edge.partition${more} }]
revocations:
  - { at: 9h, kind: meter, count: 4, reason: keyCompromise, goes_on: true }
`,
        several,
      )
    const [part, all] = [await during(', share: 0.4'), await during('')]
    // One of three has not heard of it: a part of the tries is let in, not all.
    const lateOf = ({ counters }: typeof part) => counters['either'] ?? 0
    expect(part.counters['refused.revoked']).toBeGreaterThan(all.counters['refused.revoked'] ?? 0)
    expect(lateOf(part)).toBeGreaterThan(5)
    const until = scenarioOf(several).time.start + 12 * 3_600_000
    for (const { result } of [part, all]) {
      for (const { lastAcceptedAt } of result.exposures) {
        expect(lastAcceptedAt).toBeLessThanOrEqual(until + 5000)
      }
    }
  },
  patienceMs,
)

test(
  'out of reach for longer than lists last: everybody is refused, and back as soon as it answers',
  async () => {
    const { counters } = await lived(`
chaos: [{ at: 8h, for: 30h, fault: edge.partition }]
`)
    expect(counters['refused.revocation_unknown']).toBeGreaterThan(50)
    expect(counters['accepted']).toBeGreaterThan(500)
  },
  patienceMs,
)

test(
  'deltas between complete lists tell of a revocation as soon, and lists that are rolled back do not hide it',
  async () => {
    const withDeltas = base.replace('publish_every: 6h', 'publish_every: 12h, delta_every: 1h')
    const { result, counters } = await lived(
      `
revocations:
  - { at: 3h, kind: meter, count: 2, reason: keyCompromise, goes_on: true }
  - { at: 13h, kind: meter, count: 2, reason: keyCompromise, goes_on: true }
chaos:
  - { at: 15h30m, for: 6h, fault: crl.rollback }
  - { at: 27h, for: 3h, fault: edge.partition }
assert: { exposure: { full: 5s } }
`,
      withDeltas,
    )
    expect(counters['lists_published']).toBe(4)
    // One an hour less the four with a complete list, and two after revocations.
    expect(counters['deltas_published']).toBe(46)
    expect(counters['refused.revoked']).toBeGreaterThan(50)
    expect(result.assertions.every(({ holds }) => holds)).toBe(true)
  },
  patienceMs,
)

test.each([
  { name: 'complete', crl: 'publish_every: 6h, partitions: 4' },
  { name: 'with deltas', crl: 'publish_every: 12h, delta_every: 1h, partitions: 4' },
])(
  'lists of parts, $name: each device is looked up in its own, and who is revoked is out',
  async ({ crl }) => {
    const { result, counters } = await lived(
      `
revocations:
  - { at: 3h, kind: meter, count: 4, reason: keyCompromise, goes_on: true }
  - { at: 13h, kind: meter, count: 4, reason: keyCompromise, goes_on: true }
chaos: [{ at: 15h30m, for: 6h, fault: crl.rollback }]
assert: { exposure: { full: 5s } }
`,
      base.replace('publish_every: 6h', crl),
    )
    expect(counters['refused.revoked']).toBeGreaterThan(100)
    expect(counters['refused.revocation_unknown'] ?? 0).toBe(0)
    expect(counters['accepted']).toBeGreaterThan(300)
    expect(result.assertions.every(({ holds }) => holds)).toBe(true)
  },
  patienceMs,
)

test(
  'a delta that has not begun by a clock that is behind: whom it names is out, and nobody else',
  async () => {
    const withDeltas = base.replace('publish_every: 6h', 'publish_every: 12h, delta_every: 1h')
    const { result, counters } = await lived(
      `
chaos: [{ at: 14h, for: 5h, fault: clock.jump, on: edge, by: -90m }]
revocations:
  - { at: 16h, kind: meter, count: 3, reason: keyCompromise, goes_on: true }
assert: { exposure: { full: 5s } }
`,
      withDeltas,
    )
    expect(counters['refused.revoked']).toBeGreaterThan(50)
    expect(counters['refused.revocation_unknown'] ?? 0).toBe(0)
    expect(result.assertions.every(({ holds }) => holds)).toBe(true)
  },
  patienceMs,
)

test(
  'every kind of stranger tries, and those that may be let in come in as themselves',
  async () => {
    const kinds = hostileKinds.map((kind) => `  - { kind: ${kind}, every: 4h }`).join('\n')
    const withCookies = base.replace('mode: verify }', 'mode: passthrough, cookies: true }')
    const { result, counters } = await lived(`hostile:\n${kinds}\n`, withCookies)
    const intents = result.phases[0]?.intents ?? {}
    // Twelve of each in two days, but where devices are away or there are too few.
    for (const kind of hostileKinds) expect(`${kind} ${intents[kind] ?? 0}`).toMatch(/ \d\d$/)
    for (const code of ['signature_invalid', 'purpose_forbids', 'session_of_other_certificate']) {
      expect(`${code} ${counters[`refused.${code}`] ?? 0}`).toMatch(/ \d\d$/)
    }
  },
  patienceMs,
)
