import { describe, expect, test } from 'vitest'
import { createControlApp } from '#edge/control/app.ts'
import { askEdgeOf } from '#edge/control/console/edge-metrics.ts'
import { readSamples } from '#edge/control/console/exposition.ts'
import { issuerStates, listState, worstOf } from '#edge/control/console/freshness.ts'
import { namedByNumber, namedByPem } from '#edge/control/console/named-certificates.ts'
import {
  changeSentence,
  outcomeSentence,
  rollBackSentences,
  sourceSentences,
} from '#edge/control/console/sentences.ts'
import {
  listTitle,
  listWords,
  shareWords,
  spanWords,
  whenWords,
} from '#edge/control/console/words.ts'
import { createMetrics } from '#edge/observe/metrics.ts'
import type { ListEntry, StoreDocument } from '#edge/trust-stores/managed/document.ts'
import { fromBase64, toBase64 } from '#shared/bytes.ts'
import { instantFromMs as at } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createPki } from '../stage.ts'
import { apiToken, memoryPlane } from './plane.ts'

const token = 'r'.repeat(40)

/** CN=a and CN=b. */
const [nameA, nameB] = ['MAwxCjAIBgNVBAMMAWE=', 'MAwxCjAIBgNVBAMMAWI='] as const

const list = (fields: Partial<ListEntry> = {}): ListEntry => ({
  id: 1,
  file: 'f'.repeat(64),
  octets: 300,
  source: 'upload',
  issuer: nameA,
  kind: 'complete',
  scope: undefined,
  number: '7',
  thisUpdate: at(1000),
  nextUpdate: at(2000),
  entries: 3,
  addedAt: at(1000),
  supersededBy: undefined,
  ...fields,
})

const document = (fields: Partial<StoreDocument> = {}): StoreDocument => ({
  form: 1,
  bundle: { file: 'b'.repeat(64), certificates: 2, subjectOctets: 100 },
  intermediates: undefined,
  lists: [],
  revoked: [],
  ...fields,
})

describe('how fresh a list is', () => {
  test.each([
    { now: 999, standing: 'future', gone: 0 },
    { now: 1000, standing: 'fresh', gone: 0 },
    { now: 1799, standing: 'fresh', gone: 0.799 },
    { now: 1800, standing: 'ending', gone: 0.8 },
    { now: 2000, standing: 'ending', gone: 1 },
    { now: 2001, standing: 'stale', gone: 1 },
  ])('at $now of 1000 to 2000: $standing', ({ now, standing, gone }) => {
    expect(listState(list(), at(now))).toMatchObject({ standing, gone })
  })

  test('a list without any life is not divided by', () => {
    const empty = list({ nextUpdate: at(1000) })
    expect(listState(empty, at(1000))).toMatchObject({ gone: 0, standing: 'ending' })
    expect(listState(empty, at(1001)).standing).toBe('stale')
  })

  test('the worst is told', () => {
    expect(worstOf([])).toBe('none')
    expect(worstOf(['fresh', 'ending', 'fresh'])).toBe('ending')
    expect(worstOf(['none', 'stale', 'future'])).toBe('stale')
  })
})

test('issuers: of certificates and of lists, the urgent first; superseded lists count no more', async () => {
  const { authority } = await createPki()
  const root = namedByPem(authority.anchorsPem)
  if (!root.ok || root.value[0] === undefined) throw new Error('the root cannot be read')
  const lists = [
    list({ id: 1, issuer: nameA, supersededBy: 2, nextUpdate: at(1001) }),
    list({ id: 2, issuer: nameA }),
    list({ id: 3, issuer: nameB, nextUpdate: at(1400) }),
  ]
  const [der] = [...authority.anchorsPem.matchAll(/-----\s([^-]+)-----END/g)].map(([, body = '']) =>
    fromBase64(body.replaceAll(/\s/g, '')),
  )
  const anchor = parseCertificate(der ?? new Uint8Array())
  if (!anchor.ok) throw new Error('the root cannot be parsed')
  const states = issuerStates({ lists }, [anchor.value], at(1500))
  expect(states.map(({ name, standing, lists: its }) => [name, standing, its.length])).toEqual([
    ['CN=b', 'stale', 1],
    [expect.stringContaining('root'), 'none', 0],
    ['CN=a', 'fresh', 1],
  ])
  expect(states[1]?.caEndsAt).toBe(anchor.value.validity.notAfter)
  expect(states[0]?.caEndsAt).toBeUndefined()
  expect(states[1]?.issuer).toBe(toBase64(anchor.value.subject))
})

