import {
  array,
  assert,
  constantFrom,
  integer,
  option,
  property,
  record,
  type Arbitrary,
} from 'fast-check'
import { expect, test } from 'vitest'
import { shift, type Instant } from '#shared/time.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import type { Attempt, Observation } from '#simulator/oracle/attempt.ts'
import { createOracle } from '#simulator/oracle/oracle.ts'
import { minimal, scenarioOf } from '../scenario/minimal.ts'

const scenario = scenarioOf(minimal)
const { start } = scenario.time
const dayMs = 86_400_000

const accepted: Observation = {
  outcome: 'accepted',
  identitySerial: '0A',
  session: 'none',
  latencyMs: 0,
}
const observations: readonly Observation[] = [
  accepted,
  ...['expired', 'not_yet_valid', 'untrusted', 'revocation_unknown'].map((code) => {
    return { outcome: 'refused', code, latencyMs: 0 } as const
  }),
]

const attemptAt = (at: Instant): Attempt => ({
  id: 1,
  at,
  phase: 'only',
  actor: 'car-0A',
  intent: 'regular',
  protocol: 'https',
  serial: '0A',
  cookieSerial: undefined,
  connection: 'fresh',
})

/** Few enough instants that they meet, between two seconds too. */
const instant = integer({ min: 0, max: 40 }).map((quarters) => shift(start, quarters * 250))
const staleness = constantFrom(0, 500, 1000)

const world = record({
  notBefore: instant,
  notAfter: instant,
  lists: array(record({ publishedAt: instant, nextUpdate: instant }), { maxLength: 3 }),
  authorities: array(
    record({ storedFrom: option(instant, { nil: undefined }), notAfter: instant }),
    { maxLength: 2 },
  ),
  anchored: instant,
  unanchored: option(instant, { nil: undefined }),
  maxStalenessMs: staleness,
  toleranceMs: staleness,
  graceMs: staleness,
  stale: constantFrom('refuse' as const, 'accept' as const),
  expired: constantFrom(
    { word: 'refuse' } as const,
    { word: 'allow' } as const,
    { word: 'grace', forMs: 1500 } as const,
  ),
  at: instant,
})

type World = typeof world extends Arbitrary<infer Of> ? Of : never

function oracleOf({ maxStalenessMs, toleranceMs, graceMs, stale, expired, ...facts }: World) {
  const ledger = new Ledger()
  const { notBefore, notAfter } = facts
  const issued = { serial: '0A', issuer: 'issuing-1', device: 'car-0A', issuedAt: start }
  ledger.recordIssued({ ...issued, notBefore, notAfter })
  for (const { publishedAt, nextUpdate } of facts.lists.toSorted(
    (a, b) => a.publishedAt - b.publishedAt,
  )) {
    ledger.recordPublished('issuing-1', publishedAt, nextUpdate)
  }
  for (const authority of facts.authorities) {
    ledger.recordAuthority({
      ...authority,
      issuer: 'issuing-1',
      root: 'root',
      presentedFrom: undefined,
    })
  }
  ledger.recordAnchored('root', facts.anchored)
  if (facts.unanchored !== undefined) ledger.recordUnanchored('root', facts.unanchored)
  const crl = { ...scenario.edge.crl, graceMs, stale }
  const phases = scenario.phases.map((phase) => ({ ...phase, expired }))
  const edge = { ...scenario.edge, maxStalenessMs, crl }
  return createOracle({ ledger, scenario: { ...scenario, edge, phases }, toleranceMs })
}

/** Nothing here is finer than a quarter of a second but the instants on both sides of its ends. */
function instantsUpTo(from: Instant, until: number): readonly Instant[] {
  return Array.from({ length: until - from }, (_, ms) => shift(from, ms)).filter((at) =>
    [0, 1, 249].includes((at - start) % 250),
  )
}

test('until a verdict is said to stand, every instant has the same, whatever was seen', () => {
  assert(
    property(world, (of) => {
      const oracle = oracleOf(of)
      const verdictsAt = (at: Instant) =>
        observations.map((observation) => oracle.judge(attemptAt(at), observation))
      const until = Math.min(oracle.standsUntil(attemptAt(of.at)), start + 30_000)
      expect(until).toBeGreaterThan(of.at)
      const first = verdictsAt(of.at)
      for (const at of instantsUpTo(of.at, until)) expect(verdictsAt(at)).toEqual(first)
    }),
    { numRuns: 300, seed: 20 },
  )
}, 60_000)

test('it stands as long as it can: the last second of a certificate, and the instant after', () => {
  const ledger = new Ledger()
  const notAfter = shift(start, dayMs)
  ledger.recordIssued({
    serial: '0A',
    issuer: 'issuing-1',
    device: 'car-0A',
    notBefore: start,
    notAfter,
    issuedAt: start,
  })
  const oracle = createOracle({ ledger, scenario })
  expect(oracle.standsUntil(attemptAt(shift(start, 1)))).toBe(notAfter)
  expect(oracle.standsUntil(attemptAt(notAfter))).toBe(notAfter + 1)
  expect(oracle.standsUntil(attemptAt(shift(notAfter, 1000)))).toBe(Number.POSITIVE_INFINITY)
})

test('each attempt with a revoked certificate stands for itself', () => {
  const ledger = new Ledger()
  const notAfter = shift(start, dayMs)
  const of = { serial: '0A', issuer: 'issuing-1', device: 'car-0A' }
  ledger.recordIssued({ ...of, notBefore: start, notAfter, issuedAt: start })
  ledger.recordRevoked('0A', shift(start, 1000), 'keyCompromise')
  const at = shift(start, 5000)
  expect(createOracle({ ledger, scenario }).standsUntil(attemptAt(at))).toBe(at)
})
