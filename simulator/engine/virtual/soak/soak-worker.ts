import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { liveInShards } from './shard-hashes.ts'
import { liveSeed, type Lived } from './soak.ts'

/** Which seeds one thread lives: every `step`th from `first` up to but not including `end`. */
export interface SoakPart {
  readonly first: number
  readonly end: number
  readonly step: number
  /** In shards, once for each of these numbers; together where it is undefined. */
  readonly shards: readonly number[] | undefined
}

// Loaded as a thread's entry alone. Each world is told as soon as it is over.
if (!isMainThread && parentPort !== null) {
  const port = parentPort
  const tell = (lived: Lived): void => port.postMessage(lived)
  // What an edge has to say of damaged lists is part of the play.
  console.error = () => {}
  const { first, end, step, shards } = workerData as SoakPart
  for (let seed = first; seed < end; seed += step) {
    tell(shards === undefined ? await liveSeed(seed) : await liveInShards(seed, shards))
  }
}
