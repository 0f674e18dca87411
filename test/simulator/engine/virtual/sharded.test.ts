import { expect, test } from 'vitest'
import { logHash } from '#simulator/engine/virtual/log-hash.ts'
import { runSharded, unshardable } from '#simulator/engine/virtual/run-sharded.ts'
import { runVirtually } from '#simulator/engine/virtual/run-virtually.ts'
import { findRevocations, liveShard } from '#simulator/engine/virtual/shard.ts'
import type { RunResult } from '#simulator/report/run-result.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'
import { smallScenario } from '../run-small.ts'

const quiet = {
  file: 'small',
  replay: '',
  signal: new AbortController().signal,
  onProgress: () => {},
}

/** All shards, one after another, in this thread. */
async function liveAll(scenario: Scenario, shards: number, log: 'lines' | 'digests') {
  const revocations = await findRevocations(scenario)
  const parts = []
  for (let shard = 0; shard < shards; shard += 1) {
    const options = { scenario, shard, shards, revocations, appEvery: 20, log }
    parts.push(await liveShard(options, () => {}))
  }
  return parts
}

test.each([1, 7, 11])(
  'seed %i: the log has the same hash for 1, 2 and 4 shards',
  async (seed) => {
    const scenario = smallScenario({ seed })
    const hashes = []
    for (const shards of [1, 2, 4]) {
      const parts = await liveAll(scenario, shards, 'digests')
      expect(parts.flatMap(({ merged }) => merged.collected?.wrong ?? [])).toEqual([])
      expect(parts.reduce((sum, { counts }) => sum + counts.compared, 0)).toBeGreaterThan(5)
      hashes.push(logHash(parts.flatMap(({ digests }) => digests)))
    }
    expect(new Set(hashes).size).toBe(1)
  },
  120_000,
)

async function hashOf(seed: number): Promise<string> {
  const parts = await liveAll(smallScenario({ seed, days: 2 }), 1, 'digests')
  return logHash(parts.flatMap(({ digests }) => digests))
}

test('another seed has another hash', async () => {
  expect(await hashOf(7)).not.toBe(await hashOf(8))
}, 60_000)

/**
 * Within the staleness bound either answer is right, and whether a session is resumed or begun anew
 * depends on who asked before: there the two engines may differ, and nowhere else.
 */
function comparable(lines: readonly string[]): readonly string[] {
  return lines
    .filter((line) => !line.includes('"verdict":"either"'))
    .filter((line) => !/"event":"(phase|(delta_)?crls_published|crls_withheld|fault)"/.test(line))
    .map((line) => line.replace(/"session":"(issued|used)"/, '"session":"any"'))
    .toSorted()
}

test('lives lived one by one on the core are those lived together on the whole app', async () => {
  const scenario = smallScenario({ seed: 3 })
  const together = await runVirtually({ ...quiet, scenario })
  const parts = await liveAll(scenario, 1, 'lines')
  const lines = parts.flatMap((part) => part.lines)
  expect(together.result.failures).toEqual([])
  expect(lines.length).toBeGreaterThan(900)
  expect(comparable(lines)).toEqual(comparable(together.log))
}, 60_000)

const hourMs = 3_600_000
const fault = { forMs: 0, on: undefined, byMs: undefined, share: undefined } as const

/** What is told of lists and of faults. */
const worldly = (lines: readonly string[]) =>
  lines
    .filter((line) => /"event":"((delta_)?crls_(published|withheld)|fault)"/.test(line))
    .toSorted()

test('lists that are missing are stale for lives lived one by one as for those lived together', async () => {
  const small = smallScenario({ seed: 3 })
  const down = { ...fault, fault: 'crl.publisher_down' } as const
  const scenario: Scenario = {
    ...small,
    pki: {
      ...small.pki,
      crl: {
        ...small.pki.crl,
        publishEveryMs: 6 * hourMs,
        nextUpdateMs: 12 * hourMs,
        outages: [{ atMs: 30 * hourMs, forMs: 20 * hourMs }],
      },
    },
    chaos: [...small.chaos, { ...down, atMs: 80 * hourMs, forMs: 24 * hourMs }],
  }
  expect(unshardable(scenario)).toEqual([])
  const together = await runVirtually({ ...quiet, scenario })
  const parts = await liveAll(scenario, 1, 'lines')
  expect(parts.flatMap(({ merged }) => merged.collected?.wrong ?? [])).toEqual([])
  const refused = parts.reduce(
    (sum, { merged }) => sum + (merged.collected?.counters['refused.revocation_unknown'] ?? 0),
    0,
  )
  expect(refused).toBeGreaterThan(20)
  expect(comparable(parts.flatMap(({ lines }) => lines))).toEqual(comparable(together.log))
  const run = await runSharded({ ...quiet, scenario, shards: 1, appEvery: 100, log: 'lines' })
  expect(worldly(run.log)).toEqual(worldly(together.log))
  const withheld = together.result.counters['lists_withheld']
  expect(withheld).toBeGreaterThan(5)
  expect(run.result.counters['lists_withheld']).toBe(withheld)
}, 120_000)

