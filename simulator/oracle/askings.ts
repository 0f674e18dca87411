import type { Instant } from '#shared/time.ts'
import type { Attempt, Observation } from './attempt.ts'

/** When the edge was asked for decisions that it needs its trust store for. */
export interface Askings {
  /** Attempts in the order of their time; one that comes late tells nothing that is needed. */
  note(attempt: Attempt, observation: Observation): void
  /** Whether it was asked after one instant and before another. */
  within(after: number, before: number): boolean
}

/** Whoever was let in was looked up, with a cookie too; a refusal may come of what was presented alone. */
export function createAskings(): Askings {
  const instants: Instant[] = []
  return {
    note({ at }, { outcome }) {
      const last = instants.at(-1)
      if (outcome === 'accepted' && (last === undefined || at > last)) instants.push(at)
    },
    within(after, before) {
      const last = instants.findLast((at) => at < before)
      return last !== undefined && last > after
    },
  }
}
