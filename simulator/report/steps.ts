const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Lengths that people read a time axis by; each is a whole multiple of most before it. */
const roundMs = [
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  28 * DAY,
]

/**
 * The shortest round step, in milliseconds, that covers a duration in at most `most` steps and is
 * a whole multiple of `grainMs`. Beyond the table it is whole multiples of four weeks.
 */
export function roundStepMs(durationMs: number, most: number, grainMs = 1): number {
  const least = durationMs / most
  const fitting = roundMs.find((ms) => ms >= least && ms % grainMs === 0)
  return fitting ?? Math.max(1, Math.ceil(least / (28 * DAY))) * 28 * DAY
}
