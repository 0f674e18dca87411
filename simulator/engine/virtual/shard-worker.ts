import { once } from 'node:events'
import { isMainThread, parentPort, workerData, type MessagePort } from 'node:worker_threads'
import type { Merged } from './merge.ts'
import { liveShard, type ShardOptions, type ShardResult } from './shard.ts'

/**
 * What a shard tells of itself: how many lives it has lived and what was counted since, lines of the
 * log, then what its lives came to. Lines are answered, with anything, when more may come.
 */
export type ShardMessage =
  | { readonly kind: 'progress'; readonly lives: number; readonly counted: Merged }
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'result'; readonly result: ShardResult }

/** What a shard is started with. */
export interface ShardData extends ShardOptions {
  /** Whether it is to tell the lines of its log. */
  readonly tellsLines: boolean
}

/** Lines of one message: some 1 MB. */
const linesPerMessage = 4_000

// Loaded as a thread's entry alone; what came with it is plain data of `runSharded`.
if (!isMainThread && parentPort !== null) await tellLives(parentPort, workerData as ShardData)

async function tellLives(port: MessagePort, options: ShardData): Promise<void> {
  const tell = (message: ShardMessage): void => port.postMessage(message)
  let waiting: string[] = []
  const tellLines = async (): Promise<void> => {
    const answered = once(port, 'message')
    tell({ kind: 'lines', lines: waiting })
    waiting = []
    await answered
  }
  const takeLines = async (lines: readonly string[]): Promise<void> => {
    for (const line of lines) waiting.push(line)
    if (waiting.length >= linesPerMessage) await tellLines()
  }
  const result = await liveShard(
    options,
    (lives, counted) => tell({ kind: 'progress', lives, counted }),
    options.tellsLines ? takeLines : undefined,
  )
  if (waiting.length > 0) await tellLines()
  tell({ kind: 'result', result })
}
