import type { Instant } from '#shared/time.ts'
import type { ListState, Standing } from './freshness.ts'

const minuteMs = 60_000

/** Largest first: a unit is used from twice its length on, so that no more than half is rounded away. */
const units = [
  ['year', 525_600 * minuteMs],
  ['day', 1440 * minuteMs],
  ['hour', 60 * minuteMs],
  ['minute', minuteMs],
  ['second', 1000],
] as const

/** A length of time as a person says it: `3 days`, `90 minutes`, `0 seconds`. */
export function spanWords(ms: number): string {
  const length = Math.abs(ms)
  const [name, unit] = units.find(([, each]) => length >= 2 * each) ?? ['second', 1000]
  const count = Math.floor(length / unit)
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

/** `in 3 days`, `2 hours ago`, `now`. */
export function whenWords(at: Instant, now: Instant): string {
  if (Math.abs(at - now) < 1000) return 'now'
  return at > now ? `in ${spanWords(at - now)}` : `${spanWords(now - at)} ago`
}

/** `2026-11-22 08:15:00 UTC`. */
export function utcWords(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** What an issuer's standing is called. */
export const standingWords: Readonly<Record<Standing, string>> = {
  fresh: 'Fresh',
  ending: 'Ending soon',
  future: 'Not yet begun',
  stale: 'Past its nextUpdate',
  none: 'No list',
}

/** What that means for devices, and for whoever reads it. */
export function listWords({ list, standing, gone }: ListState, now: Instant): string {
  switch (standing) {
    case 'fresh':
    case 'ending':
      return `${percent(1 - gone)} of its life left, the next one is due ${whenWords(list.nextUpdate, now)}`
    case 'future':
      return `it begins ${whenWords(list.thisUpdate, now)}: a clock is wrong here or at its issuer`
    case 'stale':
      return `the next one was due ${whenWords(list.nextUpdate, now)}: unless a grace is set, its devices are refused`
  }
}

/** Which list of its issuer. */
export function listTitle({ kind, scope, number, entries, id }: ListState['list']): string {
  const form = kind === 'delta' ? 'Delta list' : 'List'
  const part = scope === undefined ? '' : ', of a part of its certificates'
  const numbered = number === undefined ? '' : `, CRL number ${shortNumber(number)}`
  return `${form} ${id}${numbered}, ${countWords(entries, 'entry', 'entries')}${part}`
}

/** A CRL number may have 49 digits (RFC 5280 5.2.3). */
function shortNumber(digits: string): string {
  return digits.length > 12 ? `…${digits.slice(-12)}` : digits
}

/** `1 entry`, `1,204 entries`. */
export function countWords(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** In whole ones, never more than there is. */
export function percent(ratio: number): string {
  return `${Math.floor(ratio * 100)} %`
}

/** `1f0c9a…`: enough of a digest to tell two apart. */
export function shortHash(digest: string): string {
  return `${digest.slice(0, 10)}…`
}

/** A part of a whole, to a tenth: the rare reason among many decisions is the one that is looked for. */
export function shareWords(part: number, whole: number): string {
  const share = part / Math.max(1, whole)
  return share > 0 && share < 0.001 ? '< 0.1 %' : `${(share * 100).toFixed(1)} %`
}