describe('words', () => {
  test.each([
    [0, '0 seconds'],
    [1999, '1 second'],
    [119_999, '119 seconds'],
    [120_000, '2 minutes'],
    [47 * 3_600_000, '47 hours'],
    [48 * 3_600_000, '2 days'],
    [800 * 86_400_000, '2 years'],
  ])('%d ms: %s', (ms, words) => expect(spanWords(ms)).toBe(words))

  test('an instant by now', () => {
    expect(whenWords(at(5000), at(5999))).toBe('now')
    expect(whenWords(at(8000), at(5000))).toBe('in 3 seconds')
    expect(whenWords(at(2000), at(5000))).toBe('3 seconds ago')
  })

  test.each([
    [0, 10, '0.0 %'],
    [3, 12_061, '< 0.1 %'],
    [17, 12_061, '0.1 %'],
    [1, 1, '100.0 %'],
    [0, 0, '0.0 %'],
  ])('%d of %d: %s', (some, all, words) => expect(shareWords(some, all)).toBe(words))

  test('a list by its kind, number and entries', () => {
    expect(listTitle(list({ entries: 1 }))).toBe('List 1, CRL number 7, 1 entry')
    expect(listTitle(list({ kind: 'delta', number: '1'.repeat(49), scope: 'MAA=' }))).toBe(
      'Delta list 1, CRL number …111111111111, 3 entries, of a part of its certificates',
    )
    expect(listWords(listState(list(), at(2001)), at(5001))).toContain('3 seconds ago')
  })
})

const serials = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    issuer: nameA,
    serial: `0${index}`,
    reason: 'x',
  }))

describe('sentences of the audit log', () => {
  const file = 'c'.repeat(64)

  test.each([
    [{ kind: 'replace_bundle', file }, 'CA bundle replaced by cccccccccc…'],
    [{ kind: 'replace_intermediates', file: undefined }, 'Intermediates removed'],
    [
      { kind: 'add_lists', lists: [{ file, source: 'upload', shrink: 'accept' }], removing: [4] },
      '1 revocation list added from upload, with the word that entries may be lost, 4 removed',
    ],
    [{ kind: 'remove_lists', ids: [1, 2] }, 'Lists 1, 2 removed'],
    [{ kind: 'revoke_serials', serials: serials(7) }, 'Revoked 00, 01, 02, 03, 04 and 2 more'],
    [{ kind: 'restore_serials', serials: serials(1) }, 'Restored 00'],
    [{ kind: 'roll_back', epoch: 3 }, 'Rolled back to epoch 3'],
    [{ kind: 'delete' }, 'Trust store deleted'],
  ] as const)('%j: %s', (change, sentence) => expect(changeSentence(change)).toBe(sentence))

  test('a refusal names its code, its reason and the file that is kept', () => {
    const refusal = { code: 'shrunk', because: 'it has shrunk', file } as const
    expect(outcomeSentence({ outcome: { kind: 'refused', refusal } })).toBe(
      'Refused, shrunk: it has shrunk (file cccccccccc…, kept)',
    )
  })
})

describe('sources', () => {
  const asked = { failures: 0, nextAt: at(65_000), everyMs: 3_600_000 } as const
  const next = 'Asked every 60 minutes, next in 60 seconds'
  const never = { lastOutcome: undefined, lastFailure: undefined }
  const refusal = { code: 'shrunk', because: 'it has shrunk' } as const

  test.each([
    ['never asked', never, [next]],
    [
      'taken',
      { ...never, lastOutcome: { kind: 'taken', at: at(2000), epoch: 4 } },
      ['Taken 3 seconds ago, in force by epoch 4', next],
    ],
    [
      'refused, and away since',
      {
        failures: 2,
        lastOutcome: { kind: 'refused', at: at(2000), epoch: 4, refusal },
        lastFailure: { at: at(4000), because: 'the status 503' },
      },
      [
        'Not fetched 1 second ago, 2 times in a row: the status 503',
        'Refused 3 seconds ago, shrunk: it has shrunk',
        next,
      ],
    ],
  ] as const)('%s', (_name, source, words) => {
    const sentences = sourceSentences({ ...asked, ...source }, at(5000))
    expect(sentences.map((each) => each.words)).toEqual(words)
    expect(sentences.filter(({ isFault }) => isFault)).toHaveLength(source.lastFailure ? 2 : 0)
  })

  test('one that is due is not asked in the past', () => {
    const due = { ...asked, ...never, nextAt: at(1000) }
    expect(sourceSentences(due, at(5000)).at(-1)?.words).toContain('next due now')
  })
})

