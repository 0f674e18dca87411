import { beforeAll, describe, expect, test } from 'vitest'
import type { Finding } from '#edge/trust-stores/findings/finding.ts'
import { findingsOf, type Inspected } from '#edge/trust-stores/findings/findings.ts'
import { readCertificates } from '#edge/trust-stores/gate.ts'
import {
  defaultStoreLimits,
  type ListEntry,
  type StoreDocument,
} from '#edge/trust-stores/managed/document.ts'
import type { AuditEntry } from '#edge/trust-stores/managed/audit-entry.ts'
import type { Source } from '#edge/trust-stores/sources/source.ts'
import { toBase64, toUtf8 } from '#shared/bytes.ts'
import { shift, type Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { dayMs } from '../../../runtime/given.ts'
import { createPki, start } from '../../stage.ts'

const hourMs = 3_600_000
let anchor: Certificate
let intermediate: Certificate

beforeAll(async () => {
  const { authority } = await createPki()
  anchor = firstOf(authority.anchorsPem)
  intermediate = firstOf(authority.intermediatesPem)
})

function firstOf(pem: string): Certificate {
  const read = readCertificates(toUtf8(pem))
  const [first] = read.ok ? read.value : []
  if (first === undefined) throw new Error('expected a certificate')
  return first
}

/** The same certificate but for these facts. */
function having(certificate: Certificate, facts: Partial<Certificate>): Certificate {
  // A parsed certificate reads its fields when they are asked for: copying it would lose them.
  return new Proxy(certificate, {
    get: (target, name): unknown => Reflect.get(name in facts ? facts : target, name),
  })
}

function listOf(issuer: Certificate, list: Partial<ListEntry> = {}): ListEntry {
  return {
    id: 1,
    file: 'f'.repeat(64),
    octets: 500,
    source: 'upload',
    issuer: toBase64(issuer.subject),
    kind: 'complete',
    scope: undefined,
    number: '7',
    thisUpdate: start,
    nextUpdate: shift(start, 100 * hourMs),
    entries: 3,
    addedAt: start,
    supersededBy: undefined,
    ...list,
  }
}

function documentOf(lists: readonly ListEntry[], rest: Partial<StoreDocument> = {}): StoreDocument {
  const bundle = { file: 'b'.repeat(64), certificates: 1, subjectOctets: 60 }
  return { form: 1, bundle, intermediates: bundle, lists, revoked: [], ...rest }
}

/** All is well, but for what is said. */
function look(given: Partial<Inspected> = {}, now: Instant = start): readonly Finding[] {
  const lists = [listOf(anchor), listOf(intermediate, { id: 2 })]
  const inspected = {
    document: documentOf(lists),
    limits: defaultStoreLimits,
    anchors: [anchor],
    intermediates: [intermediate],
    sources: [],
    audit: [],
    deltaBases: new Map<number, bigint>(),
    anchorUse: [],
    unusedAfterMs: 30 * dayMs,
    ...given,
  }
  return findingsOf(inspected, now)
}

const briefly = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ severity, code }) => `${severity} ${code}`)

test('nothing is found where all is well', () => {
  expect(look()).toEqual([])
})

describe('the life of a list of 100 hours', () => {
  test.each([
    [49, []],
    [50, ['notice list_near_expiry']],
    [79, ['notice list_near_expiry']],
    [80, ['warning list_near_expiry']],
    [94, ['warning list_near_expiry']],
    [95, ['severe list_near_expiry']],
    [99, ['severe list_near_expiry']],
    [100, ['severe list_expired']],
    [1000, ['severe list_expired']],
  ] as const)('after %d hours: %j', (hours, expected) => {
    const renewed = { id: 2, nextUpdate: shift(start, 1e6 * hourMs) }
    const document = documentOf([listOf(anchor), listOf(intermediate, renewed)])
    const ca = having(anchor, {
      validity: { ...anchor.validity, notAfter: shift(start, 10_000 * dayMs) },
    })
    const found = look({ document, anchors: [ca], intermediates: [] }, shift(start, hours * hourMs))
    expect(briefly(found)).toEqual(expected)
  })

  test('it is told by issuer, with its end and what to do', () => {
    const [finding] = look({}, shift(start, 96 * hourMs))
    expect(finding).toMatchObject({
      at: shift(start, 100 * hourMs),
      because: expect.stringContaining('it is good until 2027-01-05T04:00:00Z'),
      advice: expect.stringContaining('CRL_STALE'),
    })
    expect(finding?.subject).toMatch(/^complete list of O=Sallyport Fleet,CN=/)
  })

  test('a list that another has taken the place of is not looked at', () => {
    const old = listOf(anchor, { id: 3, nextUpdate: start, supersededBy: 1 })
    const document = documentOf([listOf(anchor), listOf(intermediate, { id: 2 }), old])
    expect(look({ document })).toEqual([])
  })
})

