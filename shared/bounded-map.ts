/** Bounds of one map: entries, and what they weigh together (octets, say; each entry tells its own). */
export interface MapBounds {
  readonly countMax: number
  readonly weightMax: number
}

/** A map that forgets: what has not been asked for in a while goes first. */
export interface BoundedMap<Key, Value> {
  get(key: Key): Value | undefined
  /** An entry that weighs more than the whole map may is not kept. */
  set(key: Key, value: Value, weight: number): void
}

interface Generation<Key, Value> {
  readonly entries: Map<Key, Weighed<Value>>
  weight: number
}

interface Weighed<Value> {
  readonly value: Value
  readonly weight: number
}

/**
 * A map of two generations: new entries and those in use go to the young one; when it has half of
 * what the map may hold, it becomes the old one, and what was left in that is forgotten. So a stream
 * of entries nobody asks for again cannot push out those in daily use, and forgetting costs nothing.
 */
export function createBoundedMap<Key, Value>(bounds: MapBounds): BoundedMap<Key, Value> {
  let young = emptyGeneration<Key, Value>()
  let old = emptyGeneration<Key, Value>()
  const keep = (key: Key, entry: Weighed<Value>): void => {
    const isFull =
      young.entries.size + 1 > bounds.countMax / 2 ||
      young.weight + entry.weight > bounds.weightMax / 2
    if (isFull) {
      old = young
      young = emptyGeneration()
    }
    young.weight += entry.weight - (young.entries.get(key)?.weight ?? 0)
    young.entries.set(key, entry)
  }
  return {
    get(key) {
      const entry = young.entries.get(key)
      if (entry !== undefined) return entry.value
      const older = old.entries.get(key)
      if (older === undefined) return undefined
      old.entries.delete(key)
      keep(key, older)
      return older.value
    },
    set(key, value, weight) {
      if (weight > bounds.weightMax / 2) return
      old.entries.delete(key)
      keep(key, { value, weight })
    },
  }
}

function emptyGeneration<Key, Value>(): Generation<Key, Value> {
  return { entries: new Map(), weight: 0 }
}