describe('what a roll-back would do', () => {
  const word = { issuer: nameA, serial: '0A', since: at(1), reason: 'x' }

  test('nothing', () => {
    expect(rollBackSentences(document(), document())).toEqual([
      'Nothing changes: that epoch says what is in force now.',
    ])
  })

  test('certificates, lists and bundles, each way', () => {
    const now = document({ revoked: [word], lists: [list()] })
    const then = document({
      revoked: [{ ...word, issuer: nameB }],
      lists: [
        list({ file: 'e'.repeat(64), supersededBy: 9 }),
        list({ id: 2, file: 'a'.repeat(64) }),
      ],
      bundle: { file: 'x', certificates: 1, subjectOctets: 1 },
      intermediates: { file: 'y', certificates: 3, subjectOctets: 1 },
    })
    expect(rollBackSentences(now, then)).toEqual([
      '1 certificate revoked by word will be let in again, unless a list names them: 0A.',
      '1 certificate will be revoked by word again: 0A.',
      'List 1 of CN=a, number 7 (3 entries) will no longer be in force: what it alone revokes is let in again.',
      'List 2 of CN=a, number 7 (3 entries) will be in force again.',
      'The CA bundle will be the earlier one: 1 certificate for 2 certificates.',
      'The intermediates will be the earlier ones: 3 certificates for none.',
    ])
  })
})

test('a roll-back to before the first list of an issuer clears nobody', () => {
  expect(rollBackSentences(document({ lists: [list()] }), document())).toEqual([
    expect.stringContaining('with no list of its issuer, devices are refused'),
  ])
})

describe('a certificate as an operator names it', () => {
  test('pasted: its issuer, its serial, its subject', async () => {
    const { leafDer } = await (await createPki()).issue('car-1')
    const leaf = parseCertificate(leafDer)
    const named = namedByPem(`note\n${encodePem('CERTIFICATE', leafDer)}`)
    expect(named).toMatchObject({
      ok: true,
      value: [
        { issuer: leaf.ok && toBase64(leaf.value.issuer), subject: expect.stringContaining('CN=') },
      ],
    })
  })

  test.each([
    ['no PEM', 'nothing', /^line 1: expected/],
    ['a broken block', '-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n', /^line/],
    [
      'no certificate in it',
      encodePem('CERTIFICATE', new Uint8Array([5, 0])),
      /^certificate 1, byte/,
    ],
  ])('%s is told with its place', (_name, pem, sentence) => {
    expect(namedByPem(pem)).toMatchObject({ ok: false, error: expect.stringMatching(sentence) })
  })

  test('a CA in a pasted chain is told from the device', async () => {
    const pki = await createPki()
    const { leafDer } = await pki.issue('car-1')
    const chain = namedByPem(`${encodePem('CERTIFICATE', leafDer)}${pki.authority.anchorsPem}`)
    expect(chain.ok && chain.value.map(({ isCa }) => isCa)).toEqual([false, true])
  })

  test('by number', () => {
    expect(namedByNumber(nameA, ' 00:0a:FF ')).toMatchObject({
      ok: true,
      value: [{ serial: '0AFF' }],
    })
    expect(namedByNumber('', '0A')).toMatchObject({ ok: false, error: /issuer/ })
    expect(namedByNumber(nameA, '0AF')).toEqual({
      ok: false,
      error: 'the serial: expected whole hexadecimal bytes',
    })
  })
})

const served = async (path: string, init?: RequestInit): Promise<Response> =>
  createControlApp(memoryPlane(), [await apiToken('rita', token, ['read'])]).request(path, init)

