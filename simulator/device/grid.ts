import { shift, type Instant } from '#shared/time.ts'

/** The instants at which devices wake: `start`, and every `tickMs` after it. */
export interface Grid {
  readonly start: Instant
  readonly tickMs: number
}

/** The first instant of the grid that is not before `at`. */
export function onGrid({ start, tickMs }: Grid, at: number): Instant {
  return shift(start, Math.ceil((at - start) / tickMs) * tickMs)
}

/** The first instant of the grid after `at`. */
export function nextTick(grid: Grid, at: Instant): Instant {
  return onGrid(grid, at + 1)
}

/** The last instant of the grid that is not after `at`. */
export function lastTick({ start, tickMs }: Grid, at: number): Instant {
  return shift(start, Math.floor((at - start) / tickMs) * tickMs)
}
