import { expect, test } from 'vitest'
import { ageAt, instantFromIso, instantFromMs, isoFromInstant, shift } from '#shared/time.ts'

test.each([
  { iso: '1970-01-01T00:00:00Z', ms: 0 },
  { iso: '2026-01-31T12:00:00Z', ms: 1_769_860_800_000 },
  { iso: '2026-01-31T13:00:00+01:00', ms: 1_769_860_800_000 },
  { iso: '1969-12-31T23:59:59Z', ms: -1000 },
])('$iso is $ms ms', ({ iso, ms }) => {
  expect(instantFromIso(iso)).toBe(ms)
})

test.each([
  { name: 'no zone: it would mean another instant on every machine', text: '2026-01-31T12:00:00' },
  { name: 'a date alone', text: '2026-01-31' },
  { name: 'no date', text: 'soonZ' },
])('refused by name: $name', ({ text }) => {
  expect(() => instantFromIso(text)).toThrow(new RegExp(`"${text}" is not an ISO 8601 date-time`))
})

test('X.509 knows no fractions of a second: they are cut, not rounded', () => {
  expect(isoFromInstant(instantFromMs(1999))).toBe('1970-01-01T00:00:01Z')
})

test('shift moves forward and back', () => {
  const at = instantFromMs(1000)
  expect(shift(at, 500)).toBe(1500)
  expect(shift(at, -1000)).toBe(0)
})

test('the age of what is dated in the future is beyond every bound', () => {
  const now = instantFromMs(1000)
  expect(ageAt(now, 400)).toBe(600)
  expect(ageAt(now, 1000)).toBe(0)
  expect(ageAt(now, 1001)).toBe(Number.POSITIVE_INFINITY)
})
