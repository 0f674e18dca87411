import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { parseDer } from '#shared/der/reader.ts'
import { readTime } from '#shared/der/time.ts'
import { instantFromIso } from '#shared/time.ts'
import { element, generalizedTime, octets, utcTime } from './writer.ts'

const read = (bytes: Bytes) => parseDer(bytes, (reader) => readTime(reader, 'notAfter'))

describe('RFC 5280 4.1.2.5', () => {
  test.each([
    {
      name: 'the last year of this century',
      bytes: utcTime('491231235959Z'),
      iso: '2049-12-31T23:59:59Z',
    },
    {
      name: 'the first year of the last one',
      bytes: utcTime('500101000000Z'),
      iso: '1950-01-01T00:00:00Z',
    },
    { name: 'the century turns', bytes: utcTime('000101000000Z'), iso: '2000-01-01T00:00:00Z' },
    {
      name: 'the first year that UTCTime lacks',
      bytes: generalizedTime('20500101000000Z'),
      iso: '2050-01-01T00:00:00Z',
    },
    {
      name: 'no end (RFC 5280 4.1.2.5)',
      bytes: generalizedTime('99991231235959Z'),
      iso: '9999-12-31T23:59:59Z',
    },
    {
      name: 'a year before the first Instant',
      bytes: generalizedTime('19691231235959Z'),
      iso: '1969-12-31T23:59:59Z',
    },
    { name: 'a leap day', bytes: utcTime('240229120000Z'), iso: '2024-02-29T12:00:00Z' },
    {
      name: 'the leap day of a fourth century',
      bytes: generalizedTime('20000229120000Z'),
      iso: '2000-02-29T12:00:00Z',
    },
    {
      name: 'the last second of a day',
      bytes: utcTime('260615235959Z'),
      iso: '2026-06-15T23:59:59Z',
    },
  ])('$name: $iso', ({ bytes, iso }) => {
    expect(read(bytes)).toEqual({ ok: true, value: instantFromIso(iso) })
  })

  test('the year 50 is not the year 1950 where four digits say so', () => {
    const result = read(generalizedTime('00500101000000Z'))
    expect(result.ok && new Date(result.value).getUTCFullYear()).toBe(50)
  })

  test.each([
    { name: 'no month', text: '260015120000Z' },
    { name: 'a thirteenth month', text: '261315120000Z' },
    { name: 'no day', text: '260600120000Z' },
    { name: 'the 31st of June', text: '260631120000Z' },
    { name: 'the 32nd of January', text: '260132120000Z' },
    { name: 'a leap day too many', text: '260229120000Z' },
    ...['01', '03', '05', '07', '08', '10', '12'].map((month) => ({
      name: `a day too many in month ${month}`,
      text: `26${month}32120000Z`,
    })),
    ...['04', '06', '09', '11'].map((month) => ({
      name: `a day too many in month ${month}`,
      text: `26${month}31120000Z`,
    })),
    { name: 'hour 24', text: '260615240000Z' },
    { name: 'minute 60', text: '260615126000Z' },
    { name: 'a leap second', text: '260615125960Z' },
    { name: 'a letter', text: '26O615120000Z' },
    { name: 'a sign', text: '26-615120000Z' },
    { name: 'a space', text: '26 615120000Z' },
  ])('not on the calendar: $name', ({ text }) => {
    const error = { offset: 0, expected: 'notAfter that is on the calendar' }
    expect(read(utcTime(text))).toEqual({ ok: false, error })
    expect(read(generalizedTime(`20${text}`))).toEqual({ ok: false, error })
  })

  test('1900 had no leap day', () => {
    expect(read(generalizedTime('19000229120000Z')).ok).toBe(false)
  })

  test.each([
    { name: 'no seconds', bytes: utcTime('2606151200Z') },
    { name: 'no zone', bytes: utcTime('260615120000') },
    { name: 'an offset', bytes: utcTime('260615120000+0000') },
    { name: 'a small z', bytes: utcTime('260615120000z') },
    { name: 'four digits of a year', bytes: utcTime('20260615120000Z') },
    { name: 'nothing', bytes: utcTime('') },
  ])('not UTCTime as X.509 writes it: $name', ({ bytes }) => {
    const error = { offset: 0, expected: 'notAfter as YYMMDDHHMMSSZ' }
    expect(read(bytes)).toEqual({ ok: false, error })
  })

  test.each([
    { name: 'a fraction', bytes: generalizedTime('20260615120000.5Z') },
    { name: 'no seconds', bytes: generalizedTime('202606151200Z') },
    { name: 'two digits of a year', bytes: generalizedTime('260615120000Z') },
  ])('not GeneralizedTime as X.509 writes it: $name', ({ bytes }) => {
    const error = { offset: 0, expected: 'notAfter as YYYYMMDDHHMMSSZ' }
    expect(read(bytes)).toEqual({ ok: false, error })
  })

  test('no time at all', () => {
    const error = { offset: 0, expected: 'notAfter' }
    expect(read(element(0x0c, octets(0x32)))).toEqual({ ok: false, error })
  })
})
