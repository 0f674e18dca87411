import { describe, expect, test } from 'vitest'
import { shift, type Instant } from '#shared/time.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import type { Attempt, Observation } from '#simulator/oracle/attempt.ts'
import { createOracle } from '#simulator/oracle/oracle.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'
import { minimal, scenarioOf } from '../scenario/minimal.ts'

const [secondMs, hourMs, dayMs] = [1000, 3_600_000, 86_400_000]
const scenario = scenarioOf(minimal)
const { start } = scenario.time
const { maxStalenessMs } = scenario.edge
const day = (days: number, ms = 0) => shift(start, days * dayMs + ms)

/** A ledger with one good certificate of issuing-1, issued at the start. */
function ledgerWith(record: (ledger: Ledger) => void): Ledger {
  const ledger = new Ledger()
  const validity = { notBefore: start, notAfter: day(28), issuedAt: start }
  for (const serial of ['0A', '0B']) {
    ledger.recordIssued({ serial, issuer: 'issuing-1', device: `car-${serial}`, ...validity })
  }
  record(ledger)
  return ledger
}

const regular: Attempt = {
  id: 1,
  at: start,
  phase: 'only',
  actor: 'car-0A',
  intent: 'regular',
  protocol: 'https',
  serial: '0A',
  cookieSerial: undefined,
  connection: 'fresh',
}
const other: Attempt = { ...regular, actor: 'car-0B', serial: '0B' }
const acceptedAs = (identitySerial: string): Observation => ({
  outcome: 'accepted',
  identitySerial,
  session: 'none',
  latencyMs: 1,
})
const accepted = acceptedAs('0A')
const refused = (code: string): Observation => ({ outcome: 'refused', code, latencyMs: 1 })

interface Setting {
  readonly crl?: Scenario['edge']['crl']
  readonly chaos?: Scenario['chaos']
  /** When another device was let in before. */
  readonly asked?: readonly Instant[]
  /** Edges that requests come to in turn. */
  readonly count?: number
}

const noMeasures = { on: undefined, byMs: undefined, share: undefined }
const rolledBack: Scenario['chaos'] = [
  { fault: 'crl.rollback', atMs: dayMs, forMs: 2 * hourMs, ...noMeasures },
]

/** What accepting and what refusing with a code are worth at an instant. */
function worth(
  ledger: Ledger,
  at: Instant,
  code: string,
  { crl, chaos = [], asked = [], count = 1 }: Setting = {},
) {
  const edge = { ...scenario.edge, count, ...(crl === undefined ? {} : { crl }) }
  const judge = (observation: Observation) => {
    const oracle = createOracle({ ledger, scenario: { ...scenario, edge, chaos } })
    for (const before of asked) oracle.judge({ ...other, at: before }, acceptedAs('0B'))
    return oracle.judge({ ...regular, at }, observation).verdict
  }
  return { accept: judge(accepted), refuse: judge(refused(code)) }
}

const good = { accept: 'right', refuse: 'unexplained_refusal' }
const either = { accept: 'either', refuse: 'either' }
const bad = { accept: 'wrong_accept', refuse: 'right' }

describe('lists past their nextUpdate', () => {
  /** A list of the start, good for a day; the next one comes half a day too late. */
  const late = ledgerWith((ledger) => {
    ledger.recordPublished('issuing-1', start, day(1))
    ledger.recordPublished('issuing-1', day(1.5), day(3))
  })
  /** The same, and none after it: its last instants can be seen. */
  const last = ledgerWith((ledger) => ledger.recordPublished('issuing-1', start, day(1)))

  test.each([
    { name: 'through its last instant', ledger: last, at: day(1), worth: good },
    { name: 'the instant after', ledger: last, at: day(1, 1), worth: bad },
    { name: 'as the next one comes', ledger: late, at: day(1.5), worth: either },
    { name: 'to the end of the bound', ledger: late, at: day(1.5, maxStalenessMs), worth: either },
    { name: 'past the bound', ledger: late, at: day(1.5, maxStalenessMs + 1), worth: good },
  ])('$name', ({ ledger, at, worth: expected }) => {
    expect(worth(ledger, at, 'revocation_unknown')).toEqual(expected)
  })

  test.each([
    { name: 'through the grace', at: day(1, hourMs), worth: good },
    { name: 'the instant after the grace', at: day(1, hourMs + 1), worth: bad },
  ])('$name', ({ at, worth: expected }) => {
    const crl = { graceMs: hourMs, stale: 'refuse' } as const
    expect(worth(last, at, 'revocation_unknown', { crl })).toEqual(expected)
  })

  test('where silence is taken for good, nobody is refused for it', () => {
    const crl = { graceMs: 0, stale: 'accept' } as const
    expect(worth(last, day(5), 'revocation_unknown', { crl })).toEqual(good)
  })

  test('who is revoked may be told either', () => {
    const ledger = ledgerWith((each) => {
      each.recordRevoked('0A', start, 'keyCompromise')
      each.recordPublished('issuing-1', start, day(1))
    })
    expect(worth(ledger, day(2), 'revoked')).toEqual(bad)
    expect(worth(ledger, day(2), 'revocation_unknown')).toEqual(bad)
  })
})