describe('what is served', () => {
  test.each([
    ['/', 'text/html'],
    ['/console.css', 'text/css'],
    ['/console.js', 'text/javascript'],
  ])('GET %s without a token, under a policy that lets nothing else in', async (path, type) => {
    const response = await served(path)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await response.text()).length).toBeGreaterThan(500)
  })

  test('the page has no script or style of its own between its tags', async () => {
    const page = await (await served('/')).text()
    expect(page).not.toMatch(/<style|<script(?![^>]*src=)|\son\w+=|style=/)
  })

  test('nothing of a store is told without a token', async () => {
    expect((await served('/api/v1/edge-metrics')).status).toBe(401)
  })

  test('without an address of an edge worker that is said', async () => {
    const headers = { authorization: `Bearer ${token}` }
    expect(await (await served('/api/v1/edge-metrics', { headers })).json()).toEqual({
      kind: 'off',
    })
  })
})

const gauge = (name: string, value: number) =>
  ({
    name: `sallyport_${name}`,
    help: '',
    type: 'gauge',
    samples: [{ labels: {}, value }],
  }) as const

describe('the metrics page of an edge worker', () => {
  const EDGE_METRICS_URL = 'https://edge.example/-/metrics'
  const EDGE_METRICS_TOKEN = 'm'.repeat(32)

  const asked = async (answer: (request: Request) => Response | Promise<Response>) =>
    askEdgeOf({
      EDGE_METRICS_URL,
      EDGE_METRICS_TOKEN,
      EDGE: { fetch: async (request) => answer(request) },
    })?.()

  test('as it is written by one: decisions by reason, over platforms, the most frequent first', async () => {
    const metrics = createMetrics()
    const evidence = { signaturesSpent: 0 } as never
    const refused = { outcome: 'refused', rejection: { code: 'revoked' }, evidence } as never
    for (const platform of ['cloudflare', 'alb', 'a"\\\n']) {
      metrics.countDecision(refused, { platform, policy: 'verify' })
    }
    const families = [
      gauge('trust_store_max_staleness_seconds', 5),
      gauge('trust_store_head_age_max_seconds', 4.5),
    ]
    const figures = await asked((request) => {
      expect(request.headers.get('authorization')).toBe(`Bearer ${EDGE_METRICS_TOKEN}`)
      expect(request.redirect).toBe('manual')
      return metrics.page(families)
    })
    expect(figures).toEqual({
      ok: true,
      value: {
        decisions: [{ outcome: 'refused', reason: 'revoked', count: 3 }],
        maxStalenessSeconds: 5,
        headAgeMaxSeconds: 4.5,
        adoptionMaxSeconds: undefined,
      },
    })
  })

  test.each([
    ['a wrong token', () => new Response('no', { status: 403 }), /status 403/],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: '/' } }),
      /status 302/,
    ],
    ['another page', () => new Response('<html>\n</html>'), /no metrics page/],
    [
      'a page without an end',
      () => new Response('a 1\n'.repeat(300_000)),
      /more than 1048576 octets/,
    ],
    ['no answer', () => Promise.reject(new Error('refused')), /did not answer/],
  ])('%s is told', async (_name, answer, because) => {
    expect(await asked(answer)).toMatchObject({ ok: false, error: expect.stringMatching(because) })
  })

  test('samples with labels, escapes and none', () => {
    const page = '# HELP a b\n# TYPE a counter\na{b="c",d="e\\"\\\\\\n"} 2\nb +Inf\n'
    expect(readSamples(page)?.map(({ name, labels }) => [name, ...labels.values()])).toEqual([
      ['a', 'c', 'e"\\\n'],
      ['b'],
    ])
  })

  test.each([
    ['half of it', { EDGE_METRICS_URL }, 'EDGE_METRICS_TOKEN'],
    ['the other half', { EDGE_METRICS_TOKEN }, 'EDGE_METRICS_URL'],
    [
      'plain http',
      { EDGE_METRICS_URL: 'http://edge.example/', EDGE_METRICS_TOKEN },
      'EDGE_METRICS_URL',
    ],
    ['no address', { EDGE_METRICS_URL: 'edge', EDGE_METRICS_TOKEN }, 'EDGE_METRICS_URL'],
  ])('%s names the variable, and no secret', (_name, env, variable) => {
    expect(() => askEdgeOf(env)).toThrow(variable)
    expect(() => askEdgeOf(env)).not.toThrow(EDGE_METRICS_TOKEN)
  })

  test('nothing is asked where nothing is said', () => expect(askEdgeOf({})).toBeUndefined())
})
