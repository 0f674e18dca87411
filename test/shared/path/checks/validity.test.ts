import { expect, test } from 'vitest'
import { checkValidity } from '#shared/path/checks/validity.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { at } from '../../pki.ts'

const notBefore = at('2026-01-01T00:00:00Z')
const notAfter = at('2026-12-31T23:59:59Z')
const hour = 3_600_000
const endless = Number.POSITIVE_INFINITY

test.each([
  {
    name: 'the last millisecond before',
    now: shift(notBefore, -1),
    graceMs: 0,
    code: 'not_yet_valid',
  },
  { name: 'the millisecond it starts', now: notBefore, graceMs: 0, code: 'ok' },
  { name: 'the second it ends', now: notAfter, graceMs: 0, code: 'ok' },
  {
    name: 'the last millisecond of that second',
    now: shift(notAfter, 999),
    graceMs: 0,
    code: 'ok',
  },
  { name: 'the second after', now: shift(notAfter, 1000), graceMs: 0, code: 'expired' },
  {
    name: 'the last millisecond of an hour of grace',
    now: shift(notAfter, hour + 999),
    graceMs: hour,
    code: 'ok',
  },
  {
    name: 'the millisecond after the grace',
    now: shift(notAfter, hour + 1000),
    graceMs: hour,
    code: 'expired',
  },
  {
    name: 'long after, where the end does not matter',
    now: instantFromMs(8.64e15),
    graceMs: endless,
    code: 'ok',
  },
  {
    name: 'grace is for the end, never for the start',
    now: shift(notBefore, -1),
    graceMs: endless,
    code: 'not_yet_valid',
  },
])('RFC 5280 6.1.3 (a)(2): $name: $code', ({ now, graceMs, code }) => {
  const result = checkValidity({ validity: { notBefore, notAfter } }, 0, now, graceMs)
  expect(result.ok ? 'ok' : result.error.code).toBe(code)
})

test('the refusal tells which certificate, the instant and the bound', () => {
  const certificate = { validity: { notBefore, notAfter } }
  const late = shift(notAfter, 1000)
  expect(checkValidity(certificate, 1, late, 0)).toEqual({
    ok: false,
    error: { code: 'expired', at: 1, now: late, notAfter },
  })
  const early = shift(notBefore, -1)
  expect(checkValidity(certificate, 2, early, 0)).toEqual({
    ok: false,
    error: { code: 'not_yet_valid', at: 2, now: early, notBefore },
  })
})
