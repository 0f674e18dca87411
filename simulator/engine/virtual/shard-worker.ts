import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { liveShard, type ShardOptions, type ShardResult } from './shard.ts'

/** What a shard tells of itself: how many lives it has lived, then what they came to. */
export type ShardMessage =
  | { readonly kind: 'progress'; readonly lives: number }
  | { readonly kind: 'result'; readonly result: ShardResult }

// Loaded as a thread's entry alone; what came with it is plain data of `runSharded`.
if (!isMainThread && parentPort !== null) {
  const port = parentPort
  const tell = (message: ShardMessage): void => port.postMessage(message)
  const result = await liveShard(workerData as ShardOptions, (lives) =>
    tell({ kind: 'progress', lives }),
  )
  tell({ kind: 'result', result })
}