describe('a publication that was taken back', () => {
  const publishedAt = day(1)
  const bound = shift(publishedAt, maxStalenessMs)
  /** Published with a list that ends a week later, taken back, and put back two hours after it. */
  const takenBack = (takenBackAt: Instant) =>
    ledgerWith((ledger) => {
      ledger.recordPublished('issuing-1', start, day(1.01))
      ledger.recordRevoked('0A', start, 'keyCompromise')
      ledger.recordPublished('issuing-1', publishedAt, day(7))
      ledger.recordTakenBack(takenBackAt)
      ledger.recordPutBack(shift(takenBackAt, 2 * hourMs))
    })
  const chaos = rolledBack
  const late = shift(bound, hourMs)
  const taken = takenBack(late)
  const putBack = shift(late, 2 * hourMs)

  test.each([
    { name: 'before it', at: shift(publishedAt, -1), worth: good },
    { name: 'while it lay there, to the bound', at: bound, worth: either },
    { name: 'past the bound, and taken back', at: late, worth: either },
    {
      name: 'to the bound after it is put back',
      at: shift(putBack, maxStalenessMs),
      worth: either,
    },
    { name: 'past that bound', at: shift(putBack, maxStalenessMs + 1), worth: bad },
  ])('that no edge was asked past the bound of: $name', ({ at, worth: expected }) => {
    // At the bound an edge that looked just before the publication may look once more, or not.
    expect(worth(taken, at, 'revoked', { chaos, asked: [bound] })).toEqual(expected)
  })

  test.each([
    { name: 'an instant past the bound', asked: shift(bound, 1), worth: bad },
    { name: 'the instant before it was taken back', asked: shift(late, -1), worth: bad },
    { name: 'as it was taken back', asked: late, worth: either },
  ])('an edge was asked $name, and keeps what it has seen', ({ asked, worth: expected }) => {
    const at = shift(late, hourMs)
    expect(worth(taken, at, 'revoked', { chaos, asked: [asked] })).toEqual(expected)
  })

  test('the list before it may be the one that is held, and stale', () => {
    const [code, stale] = ['revocation_unknown', day(1.06)]
    expect(worth(taken, stale, code, { chaos })).toEqual(either)
    const asked = [shift(bound, 1)]
    expect(worth(taken, stale, code, { chaos, asked }).refuse).toBe('unexplained_refusal')
    expect(worth(taken, day(2), code, { chaos }).refuse).toBe('unexplained_refusal')
  })

  test('its exposure counts from the publication that stood', () => {
    const oracle = createOracle({ ledger: taken, scenario: { ...scenario, chaos } })
    for (const at of [shift(late, hourMs), shift(putBack, secondMs)]) {
      oracle.judge({ ...regular, at }, accepted)
    }
    const [window] = oracle.exposures()
    expect(window).toMatchObject({ publishedAt: putBack, exposureMs: secondMs })
    expect(window?.byMeans).toEqual({ full: { tries: 1, exposureMs: secondMs } })
  })
})

