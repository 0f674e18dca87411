import type { Instant } from '#shared/time.ts'
import type { Attempt, Observation } from './attempt.ts'

/** When the edge was asked for decisions that it needs its trust store for. */
export interface Askings {
  /** Attempts in the order of their time; one that comes late tells nothing that is needed. */
  note(attempt: Attempt, observation: Observation): void
  /** When it was asked for certain, from one instant to another, both ends included, in order. */
  surely(from: number, to: number): readonly Instant[]
  /** When it may have been asked, in the same way; all that is certain is among them. */
  perhaps(from: number, to: number): readonly Instant[]
}

/** Whoever was let in was looked up, with a cookie too; a refusal may come of what was presented alone. */
export function createAskings(): Askings {
  const [sure, possible]: readonly [Instant[], Instant[]] = [[], []]
  return {
    note({ at }, { outcome }) {
      if (outcome === 'broken') return
      addLater(possible, at)
      if (outcome === 'accepted') addLater(sure, at)
    },
    surely: (from, to) => between(sure, from, to),
    perhaps: (from, to) => between(possible, from, to),
  }
}

function addLater(instants: Instant[], at: Instant): void {
  const last = instants.at(-1)
  if (last === undefined || at > last) instants.push(at)
}

function between(instants: readonly Instant[], from: number, to: number): readonly Instant[] {
  const start = placeOf(instants, (each) => each >= from)
  return instants.slice(
    start,
    placeOf(instants, (each) => each > to),
  )
}

/** The place of the first instant of which something holds that holds of all after it, by halving. */
function placeOf(instants: readonly Instant[], holds: (each: Instant) => boolean): number {
  let [low, high] = [0, instants.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const each = instants[middle]
    if (each === undefined || holds(each)) high = middle
    else low = middle + 1
  }
  return low
}
