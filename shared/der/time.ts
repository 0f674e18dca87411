import type { Instant } from '#shared/time.ts'
import { tag, type DerReader } from './reader.ts'

/**
 * RFC 5280 4.1.2.5: UTCTime `YYMMDDHHMMSSZ` (years 1950 to 2049) or GeneralizedTime
 * `YYYYMMDDHHMMSSZ`; seconds are required, fractions and offsets are not allowed.
 */
export function readTime(reader: DerReader, expected: string): Instant {
  const start = reader.at
  const yearDigits = reader.nextTag === tag.utcTime ? 2 : 4
  const text = reader.content(yearDigits === 2 ? tag.utcTime : tag.generalizedTime, expected)
  if (text.length !== yearDigits + 11 || text.at(-1) !== 0x5a) {
    return reader.fail(`${expected} as ${'Y'.repeat(yearDigits)}MMDDHHMMSSZ`, start)
  }
  const at = instantOfFields(text, yearDigits)
  return at ?? reader.fail(`${expected} that is on the calendar`, start)
}

function instantOfFields(text: Uint8Array, yearDigits: 2 | 4): Instant | undefined {
  const shortYear = twoDigits(text, 0)
  const year =
    yearDigits === 2
      ? shortYear + (shortYear >= 50 ? 1900 : 2000)
      : shortYear * 100 + twoDigits(text, 2)
  const month = twoDigits(text, yearDigits)
  const day = twoDigits(text, yearDigits + 2)
  const hour = twoDigits(text, yearDigits + 4)
  const minute = twoDigits(text, yearDigits + 6)
  const second = twoDigits(text, yearDigits + 8)
  // NaN (a character that is no digit) fails every comparison.
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return undefined
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.setUTCHours(hour, minute, second) as Instant
}

function twoDigits(text: Uint8Array, offset: number): number {
  const tens = (text[offset] ?? 0) - 0x30
  const ones = (text[offset + 1] ?? 0) - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