describe('a clock of the edge that is wrong for an hour of the second day', () => {
  const listed = ledgerWith((ledger) => {
    ledger.recordPublished('issuing-1', start, day(9))
    ledger.recordPublished('issuing-1', day(1), day(9))
  })
  const jump = (byMs: number): Scenario['chaos'] => [
    { ...noMeasures, fault: 'clock.jump', atMs: dayMs, forMs: hourMs, on: 'edge', byMs },
  ]
  test.each([
    {
      name: 'the instant before it',
      at: day(1, -1),
      byMs: 40 * dayMs,
      code: 'expired',
      worth: good,
    },
    { name: 'ahead, past the end', at: day(1), byMs: 40 * dayMs, code: 'expired', worth: bad },
    {
      name: 'to the end of it',
      at: day(1, hourMs - 1),
      byMs: 40 * dayMs,
      code: 'expired',
      worth: bad,
    },
    { name: 'set right', at: day(1, hourMs), byMs: 40 * dayMs, code: 'expired', worth: good },
    { name: 'ahead, short of the end', at: day(1), byMs: 5 * dayMs, code: 'expired', worth: good },
    {
      name: 'behind the beginning',
      at: day(1),
      byMs: -2 * dayMs,
      code: 'not_yet_valid',
      worth: bad,
    },
    {
      name: 'behind the list, which may be the one held',
      at: day(1, maxStalenessMs),
      byMs: -hourMs,
      code: 'revocation_unknown',
      worth: either,
    },
    {
      name: 'behind the list, which is held',
      at: day(1, maxStalenessMs + 1),
      byMs: -hourMs,
      code: 'revocation_unknown',
      worth: bad,
    },
  ])('$name', ({ at, byMs, code, worth: expected }) => {
    expect(worth(listed, at, code, { chaos: jump(byMs) })).toEqual(expected)
  })

  test('a clock of devices is none of the edge', () => {
    const chaos = jump(40 * dayMs).map((event) => ({ ...event, on: 'car' }))
    expect(worth(listed, day(1), 'expired', { chaos })).toEqual(good)
  })
})

describe('a delta that is published while its complete list is cut in half', () => {
  const cut: Scenario['chaos'] = [
    { ...noMeasures, fault: 'crl.truncated', atMs: dayMs, forMs: 5 * hourMs },
  ]
  const [complete, damaged, newer] = [day(1, -60 * secondMs), day(1), day(1, hourMs)]
  /** A list of the start, good for a day and a little; the next one is cut before anybody asks for it. */
  const ledger = ledgerWith((each) => {
    each.recordPublished('issuing-1', start, day(1, hourMs))
    each.recordRevoked('0A', start, 'keyCompromise')
    each.recordPublished('issuing-1', complete, day(3))
    each.recordTakenBack(damaged)
    each.recordRevoked('0B', damaged, 'keyCompromise')
    each.recordPublished('issuing-1', newer, day(3), 'delta')
  })
  const late = shift(newer, hourMs)

  test('whom the list names alone nobody needs to know: what is held may be stale', () => {
    expect(worth(ledger, late, 'revoked', { chaos: cut })).toEqual(either)
    expect(worth(ledger, late, 'revocation_unknown', { chaos: cut })).toEqual(either)
  })

  test('whom the delta names everybody has to know', () => {
    const oracle = createOracle({ ledger, scenario: { ...scenario, chaos: cut } })
    const judge = (observation: Observation) =>
      oracle.judge({ ...other, at: late }, observation).verdict
    expect(judge(acceptedAs('0B'))).toBe('wrong_accept')
    expect(judge(refused('revoked'))).toBe('right')
  })

  test('whoever looked before the damage holds it, and lays the delta over it', () => {
    const asked = [shift(complete, maxStalenessMs + 1)]
    expect(worth(ledger, late, 'revoked', { chaos: cut, asked })).toEqual(bad)
    expect(worth(ledger, late, 'revocation_unknown', { chaos: cut, asked }).refuse).toBe(
      'unexplained_refusal',
    )
  })
})

