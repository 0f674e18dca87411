import { describe, expect, test } from 'vitest'
import { answers } from '#shared/verdict/answers.ts'
import { moreTelling, type Rejection } from '#shared/verdict/rejection.ts'
import { name, noon } from '../pki.ts'

const untrusted: Rejection = { code: 'untrusted', at: 0, issuer: name('Root') }
const forged: Rejection = {
  code: 'signature_invalid',
  at: 1,
  algorithm: name('stands for one'),
  issuer: name('Root'),
}
const revoked: Rejection = { code: 'revoked', at: 0, serial: '2A', since: noon }
const ended: Rejection = { code: 'expired', at: 0, now: noon, notAfter: noon }
const spent: Rejection = { code: 'budget_exhausted', budget: 'paths' }
const early: Rejection = { code: 'not_yet_valid', at: 1, now: noon, notBefore: noon }

describe('of two reasons the one that came further', () => {
  test.each([
    { name: 'the first one there is', a: undefined, b: untrusted, told: untrusted },
    { name: 'the higher', a: untrusted, b: forged, told: forged },
    { name: 'the higher, in the other order', a: forged, b: untrusted, told: forged },
    { name: 'revoked tells more than ended', a: ended, b: revoked, told: revoked },
    { name: 'what ends a search, of all there is', a: revoked, b: spent, told: spent },
    { name: 'of equals the first', a: ended, b: early, told: ended },
    { name: 'of equals the first, in the other order', a: early, b: ended, told: early },
  ])('$name', ({ a, b, told }) => {
    expect(moreTelling(a, b)).toBe(told)
  })
})

describe('the table', () => {
  const rows = Object.entries(answers)

  test('a device that may come back later is told so by 503, and no other', () => {
    const later = rows.filter(([, { status }]) => status === 503).map(([code]) => code)
    expect(later).toEqual(['revocation_unknown'])
  })

  test.each([
    { code: 'expired', alb: 'ClientCertExpired' },
    { code: 'not_yet_valid', alb: 'ClientCertNotYetValid' },
    { code: 'revoked', alb: 'ClientCertCrlHit' },
    { code: 'revocation_unknown', alb: 'ClientCertCrlProcessingError' },
    { code: 'untrusted', alb: 'ClientCertUntrusted' },
    { code: 'chain_too_deep', alb: 'ClientCertMaxChainDepthExceeded' },
    { code: 'certificate_too_large', alb: 'ClientCertMaxSizeExceeded' },
    { code: 'purpose_forbids', alb: 'ClientCertPurposeInvalid' },
  ] as const)('$code is ALB’s $alb', ({ code, alb }) => {
    expect(answers[code].alb).toBe(alb)
  })
})