test('an issuer without a list is named; one with a delta alone too; one that has ended is not', () => {
  const delta = listOf(anchor, { kind: 'delta' })
  const document = documentOf([delta])
  expect(briefly(look({ document }))).toEqual(['warning list_missing', 'warning list_missing'])
  const ended = having(intermediate, {
    validity: { notBefore: start, notAfter: shift(start, -1) },
  })
  const findings = look({ document: documentOf([listOf(anchor)]), intermediates: [ended] })
  expect(briefly(findings)).toEqual(['severe ca_expired'])
})

test.each([
  [5 * 60_000, []],
  [5 * 60_000 + 1, ['warning list_from_the_future']],
] as const)('a list of %d ms from now: %j', (aheadMs, expected) => {
  const list = { thisUpdate: shift(start, aheadMs) }
  const document = documentOf([listOf(anchor, list), listOf(intermediate, { id: 2 })])
  expect(briefly(look({ document }))).toEqual(expected)
})

test.each([
  ['6', 7n, ['warning delta_without_base']],
  ['7', 7n, []],
  ['8', 7n, []],
  [undefined, 7n, ['warning delta_without_base']],
] as const)('a complete list number %s under a delta from %d: %j', (number, base, expected) => {
  const delta = listOf(anchor, { id: 3, kind: 'delta', number: '9' })
  const document = documentOf([listOf(anchor, { number }), listOf(intermediate, { id: 2 }), delta])
  expect(briefly(look({ document, deltaBases: new Map([[3, base]]) }))).toEqual(expected)
})

test('a delta of another scope than every complete list has no base', () => {
  const delta = listOf(anchor, { id: 3, kind: 'delta', scope: 'MAA=' })
  const document = documentOf([listOf(anchor), listOf(intermediate, { id: 2 }), delta])
  const found = look({ document, deltaBases: new Map([[3, 7n]]) })
  expect(found.map(({ because }) => because).join()).toContain('none is in force')
})

/** What is found of CAs that end. */
const endings = (given: Partial<Inspected>): readonly string[] =>
  briefly(look(given)).filter((each) => each.includes('ca_'))

describe('a CA comes to its end', () => {
  test.each([
    [91, undefined, undefined],
    [90, 'notice ca_near_expiry', 'notice ca_near_expiry'],
    [30, 'warning ca_near_expiry', 'warning ca_near_expiry'],
    [7, 'severe ca_near_expiry', 'severe ca_near_expiry'],
    [0, 'severe ca_near_expiry', 'severe ca_near_expiry'],
    [-1, 'severe ca_expired', 'warning ca_expired'],
  ])('%d days before: an intermediate %s, an anchor %s', (days, ofIntermediate, ofAnchor) => {
    const validity = { notBefore: start, notAfter: shift(start, days * dayMs) }
    expect(endings({ intermediates: [having(intermediate, { validity })] })[0]).toBe(ofIntermediate)
    expect(endings({ anchors: [having(anchor, { validity })] })[0]).toBe(ofAnchor)
  })
})

test('an intermediate from which no path leads to an anchor is named, and a loop ends', () => {
  const lost = having(intermediate, { issuer: intermediate.subject })
  expect(briefly(look({ intermediates: [lost] }))).toEqual(['warning intermediate_without_path'])
  const other = having(intermediate, {
    extensions: { ...intermediate.extensions, authorityKeyIdentifier: new Uint8Array([1]) },
  })
  expect(briefly(look({ intermediates: [other] }))).toEqual(['warning intermediate_without_path'])
})

test.each([
  [79, []],
  [80, ['warning near_limit']],
  [99, ['warning near_limit']],
  [100, ['severe near_limit']],
] as const)('%d of 100 entries: %j', (entries, expected) => {
  const document = documentOf([listOf(anchor, { entries }), listOf(intermediate, { entries: 0 })])
  expect(briefly(look({ document, limits: { ...defaultStoreLimits, entriesMax: 100 } }))).toEqual(
    expected,
  )
})

const refused = (code: 'shrunk' | 'number_not_advanced'): Source['lastOutcome'] => ({
  kind: 'refused',
  at: start,
  epoch: 3,
  refusal: { code, because: 'so it is' },
})

const asked = (by: string, outcome: AuditEntry['outcome']): AuditEntry => ({
  id: 1,
  at: start,
  by,
  change: { kind: 'add_lists', lists: [] },
  outcome,
})