describe('a clock of the edge that was two hours ahead, and is set right after an hour', () => {
  const setRight = day(1, hourMs)
  const jump = { fault: 'clock.jump', atMs: dayMs, forMs: hourMs, on: 'edge' } as const
  const chaos: Scenario['chaos'] = [{ ...noMeasures, ...jump, byMs: 2 * hourMs }]
  /** The edge is asked a minute before its clock is set right, and the list is out half of it later. */
  const asked = shift(setRight, -60 * secondMs)
  const ledger = ledgerWith((each) => {
    each.recordRevoked('0A', start, 'keyCompromise')
    each.recordPublished('issuing-1', shift(asked, 30 * secondMs), day(9))
  })
  /** When its clock says again what it said as it was asked. */
  const again = shift(asked, 2 * hourMs)
  const restart = { ...noMeasures, fault: 'gateway.restart', forMs: 0 } as const

  test.each([
    { name: 'the instant before its clock says that again', at: shift(again, -1), worth: bad },
    { name: 'as it says that again', at: again, worth: either },
    { name: 'to the end of the bound', at: shift(again, maxStalenessMs), worth: either },
    { name: 'the instant after', at: shift(again, maxStalenessMs + 1), worth: bad },
  ])('it cannot know that time has gone by: $name', ({ at, worth: expected }) => {
    expect(worth(ledger, at, 'revoked', { chaos, asked: [asked] })).toEqual(expected)
  })

  test.each([
    { name: 'nobody asked it', asked: [] },
    { name: 'it was asked longer ago than the bound', asked: [shift(asked, -maxStalenessMs - 1)] },
    { name: 'it was asked by a clock that said more', asked: [shift(asked, secondMs + 1)] },
    { name: 'it was asked since then', asked: [asked, shift(again, -secondMs)] },
    {
      name: 'it was asked as its clock said more, and less than the bound',
      asked: [asked, shift(asked, secondMs + 1)],
    },
  ])('$name: it has to look', ({ asked: before }) => {
    const at = shift(again, secondMs)
    expect(worth(ledger, at, 'revoked', { chaos, asked: before })).toEqual(bad)
  })

  test('it was started anew since then: it holds nothing from before', () => {
    const anew = [...chaos, { ...restart, atMs: dayMs + hourMs }]
    expect(worth(ledger, again, 'revoked', { chaos: anew, asked: [asked] })).toEqual(bad)
    const before = [...chaos, { ...restart, atMs: dayMs }]
    expect(worth(ledger, again, 'revoked', { chaos: before, asked: [asked] })).toEqual(either)
  })

  test('of several edges another may have been asked since then', () => {
    const between = { chaos, asked: [asked, shift(again, -secondMs)] }
    expect(worth(ledger, again, 'revoked', { ...between, count: 2 })).toEqual(either)
  })

  test('a clock that is set forward again, or was behind, is no other', () => {
    const behind = { ...jump, byMs: -2 * hourMs }
    const askedBefore = day(1, -secondMs)
    const early = ledgerWith((each) => {
      each.recordRevoked('0A', start, 'keyCompromise')
      each.recordPublished('issuing-1', day(1, -500), day(9))
    })
    const at = shift(askedBefore, 2 * hourMs)
    const longer = [{ ...noMeasures, ...behind, forMs: 4 * hourMs }]
    expect(worth(early, at, 'revoked', { chaos: longer, asked: [askedBefore] })).toEqual(either)
    const over = [{ ...noMeasures, ...behind }]
    expect(worth(early, at, 'revoked', { chaos: over, asked: [askedBefore] })).toEqual(bad)
  })

  test('its exposure is counted by the time that the edge can know', () => {
    const oracle = createOracle({ ledger, scenario: { ...scenario, chaos } })
    oracle.judge({ ...other, at: shift(asked, 29 * secondMs) }, acceptedAs('0B'))
    oracle.judge({ ...regular, at: shift(again, 31 * secondMs) }, accepted)
    expect(oracle.exposures()).toMatchObject([
      { lastAcceptedAt: shift(again, 31 * secondMs), exposureMs: secondMs },
    ])
  })
})

