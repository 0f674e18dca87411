import { expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import type { Merged } from '#simulator/engine/virtual/merge.ts'
import { createTally } from '#simulator/engine/virtual/tally.ts'
import { findRevocations, liveShard } from '#simulator/engine/virtual/shard.ts'
import { createOracle } from '#simulator/oracle/oracle.ts'
import type { Attempt, Observation } from '#simulator/oracle/attempt.ts'
import { createCollector } from '#simulator/report/collect.ts'
import { placePhases } from '#simulator/scenario/phases.ts'
import { minimal, scenarioOf } from '../../scenario/minimal.ts'
import { smallScenario } from '../run-small.ts'

// Where a log is kept, every attempt is judged and counted by itself.
test.each([1, 2, 3, 4, 5, 6])(
  'seed %i: counted in numbers or one by one, a run comes to the same',
  async (seed) => {
    const scenario = smallScenario({ seed })
    const revocations = await findRevocations(scenario)
    const of = { scenario, shard: 0, shards: 1, revocations, appEvery: 50 }
    const oneByOne = await liveShard({ ...of, log: 'lines' }, () => {})
    const inNumbers = await liveShard({ ...of, log: 'none' }, () => {})
    expect(oneByOne.merged.collected?.decisions).toBeGreaterThan(700)
    expect(withoutLatencies(inNumbers.merged)).toEqual(withoutLatencies(oneByOne.merged))
  },
  60_000,
)

/** Nothing is measured where no time passes: which step says so depends on who tells first. */
function withoutLatencies({ collected, ...merged }: Merged) {
  const timeline = collected?.timeline.map(({ at, online, accepted, refused }) => {
    return { at, online, accepted, refused }
  })
  return { ...merged, collected: { ...collected, timeline } }
}

const scenario = scenarioOf(minimal)
const { start } = scenario.time
const notAfter = shift(start, 86_400_000)
const of = { serial: '0A', issuer: 'issuing-1', device: 'car-0001' }

function tallyOf() {
  const ledger = new Ledger()
  ledger.recordIssued({ ...of, notBefore: start, notAfter, issuedAt: start })
  const oracle = createOracle({ ledger, scenario })
  const collector = createCollector({ scenario, ledger })
  const tally = createTally(oracle, collector, placePhases(scenario))
  const judge = (changed: Partial<Attempt>, seen: Observation) => {
    const judged = { ...attempt, ...changed }
    return { attempt: judged, observation: seen, verdict: oracle.judge(judged, seen) }
  }
  return { tally, collector, judge }
}

const attempt: Attempt = {
  id: 1,
  at: shift(start, 1000),
  phase: 'only',
  actor: 'car-0001',
  intent: 'regular',
  protocol: 'https',
  serial: '0A',
  cookieSerial: undefined,
  connection: 'fresh',
}
const accepted: Observation = {
  outcome: 'accepted',
  identitySerial: '0A',
  session: 'none',
  latencyMs: 0,
}

test.each([
  { name: 'the same again', again: {}, taken: true },
  { name: 'a while later', again: { at: shift(start, 1001) }, taken: true },
  { name: 'as the certificate ends', again: { at: notAfter }, taken: false },
  { name: 'earlier', again: { at: start }, taken: false },
  { name: 'with another certificate', again: { serial: '0B' }, taken: false },
  { name: 'of another device', again: { actor: 'car-0002' }, taken: false },
  { name: 'for another reason', again: { intent: 'revoked_goes_on' as const }, taken: false },
  { name: 'over another protocol', again: { protocol: 'mqtt' as const }, taken: false },
  { name: 'over a connection that is held', again: { connection: 'held' as const }, taken: false },
  { name: 'with a cookie', again: { cookieSerial: '0A' }, taken: false },
])('an attempt is counted without a verdict of its own: $name: $taken', ({ again, taken }) => {
  const { tally, collector, judge } = tallyOf()
  tally.keep(judge({}, accepted))
  expect(tally.takes({ ...attempt, ...again }, 'only', accepted)).toBe(taken)
  tally.flush()
  expect(collector.totals().accepted).toBe(taken ? 2 : 1)
})

test('one whose observation is not the very same is judged by itself, as is all after a forgetting', () => {
  const { tally, judge } = tallyOf()
  tally.keep(judge({}, accepted))
  expect(tally.takes(attempt, 'only', { ...accepted })).toBe(false)
  tally.forget()
  expect(tally.takes(attempt, 'only', accepted)).toBe(false)
})

test('wrong decisions are never counted in numbers: each has its story', () => {
  const { tally, collector, judge } = tallyOf()
  const refused = { outcome: 'refused', code: 'revoked', latencyMs: 0 } as const
  tally.keep(judge({}, refused))
  expect(tally.takes(attempt, 'only', refused)).toBe(false)
  expect(collector.collected(notAfter).wrong).toHaveLength(1)
})
