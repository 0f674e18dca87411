import type { Instant } from '#shared/time.ts'

/** The first of a device's alarms: it has one, and one for each session that it holds. */
export function firstOf(wakes: readonly Instant[]): number {
  let first: number = Number.POSITIVE_INFINITY
  for (const wake of wakes) if (wake < first) first = wake
  return first
}

/** Takes all alarms of an instant out of the list. Whether there was one. */
export function takeAt(wakes: Instant[], at: Instant): boolean {
  let kept = 0
  for (const wake of wakes) if (wake !== at) wakes[kept++] = wake
  const isWoken = kept < wakes.length
  wakes.length = kept
  return isWoken
}
