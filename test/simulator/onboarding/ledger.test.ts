import { expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import { instantFromIso } from '#shared/time.ts'
import { createLedger, type Ledger, type Received } from '#simulator/onboarding/ledger.ts'
import { hourMs } from '#simulator/onboarding/plan.ts'

const now = instantFromIso('2026-03-01T00:00:00Z')
const dayOn = { notBefore: now, notAfter: shift(now, 24 * hourMs) }
const received: Received = {
  device: 'dev-1',
  operation: 'simpleenroll',
  requestSha256: 'request-1',
  keySha256: 'key-1',
  certificateSha256: 'certificate-1',
  at: now,
}

/** Two certificates of one key that the CA signed for two requests. */
function signedTwice(ledger: Ledger): void {
  ledger.signed('certificate-1', { requestSha256: 'request-1', keySha256: 'key-1', ...dayOn })
  ledger.signed('certificate-2', { requestSha256: 'request-2', keySha256: 'key-1', ...dayOn })
  ledger.handedOut(received)
}

const second = { ...received, certificateSha256: 'certificate-2', requestSha256: 'request-2' }

const cases: readonly [name: string, rules: readonly string[], next: Received][] = [
  ['the same again', [], received],
  ['the same for another request of its key', [], { ...received, requestSha256: 'request-2' }],
  ['a renewal of the key', [], { ...second, operation: 'simplereenroll' }],
  [
    'enrolled again in the last moment',
    ['one_live_certificate_per_key'],
    { ...second, at: shift(dayOn.notAfter, -1) },
  ],
  ['enrolled again once it has ended', [], { ...second, at: dayOn.notAfter }],
  [
    'two certificates of one request',
    ['one_request_one_certificate'],
    { ...second, requestSha256: 'request-1', operation: 'simplereenroll' },
  ],
  ['a certificate of nobody', ['certificate_of_the_ca'], { ...received, certificateSha256: 'x' }],
  ['a certificate of another key', ['certificate_of_the_key'], { ...received, keySha256: 'key-2' }],
]

test.each(cases)('after a first certificate %s breaks %j', (_name, rules, next) => {
  const ledger = createLedger({ isOutageSafe: true })
  signedTwice(ledger)
  ledger.handedOut(next)
  expect(Object.keys(ledger.close().violations)).toEqual(rules)
})

const services: readonly [name: string, lost: number, renewedAfterMs: number, dueMs: number][] = [
  ['renewed as it ends', 0, 24 * hourMs, 48 * hourMs],
  ['renewed a moment later', 1, 24 * hourMs + 1, 48 * hourMs],
  ['ends before service does', 1, hourMs, 49 * hourMs],
]

test.each(services)('service: %s: lost by %i', (_name, lost, renewedAfterMs, dueMs) => {
  for (const isOutageSafe of [true, false]) {
    const ledger = createLedger({ isOutageSafe })
    ledger.serves('dev-1', now, shift(now, 24 * hourMs))
    ledger.expectService('dev-1', shift(now, dueMs))
    ledger.serves('dev-1', shift(now, renewedAfterMs), shift(now, 48 * hourMs))
    const { lostService, violations } = ledger.close()
    expect(lostService).toBe(lost)
    expect(violations).toEqual(lost > 0 && isOutageSafe ? { service_without_gap: lost } : {})
  }
})

test('a device whose owner wiped it is owed nothing', () => {
  const ledger = createLedger({ isOutageSafe: true })
  ledger.serves('dev-1', now, shift(now, hourMs))
  ledger.expectService('dev-1', shift(now, 2 * hourMs))
  ledger.excuse('dev-1')
  expect(ledger.close()).toMatchObject({ lostService: 0, violations: {} })
})
