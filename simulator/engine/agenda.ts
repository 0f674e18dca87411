import FlatQueue from 'flatqueue'
import type { Instant } from '#shared/time.ts'

/** Things to come, taken out instant by instant; those of one instant in the order they were put in. */
export interface Agenda<Entry> {
  add(at: Instant, entry: Entry): void
  nextInstant(): Instant | undefined
  /** Everything of the next instant. */
  takeNext(): Entry[]
}

export function createAgenda<Entry>(): Agenda<Entry> {
  const instants = new FlatQueue<Instant>()
  const entries = new Map<Instant, Entry[]>()
  return {
    add(at, entry) {
      const there = entries.get(at)
      if (there !== undefined) {
        there.push(entry)
        return
      }
      entries.set(at, [entry])
      instants.push(at, at)
    },
    nextInstant: () => instants.peek(),
    takeNext() {
      const at = instants.pop()
      if (at === undefined) return []
      const taken = entries.get(at) ?? []
      entries.delete(at)
      return taken
    },
  }
}
