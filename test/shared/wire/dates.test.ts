import { expect, test } from 'vitest'
import { instantFromIso as at, isoFromInstant } from '#shared/time.ts'
import {
  readAlbValidity,
  readIsoZ,
  readOpensslDate,
  toOpensslDate,
  writeAlbValidity,
} from '#shared/wire/dates.ts'

const same = [
  { iso: '2021-08-05T09:36:04Z', openssl: 'Aug  5 09:36:04 2021 GMT' },
  { iso: '2018-12-22T19:39:00Z', openssl: 'Dec 22 19:39:00 2018 GMT' },
  { iso: '2024-02-29T23:59:59Z', openssl: 'Feb 29 23:59:59 2024 GMT' },
  { iso: '1950-01-01T00:00:00Z', openssl: 'Jan  1 00:00:00 1950 GMT' },
  { iso: '9999-12-31T23:59:59Z', openssl: 'Dec 31 23:59:59 9999 GMT' },
]

test.each(same)('$iso is $openssl', ({ iso, openssl }) => {
  expect(toOpensslDate(at(iso))).toBe(openssl)
  expect(readOpensslDate(openssl)).toEqual({ ok: true, value: at(iso) })
  expect(readIsoZ(iso)).toEqual({ ok: true, value: at(iso) })
  expect(isoFromInstant(at(iso))).toBe(iso)
})

const refusedOpenssl = [
  'Aug 5 09:36:04 2021 GMT',
  'Aug 05 09:36:04 2021 GMT',
  'aug  5 09:36:04 2021 GMT',
  'Abc  5 09:36:04 2021 GMT',
  'Feb 30 09:36:04 2021 GMT',
  'Feb 29 09:36:04 2023 GMT',
  'Aug  0 09:36:04 2021 GMT',
  'Aug  5 24:00:00 2021 GMT',
  'Aug  5 09:36:60 2021 GMT',
  'Aug  5 09:36:04 2021 CET',
  'Aug  5 09:36:04 2021',
  ' Aug  5 09:36:04 2021 GMT',
  '',
]

test.each(refusedOpenssl)('refuses "%s"', (text) => {
  expect(readOpensslDate(text).ok).toBe(false)
})

const refusedIso = [
  '2021-08-05T09:36:04+00:00',
  '2021-08-05T09:36:04.000Z',
  '2021-08-05 09:36:04Z',
  '2021-02-30T09:36:04Z',
  '2021-08-05T24:00:00Z',
  '2021-08-05T09:36Z',
  '2021-08-05T09:36:04',
  '',
]

test.each(refusedIso)('refuses "%s"', (text) => {
  expect(readIsoZ(text).ok).toBe(false)
})

const validity = 'NotBefore=2023-09-21T01:50:17Z;NotAfter=2024-09-20T01:50:17Z'

test("ALB's sample of a validity, both ways", () => {
  const instants = { notBefore: at('2023-09-21T01:50:17Z'), notAfter: at('2024-09-20T01:50:17Z') }
  expect(readAlbValidity(validity)).toEqual({ ok: true, value: instants })
  expect(writeAlbValidity(instants)).toBe(validity)
})

const refusedValidity = [
  { text: `${validity}, ${validity}`, at: 0 },
  { text: `${validity},${validity}`, at: 0 },
  { text: 'NotAfter=2024-09-20T01:50:17Z;NotBefore=2023-09-21T01:50:17Z', at: 0 },
  { text: 'NotBefore=2023-09-21T01:50:17Z', at: 0 },
  { text: 'NotBefore=;NotAfter=2024-09-20T01:50:17Z', at: 10 },
  { text: 'NotBefore=2023-09-21T01:50:17Z;NotAfter=', at: 40 },
]

test.each(refusedValidity)('refuses the validity $text', ({ text, at: offset }) => {
  const read = readAlbValidity(text)
  expect(read.ok ? 'read' : read.error.at).toBe(offset)
})