describe('a good request for a certificate, where the clock of the edge is wrong', () => {
  const asks: Attempt = { ...regular, at: day(2), intent: 'enrolment', serial: undefined }
  /** Its own first certificate has begun an hour before it asks. */
  const ledger = ledgerWith((each) => {
    const validity = { notBefore: day(2, -hourMs), notAfter: day(28), issuedAt: day(2, -hourMs) }
    each.recordIssued({ serial: '0F', issuer: 'issuing-1', device: 'car-0F', ...validity })
  })
  test.each([
    { name: 'five minutes behind its CA', byMs: -300_000, code: 'ca_refused', is: 'wrong' },
    { name: 'more than that', byMs: -300_001, code: 'ca_refused', is: 'either' },
    { name: 'ahead of it', byMs: hourMs, code: 'ca_refused', is: 'wrong' },
    { name: 'where what it renews begins', byMs: -hourMs, code: 'not_yet_valid', is: 'wrong' },
    { name: 'before that', byMs: -hourMs - 1, code: 'not_yet_valid', is: 'either' },
    { name: 'more than five minutes behind', byMs: -hourMs, code: 'untrusted', is: 'wrong' },
    {
      name: 'where the factory made the first one',
      byMs: -2 * dayMs,
      code: 'not_yet_valid',
      is: 'wrong',
      isFirst: true,
    },
    {
      name: 'before that',
      byMs: -2 * dayMs - 1,
      code: 'not_yet_valid',
      is: 'either',
      isFirst: true,
    },
  ])('$name, refused as $code: $is', ({ byMs, code, is, isFirst = false }) => {
    const jump = { fault: 'clock.jump', atMs: dayMs, forMs: 3 * dayMs, on: 'edge', byMs } as const
    const chaos = [{ ...noMeasures, ...jump }]
    const oracle = createOracle({ ledger, scenario: { ...scenario, chaos } })
    const attempt = isFirst ? asks : { ...asks, renews: '0F' }
    const { verdict } = oracle.judge(attempt, refused(code))
    expect(verdict).toBe(is === 'wrong' ? 'unexplained_refusal' : is)
  })
})

describe('a revocation that is published while the bucket is out of reach', () => {
  const publishedAt = day(1, hourMs)
  const ends = day(1, 2 * hourMs)
  const chaos: Scenario['chaos'] = [
    { ...noMeasures, fault: 'edge.partition', atMs: dayMs, forMs: 2 * hourMs },
  ]
  const ledger = ledgerWith((each) => {
    each.recordRevoked('0A', start, 'keyCompromise')
    each.recordPublished('issuing-1', publishedAt, day(9))
  })
  test.each([
    {
      name: 'past the bound that else would hold',
      at: shift(publishedAt, hourMs / 2),
      worth: either,
    },
    { name: 'to the bound after the end', at: shift(ends, maxStalenessMs), worth: either },
    { name: 'past that', at: shift(ends, maxStalenessMs + 1), worth: bad },
  ])('$name', ({ at, worth: expected }) => {
    expect(worth(ledger, at, 'revoked', { chaos })).toEqual(expected)
  })

  const [justBefore, longBefore] = [day(1, -1), day(1, -hourMs)]
  test.each([
    { name: 'and the bound was over', at: day(1, -maxStalenessMs - 2), asked: justBefore, is: bad },
    {
      name: 'and the bound was not over',
      at: day(1, -maxStalenessMs - 1),
      asked: justBefore,
      is: either,
    },
    { name: 'long before, and it was asked', at: longBefore, asked: justBefore, is: bad },
    { name: 'long before, and nobody asked it', at: longBefore, asked: longBefore, is: either },
  ])('that was published before it was out of reach, $name', ({ at, asked, is }) => {
    const early = ledgerWith((each) => {
      each.recordRevoked('0A', start, 'keyCompromise')
      each.recordPublished('issuing-1', at, day(9))
    })
    expect(worth(early, day(1, hourMs), 'revoked', { chaos, asked: [asked] })).toEqual(is)
  })

  test('before it is out of reach nobody needs to have asked for it', () => {
    const early = ledgerWith((each) => {
      each.recordRevoked('0A', start, 'keyCompromise')
      each.recordPublished('issuing-1', longBefore, day(9))
    })
    expect(worth(early, justBefore, 'revoked', { chaos })).toEqual(bad)
  })

  test('several edges have been asked when each had two turns', () => {
    const early = ledgerWith((each) => {
      each.recordRevoked('0A', start, 'keyCompromise')
      each.recordPublished('issuing-1', longBefore, day(9))
    })
    const asked = [4, 3, 2, 1].map((seconds) => day(1, -seconds * secondMs))
    const at = day(1, hourMs)
    expect(worth(early, at, 'revoked', { chaos, asked, count: 2 })).toEqual(bad)
    expect(worth(early, at, 'revoked', { chaos, asked: asked.slice(1), count: 2 })).toEqual(either)
  })
})

