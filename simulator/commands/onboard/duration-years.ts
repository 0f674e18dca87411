import { durationExpected, parseDuration } from '#shared/duration.ts'

const yearMs = 365.25 * 86_400_000

export const longDurationExpected = `${durationExpected}, or years like 15y`

/** Milliseconds of a duration, or of years (`15y`), which service lives are told in; undefined otherwise. */
export function parseLongDuration(text: string): number | undefined {
  const [, years] = /^(\d{1,3}(?:\.\d+)?)y$/.exec(text) ?? []
  return years === undefined ? parseDuration(text) : Math.round(Number(years) * yearMs)
}
