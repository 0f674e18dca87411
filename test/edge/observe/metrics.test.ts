import { describe, expect, test } from 'vitest'
import { createMetrics } from '#edge/observe/metrics.ts'
import { expositionText } from '#shared/metrics-text.ts'
import { trustStoreFamilies } from '#edge/observe/metrics-trust-store.ts'
import { instantFromIso } from '#shared/time.ts'
import { buildTrustStore, defaultLimits } from '#shared/trust-store/trust-store.ts'
import type { Crl } from '#shared/revocation/crl.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import { answers } from '#shared/verdict/answers.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'

const at = instantFromIso('2026-06-15T12:00:00Z')
const by = { platform: 'alb', policy: 'strict' }

function refused(code: RejectionCode, signaturesSpent = 0): Decision {
  return {
    outcome: 'refused',
    rejection: { code },
    evidence: { at, epoch: 7, signaturesSpent },
  } as Decision
}

const subject = 'CN=car-0001'
const accepted: Decision = {
  outcome: 'accepted',
  identity: {
    serial: '2A',
    subject,
    issuer: 'CN=Root',
    spiffeId: 'spiffe://fleet.example/car-0001',
    notBefore: at,
    notAfter: at,
  },
  basis: { kind: 'session' },
  evidence: { at, epoch: 7, signaturesSpent: 3 },
}

/** One line of the format: a comment, or a sample (https://prometheus.io/docs/instrumenting/exposition_formats). */
const grammar =
  /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z]+="(?:[^"\\\n]|\\[\\"n])*")*\})? (?:[-+]?[0-9.e+]+|[+-]Inf|NaN))$/

function linesOf(page: string): readonly string[] {
  expect(page.endsWith('\n')).toBe(true)
  const lines = page.slice(0, -1).split('\n')
  for (const line of lines) expect(line).toMatch(grammar)
  return lines
}

describe('counters', () => {
  test('decisions by reason, platform and policy', async () => {
    const metrics = createMetrics()
    metrics.countDecision(refused('expired', 2), by)
    metrics.countDecision(refused('expired', 1), by)
    metrics.countDecision(refused('revoked'), by)
    metrics.countDecision(accepted, by)
    metrics.countForged(2, by)
    metrics.countForged(0, { ...by, policy: 'another' })
    metrics.countCut('revoked', by)
    metrics.countCut('revoked', by)
    metrics.countHandedOver(2)
    metrics.countHandedOver(3)
    metrics.countLost(3, 'no_room')
    metrics.countLost(0, 'too_long')
    expect(linesOf(await metrics.page([]).text())).toEqual([
      '# HELP sallyport_decisions_total Decisions on client certificates, by reason.',
      '# TYPE sallyport_decisions_total counter',
      'sallyport_decisions_total{outcome="refused",reason="expired",platform="alb",policy="strict"} 2',
      'sallyport_decisions_total{outcome="refused",reason="revoked",platform="alb",policy="strict"} 1',
      'sallyport_decisions_total{outcome="accepted",reason="session",platform="alb",policy="strict"} 1',
      '# HELP sallyport_signatures_verified_total Signatures verified for decisions.',
      '# TYPE sallyport_signatures_verified_total counter',
      'sallyport_signatures_verified_total{platform="alb",policy="strict"} 6',
      '# HELP sallyport_forged_headers_total Client-certificate headers taken from clients.',
      '# TYPE sallyport_forged_headers_total counter',
      'sallyport_forged_headers_total{platform="alb",policy="strict"} 2',
      '# HELP sallyport_sessions_cut_total Open sessions that were cut, by reason.',
      '# TYPE sallyport_sessions_cut_total counter',
      'sallyport_sessions_cut_total{reason="revoked",platform="alb",policy="strict"} 2',
      '# HELP sallyport_log_lines_handed_over_total Log lines that the store of log files has taken.',
      '# TYPE sallyport_log_lines_handed_over_total counter',
      'sallyport_log_lines_handed_over_total 5',
      '# HELP sallyport_log_lines_dropped_total Log lines that will be in no file, by reason.',
      '# TYPE sallyport_log_lines_dropped_total counter',
      'sallyport_log_lines_dropped_total{reason="no_room"} 3',
      'sallyport_log_lines_dropped_total{reason="too_long"} 0',
    ])
  })

  test('every reason is a series of its own, and no device is', async () => {
    const metrics = createMetrics()
    for (const code of Object.keys(answers) as RejectionCode[]) {
      metrics.countDecision(refused(code), by)
    }
    metrics.countDecision(accepted, by)
    const page = await metrics.page([]).text()
    expect(
      linesOf(page).filter((line) => line.startsWith('sallyport_decisions_total{')),
    ).toHaveLength(Object.keys(answers).length + 1)
    expect(page).not.toContain('car-0001')
    expect(page).not.toContain('Root')
  })

  test('registries know nothing of each other', async () => {
    createMetrics().countDecision(refused('expired'), by)
    expect(await createMetrics().page([]).text()).not.toContain('expired')
  })

  test('series are bounded, and what is beyond is counted together', async () => {
    const metrics = createMetrics()
    for (let index = 0; index < 600; index += 1) {
      metrics.countDecision(refused('expired'), { platform: 'alb', policy: `policy ${index}` })
    }
    const lines = linesOf(await metrics.page([]).text()).filter((line) =>
      line.startsWith('sallyport_decisions'),
    )
    expect(lines).toHaveLength(513)
    expect(lines.at(-1)).toBe(
      'sallyport_decisions_total{outcome="other",reason="other",platform="other",policy="other"} 88',
    )
  })

  test('labels that would break the line are escaped', async () => {
    const metrics = createMetrics()
    metrics.countForged(1, { platform: 'a"b\\c\nd', policy: '}' })
    expect(linesOf(await metrics.page([]).text())).toContain(
      String.raw`sallyport_forged_headers_total{platform="a\"b\\c\nd",policy="}"} 1`,
    )
  })
})