describe('sources and updates', () => {
  const source: Source = {
    id: 4,
    kind: 'url',
    location: 'https://crl.example.com/a.crl?sig=s3cret',
    everyMs: hourMs,
    allowedHosts: [],
    addedBy: 'alice',
    addedAt: start,
    etag: undefined,
    lastModified: undefined,
    nextAt: start,
    failures: 0,
    file: undefined,
    aheadMs: undefined,
    lastOutcome: undefined,
    lastFailure: undefined,
  }

  test.each([
    ['fails twice', { failures: 2, lastFailure: { at: start, because: 'it answers 404' } }, []],
    [
      'fails three times',
      { failures: 3, lastFailure: { at: start, because: 'it answers 404' } },
      ['warning source_failing'],
    ],
    ['has a clock five minutes ahead', { aheadMs: 300_000 }, []],
    ['has a clock more than that ahead', { aheadMs: 300_001 }, ['warning clock_skew']],
    ['has a clock more than that behind', { aheadMs: -300_001 }, ['warning clock_skew']],
    ['brought a list that shrank', { lastOutcome: refused('shrunk') }, ['warning update_refused']],
    [
      'brought an older list',
      { lastOutcome: refused('number_not_advanced') },
      ['warning list_number_went_back'],
    ],
  ] as const)('a source %s', (_name, given, expected) => {
    const found = look({ sources: [{ ...source, ...given }] })
    expect(briefly(found)).toEqual(expected)
    expect(JSON.stringify(found)).not.toContain('s3cret')
  })

  const no = { kind: 'refused', refusal: { code: 'malformed_crl', because: 'byte 0' } } as const
  const yes = { kind: 'made', epoch: 5, document: 'd' } as const

  test.each([
    ['refused by hand', [asked('alice', no)], ['warning update_refused']],
    ['refused, and a later one taken', [asked('alice', yes), asked('alice', no)], []],
    [
      'refused, and one of somebody else taken',
      [asked('bob', yes), asked('alice', no)],
      ['warning update_refused'],
    ],
    ['of a source, which tells itself', [asked('source:4', no)], []],
  ])('an update %s', (_name, audit, expected) => {
    expect(briefly(look({ audit }))).toEqual(expected)
  })
})

test('the most severe comes first, and of one severity what breaks first', () => {
  const document = documentOf([
    listOf(anchor, {
      nextUpdate: shift(start, 2 * hourMs),
      thisUpdate: shift(start, -98 * hourMs),
    }),
    listOf(intermediate, { id: 2, nextUpdate: start, thisUpdate: shift(start, -1) }),
  ])
  const sources: readonly Source[] = []
  const found = look({ document, sources, limits: { ...defaultStoreLimits, entriesMax: 7 } })
  expect(briefly(found)).toEqual([
    'severe list_expired',
    'severe list_near_expiry',
    'warning near_limit',
  ])
})

const ago = (days: number, ms = 0): Instant => shift(start, ms - days * dayMs)

describe('an anchor that nobody comes in by', () => {
  test.each([
    { name: 'used lately', use: { since: ago(99), usedAt: ago(1) }, found: [] },
    { name: 'the last moment', use: { since: ago(99), usedAt: ago(30, 1) }, found: [] },
    { name: 'used thirty days ago', use: { since: ago(99), usedAt: ago(30) }, found: ['unused'] },
    { name: 'new and never used', use: { since: ago(30, 1), usedAt: undefined }, found: [] },
    { name: 'never used', use: { since: ago(30), usedAt: undefined }, found: ['unused'] },
  ])('$name: $found', ({ use, found }) => {
    const other = having(anchor, { subject: intermediate.subject })
    const anchorUse = [
      { id: '', ...use },
      { id: '', since: ago(99), usedAt: ago(1) },
    ]
    const seen = look({ anchors: [anchor, other], anchorUse })
    const expected = found.map(() => 'notice anchor_unused')
    expect(briefly(seen.filter(({ code }) => code === 'anchor_unused'))).toEqual(expected)
  })

  test('where no edge has told of any anchor in that time nothing is known', () => {
    const use = [undefined, ago(31)].map((usedAt) => ({ id: '', since: ago(99), usedAt }))
    const found = look({ anchors: [anchor, anchor], anchorUse: use })
    expect(found.filter(({ code }) => code === 'anchor_unused')).toEqual([])
  })

  test('it is told by name, since when, and with what to do', () => {
    const anchorUse = [ago(40), ago(1)].map((usedAt) => ({ id: '', since: ago(99), usedAt }))
    const found = look({ anchors: [anchor, anchor], anchorUse })
    expect(found.find(({ code }) => code === 'anchor_unused')).toMatchObject({
      at: ago(10),
      because: expect.stringContaining('since 2026-11-2') as string,
      advice: expect.stringContaining('ANCHOR_UNUSED_AFTER') as string,
    })
  })
})
