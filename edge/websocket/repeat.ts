/** Does something again and again until it is stopped. */
export type Repeat = (task: () => void) => () => void

/** Not more often, since devices are many; milliseconds. */
const periodMinMs = 500

/**
 * How a session that carries nothing is asked about: twice in the time that a snapshot of the trust
 * store may be old. A revocation cuts it after one and a half such times at the latest.
 */
export function everyIdlePeriod(maxStalenessMs: number): Repeat {
  return (task) => {
    const timer = setInterval(task, Math.max(periodMinMs, maxStalenessMs / 2))
    return () => clearInterval(timer)
  }
}