describe('an issuing CA whose certificate ends', () => {
  const ends = day(2)
  const again = day(4)
  const expiring = (ledger: Ledger): void => {
    ledger.recordAnchored('root', start)
    const first = { notAfter: ends, presentedFrom: start, storedFrom: undefined }
    ledger.recordAuthority({ issuer: 'issuing-1', root: 'root', ...first })
  }
  const reissued = ledgerWith((ledger) => {
    expiring(ledger)
    const second = { notAfter: day(900), presentedFrom: again, storedFrom: again }
    ledger.recordAuthority({ issuer: 'issuing-1', root: 'root', ...second })
  })

  test.each([
    { name: 'through its last second', at: ends, worth: good },
    { name: 'the instant after', at: shift(ends, 1), worth: bad },
    { name: 'just before the new one is there', at: shift(again, -1), worth: bad },
    { name: 'as it is there', at: again, worth: either },
    { name: 'past the bound', at: shift(again, maxStalenessMs), worth: good },
  ])('$name', ({ at, worth: expected }) => {
    expect(worth(reissued, at, 'expired')).toEqual(expected)
  })
})

describe('a root that is replaced', () => {
  const [resigned, removed] = [day(3), day(5)]
  function rollover(isResigned: boolean): Ledger {
    return ledgerWith((ledger) => {
      ledger.recordAnchored('root', start)
      ledger.recordAnchored('root-2', day(2))
      const first = { notAfter: day(900), presentedFrom: start, storedFrom: undefined }
      ledger.recordAuthority({ issuer: 'issuing-1', root: 'root', ...first })
      const second = { notAfter: day(900), presentedFrom: resigned, storedFrom: resigned }
      if (isResigned) ledger.recordAuthority({ issuer: 'issuing-1', root: 'root-2', ...second })
      ledger.recordUnanchored('root', removed)
    })
  }

  test('in order: nobody is refused at any instant', () => {
    for (const at of [day(1), resigned, shift(removed, -1), removed, day(6)]) {
      expect(worth(rollover(true), at, 'untrusted')).toEqual(good)
    }
  })

  test.each([
    { name: 'just before it goes', at: shift(removed, -1), worth: good },
    { name: 'as it goes', at: removed, worth: either },
    { name: 'to the end of the bound', at: shift(removed, maxStalenessMs - 1), worth: either },
    { name: 'past the bound', at: shift(removed, maxStalenessMs), worth: bad },
  ])('too early, before anything leads elsewhere: $name', ({ at, worth: expected }) => {
    expect(worth(rollover(false), at, 'untrusted')).toEqual(expected)
  })
})

test('four bounds: what each try leaned on is told apart, with its own longest exposure', () => {
  const publishedAt = day(1)
  const ledger = ledgerWith((each) => {
    each.recordRevoked('0A', start, 'keyCompromise')
    each.recordPublished('issuing-1', publishedAt, day(3))
  })
  const oracle = createOracle({ ledger, scenario })
  const tries: readonly (readonly [number, Partial<Attempt>, Observation])[] = [
    [1, { connection: 'fresh' }, accepted],
    [2, { connection: 'resumed' }, accepted],
    [3, { connection: 'held' }, accepted],
    [4, { connection: 'held', cookieSerial: '0A' }, accepted],
    [6, { connection: 'resumed' }, refused('revoked')],
  ]
  for (const [seconds, changes, observation] of tries) {
    oracle.judge(
      { ...regular, at: shift(publishedAt, seconds * secondMs), ...changes },
      observation,
    )
  }
  expect(oracle.exposures()[0]?.byMeans).toEqual({
    full: { tries: 1, exposureMs: 1000 },
    resumed: { tries: 2, exposureMs: 2000 },
    held: { tries: 1, exposureMs: 3000 },
    cookie: { tries: 1, exposureMs: 4000 },
  })
})