/** Worlds with what is the same for every device, whoever else there is. */
const timed: readonly { readonly name: string; readonly change: (small: Scenario) => Scenario }[] =
  [
    {
      name: 'deltas, and a publisher that is down for a while',
      change: ({ pki, ...small }) => ({
        ...small,
        pki: {
          ...pki,
          crl: {
            ...pki.crl,
            publishEveryMs: 24 * hourMs,
            deltaEveryMs: 2 * hourMs,
            nextUpdateMs: 26 * hourMs,
            outages: [{ atMs: 30 * hourMs, forMs: 40 * hourMs }],
          },
        },
      }),
    },
    {
      name: 'deltas and divided lists',
      change: ({ pki, ...small }) => ({
        ...small,
        pki: { ...pki, crl: { ...pki.crl, partitions: 4, deltaEveryMs: 3 * hourMs } },
      }),
    },
    {
      name: 'an edge that is started anew, twice',
      change: ({ chaos, ...small }) => ({
        ...small,
        chaos: [
          ...chaos,
          { ...fault, fault: 'gateway.restart', atMs: 20 * hourMs },
          { ...fault, fault: 'gateway.restart', atMs: 70 * hourMs },
        ],
      }),
    },
    {
      name: 'meters whose clocks are a day behind for a while',
      change: ({ chaos, ...small }) => ({
        ...small,
        chaos: [
          ...chaos,
          {
            ...fault,
            fault: 'clock.jump',
            on: 'meter',
            byMs: -24 * hourMs,
            atMs: 12 * hourMs,
            forMs: 48 * hourMs,
          },
        ],
      }),
    },
  ]

const worldCounts = ({ counters }: RunResult) =>
  ['faults', 'lists_published', 'deltas_published', 'lists_withheld'].map((name) => [
    name,
    counters[name],
  ])

test.each(timed)(
  '$name: one by one as together, and the same log for 1, 2 and 4 shards',
  async ({ change }) => {
    const scenario = change(smallScenario({ seed: 5 }))
    expect(unshardable(scenario)).toEqual([])
    const together = await runVirtually({ ...quiet, scenario })
    expect(together.result.wrong).toEqual([])
    const run = await runSharded({ ...quiet, scenario, shards: 1, appEvery: 50, log: 'lines' })
    expect(run.result.wrong).toEqual([])
    expect(comparable(run.log)).toEqual(comparable(together.log))
    expect(worldly(run.log)).toEqual(worldly(together.log))
    expect(worldCounts(run.result)).toEqual(worldCounts(together.result))
    const hashes = []
    for (const shards of [1, 2, 4]) {
      const parts = await liveAll(scenario, shards, 'digests')
      hashes.push(logHash(parts.flatMap(({ digests }) => digests)))
    }
    expect(new Set(hashes).size).toBe(1)
  },
  120_000,
)

test('threads come to the same as one: decisions, events, exposures, and a report that passes', async () => {
  const scenario = smallScenario()
  const run = await runSharded({ ...quiet, scenario, shards: 2, appEvery: 100, log: 'lines' })
  const together = await runVirtually({ ...quiet, scenario })
  expect(run.result.failures).toEqual([])
  expect(run.result.decisions).toBe(together.result.decisions)
  expect(run.result.certificatesIssued).toBe(together.result.certificatesIssued)
  expect(run.result.handshakes).toBe(together.result.handshakes)
  expect(run.result.exposures.map(({ serial }) => serial).toSorted()).toEqual(
    together.result.exposures.map(({ serial }) => serial).toSorted(),
  )
}, 120_000)

test('a scenario in which devices meet is refused by name', () => {
  const scenario = smallScenario()
  expect(unshardable(scenario)).toEqual([])
  const crowded = {
    ...scenario,
    pki: { ...scenario.pki, ca: { ...scenario.pki.ca, ratePerSecond: 1 } },
  }
  expect(unshardable(crowded)).toEqual([expect.stringContaining('pki.ca.rate')])
  const alb = { ...scenario, front: { ...scenario.front, profile: 'alb' as const } }
  expect(unshardable(alb)).toEqual([expect.stringContaining('front.profile')])
  const jump = { ...fault, fault: 'clock.jump', on: 'edge', byMs: hourMs, atMs: 0 } as const
  const behind = { ...scenario, chaos: [...scenario.chaos, jump] }
  expect(unshardable(behind)).toEqual([expect.stringContaining('chaos: clock.jump')])
})