const values = [
  [1, '1'],
  [0.5, '0.5'],
  [1e21, '1e+21'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
  [Number.NaN, 'NaN'],
] as const

test.each(values)('the value %d is written %s', (value, text) => {
  const page = expositionText([
    { name: 'a', help: 'b\\\nc', type: 'gauge', samples: [{ labels: {}, value }] },
  ])
  expect(linesOf(page)).toEqual([String.raw`# HELP a b\\\nc`, '# TYPE a gauge', `a ${text}`])
})

const crl = (thisUpdate: string, nextUpdate: string): Crl =>
  ({
    issuer: new Uint8Array([0x30, 0]),
    thisUpdate: instantFromIso(thisUpdate),
    nextUpdate: instantFromIso(nextUpdate),
  }) as Crl

const figures = async (crls: readonly Crl[]): Promise<readonly string[]> => {
  const parts = { anchors: [], intermediates: [], crls, epoch: 7, limits: defaultLimits }
  const store = await buildTrustStore(parts)
  return linesOf(expositionText(trustStoreFamilies(store, 5000, at))).filter(
    (line) => !line.startsWith('#'),
  )
}

test('the page is Prometheus text of version 0.0.4, and of this moment', async () => {
  const families = [{ name: 'a', help: 'b', type: 'gauge', samples: [] }] as const
  const page = createMetrics().page(families)
  expect(page.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(page.headers.get('cache-control')).toBe('no-store')
  expect(linesOf(await page.text()).slice(-2)).toEqual(['# HELP a b', '# TYPE a gauge'])
})

describe('figures of the trust store', () => {
  test('are over all lists together', async () => {
    const crls = [
      crl('2026-06-15T00:00:00Z', '2026-06-16T00:00:00Z'),
      crl('2026-06-14T00:00:00Z', '2026-06-15T11:59:59Z'),
      crl('2026-06-15T11:00:00Z', '2026-06-15T12:00:00Z'),
    ]
    expect(await figures(crls)).toEqual([
      'sallyport_trust_store_epoch 7',
      'sallyport_trust_store_max_staleness_seconds 5',
      'sallyport_crls 3',
      'sallyport_crls_stale 1',
      `sallyport_crl_this_update_oldest_timestamp_seconds ${Date.UTC(2026, 5, 14) / 1000}`,
      `sallyport_crl_next_update_soonest_timestamp_seconds ${Date.UTC(2026, 5, 15, 11, 59, 59) / 1000}`,
    ])
  })

  test('say no date where there is no list', async () => {
    expect(await figures([])).toEqual([
      'sallyport_trust_store_epoch 7',
      'sallyport_trust_store_max_staleness_seconds 5',
      'sallyport_crls 0',
      'sallyport_crls_stale 0',
    ])
  })
})
