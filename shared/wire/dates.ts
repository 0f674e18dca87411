import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, isoFromInstant, type Instant } from '#shared/time.ts'
import type { WireFault } from './fault.ts'

export interface Validity {
  readonly notBefore: Instant
  readonly notAfter: Instant
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** `2023-09-21T01:50:17Z`, to the second and in UTC: the date inside ALB's validity. */
export function readIsoZ(text: string): Result<Instant, WireFault> {
  const parsed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : Number.NaN
  // A date that does not exist, such as 30 February, rolls over: it must come back as it went in.
  if (Number.isNaN(parsed) || isoFromInstant(instantFromMs(parsed)) !== text) {
    return err({ at: 0, expected: 'a date-time like 2026-01-31T12:00:00Z' })
  }
  return ok(instantFromMs(parsed))
}

/** `Aug  5 09:36:04 2021 GMT`, the day padded with a space: OpenSSL, nginx, Cloudflare, API Gateway. */
export function toOpensslDate(at: Instant): string {
  const date = new Date(at)
  const month = months[date.getUTCMonth()] ?? ''
  const day = String(date.getUTCDate()).padStart(2, ' ')
  return `${month} ${day} ${isoFromInstant(at).slice(11, 19)} ${date.getUTCFullYear()} GMT`
}

/** The instant of an OpenSSL date as `toOpensslDate` writes it, to the character. */
export function readOpensslDate(text: string): Result<Instant, WireFault> {
  const found = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d:\d\d:\d\d) (\d{4}) GMT$/.exec(text)
  const [, name = '', day = '', time = '', year = ''] = found ?? []
  const month = String(months.indexOf(name) + 1).padStart(2, '0')
  const read = readIsoZ(`${year}-${month}-${day.replace(' ', '0')}T${time}Z`)
  if (!read.ok || toOpensslDate(read.value) !== text) {
    return err({ at: 0, expected: 'a date-time like "Aug  5 09:36:04 2021 GMT"' })
  }
  return read
}

/** ALB's `X-Amzn-Mtls-Clientcert-Validity` and CloudFront's. */
export function writeAlbValidity({ notBefore, notAfter }: Validity): string {
  return `NotBefore=${isoFromInstant(notBefore)};NotAfter=${isoFromInstant(notAfter)}`
}

/** Both instants of `NotBefore=…;NotAfter=…`, in this order and with nothing around them. */
export function readAlbValidity(text: string): Result<Validity, WireFault> {
  const found = /^NotBefore=([^;]*);NotAfter=([^;]*)$/.exec(text)
  if (found === null) return err({ at: 0, expected: 'NotBefore=…;NotAfter=…' })
  const [, before = '', after = ''] = found
  const notBefore = readIsoZ(before)
  if (!notBefore.ok) return err({ ...notBefore.error, at: 'NotBefore='.length })
  const notAfter = readIsoZ(after)
  if (!notAfter.ok) return err({ ...notAfter.error, at: text.length - after.length })
  return ok({ notBefore: notBefore.value, notAfter: notAfter.value })
}
