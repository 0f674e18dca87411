import type { Instant } from '#shared/time.ts'
import { tag, type DerReader } from './reader.ts'

/**
 * RFC 5280 4.1.2.5: UTCTime `YYMMDDHHMMSSZ` (years 1950 to 2049) or GeneralizedTime
 * `YYYYMMDDHHMMSSZ`; seconds are required, fractions and offsets are not allowed.
 */
export function readTime(reader: DerReader, expected: string): Instant {
  const element = reader.at
  const yearDigits = reader.nextTag === tag.utcTime ? 2 : 4
  const start = reader.passContent(yearDigits === 2 ? tag.utcTime : tag.generalizedTime, expected)
  if (reader.at - start !== yearDigits + 11 || reader.octet(reader.at - 1) !== 0x5a) {
    return reader.fail(`${expected} as ${'Y'.repeat(yearDigits)}MMDDHHMMSSZ`, element)
  }
  const ms = msOfFields(reader.bytes, start, yearDigits)
  if (ms === offCalendar) return reader.fail(`${expected} that is on the calendar`, element)
  return ms as Instant
}

/** In place of an instant, of which none lies so far back: the years are four digits. */
const offCalendar = Number.NEGATIVE_INFINITY

/** `offCalendar` where a field is no number or the calendar has no such date. */
function msOfFields(bytes: Uint8Array, start: number, yearDigits: 2 | 4): number {
  if (!areDigits(bytes, start, start + yearDigits + 10)) return offCalendar
  const shortYear = twoDigits(bytes, start)
  const year =
    yearDigits === 2
      ? shortYear + (shortYear >= 50 ? 1900 : 2000)
      : shortYear * 100 + twoDigits(bytes, start + 2)
  const rest = start + yearDigits
  const month = twoDigits(bytes, rest)
  const day = twoDigits(bytes, rest + 2)
  const hour = twoDigits(bytes, rest + 4)
  const minute = twoDigits(bytes, rest + 6)
  const second = twoDigits(bytes, rest + 8)
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return offCalendar
  if (hour > 23 || minute > 59 || second > 59) return offCalendar
  return ((daysFromEpoch(year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000
}

/**
 * Days from 1970-01-01 in the Gregorian calendar, before it was in use as well (ISO 8601). The year
 * counts from March, so that a leap day is its last one.
 */
function daysFromEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1
  const monthFromMarch = (month + 9) % 12
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  const daysBeforeMonth = Math.floor((153 * monthFromMarch + 2) / 5)
  return y * 365 + leapDays + daysBeforeMonth + day - daysToEpoch
}

/** From 0000-02-29 to 1970-01-01. */
const daysToEpoch = 719_469

/** Whether all octets between two offsets are ASCII digits. */
function areDigits(text: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const octet = text[at] ?? 0
    if (octet < 0x30 || octet > 0x39) return false
  }
  return true
}

/** Of two octets that are digits; of others some number. */
function twoDigits(text: Uint8Array, offset: number): number {
  return (text[offset] ?? 0) * 10 + (text[offset + 1] ?? 0) - 0x30 * 11
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
