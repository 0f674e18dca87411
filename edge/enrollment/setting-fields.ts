import type { Report } from '#shared/authorization/read-document.ts'
import { durationExpected, parseDuration } from '#shared/duration.ts'
import { profiles, type ProfileName } from '#shared/enrollment/profile.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { readCertificates } from './signers/authority.ts'

/** What `profile` may say. */
export const profileNames = Object.keys(profiles) as readonly ProfileName[]

/** Kinds of devices and CAs that one listener has: nobody tells more apart. */
const entriesMax = 32

/** The members of an object whose keys are names of the operator's. */
export function entriesOf(
  value: unknown,
  key: string,
  report: Report,
): readonly [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value)
    if (entries.length > 0 && entries.length <= entriesMax) return entries
  }
  report(key, `an object of 1 to ${entriesMax} members`)
  return []
}

/** A text in PEM; what it holds is read by whoever needs it. */
export function readPem(value: unknown, key: string, report: Report): string | undefined {
  if (typeof value === 'string' && value !== '') return value
  report(key, 'certificates in PEM, the issuing CA first')
  return undefined
}

/** The certificates of a text in PEM, in its order; none where it is wrong. */
export function readBundle(value: unknown, key: string, report: Report): readonly Certificate[] {
  const pem = readPem(value, key, report)
  if (pem === undefined) return []
  const certificates = readCertificates(pem)
  if (certificates.ok) return certificates.value
  report(key, certificates.error)
  return []
}

/** In milliseconds, above 0; undefined where it is not said, or wrong. */
export function readDuration(value: unknown, key: string, report: Report): number | undefined {
  if (value === undefined) return undefined
  const ms = parseDuration(typeof value === 'string' ? value : '')
  if (ms !== undefined && ms > 0) return ms
  report(key, durationExpected)
  return undefined
}
