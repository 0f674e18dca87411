import type { Instant } from '#shared/time.ts'

/**
 * When a device wants to be woken: it has one alarm, and one for each session that it holds. The list
 * keeps its length while alarms come and go, so that setting one allocates nothing.
 */
export interface Wakes {
  readonly instants: Instant[]
  /** So many of them, from the first on, are set. */
  count: number
}

export function createWakes(): Wakes {
  return { instants: [], count: 0 }
}

export function addWake(wakes: Wakes, at: Instant): void {
  wakes.instants[wakes.count] = at
  wakes.count += 1
}

/** The first of all that are set; infinite where none is. */
export function firstOf({ instants, count }: Wakes): number {
  let first: number = Number.POSITIVE_INFINITY
  for (let place = 0; place < count; place += 1) {
    const wake = instants[place]
    if (wake !== undefined && wake < first) first = wake
  }
  return first
}

/** Takes all alarms of an instant out of the list. Whether there was one. */
export function takeAt(wakes: Wakes, at: Instant): boolean {
  const { instants, count } = wakes
  let kept = 0
  for (let place = 0; place < count; place += 1) {
    const wake = instants[place]
    if (wake !== undefined && wake !== at) instants[kept++] = wake
  }
  wakes.count = kept
  return kept < count
}
