import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Lived } from './soak.ts'
import type { SoakPart } from './soak-worker.ts'

/** Beside this file, under the ending that this file has. */
const entry = new URL(`./soak-worker${extname(import.meta.url)}`, import.meta.url)

export interface SoakOptions {
  readonly first: number
  readonly seeds: number
  readonly threads: number
  /** Each world is lived in shards, once for each of these numbers; together unless given. */
  readonly shards?: readonly number[] | undefined
  /** Called after each world; `true` ends the soak. */
  readonly onLived: (lived: Lived) => boolean
}

/** Lives the worlds of many seeds, several at a time; ends early where `onLived` says so. */
export async function soakSeeds(options: SoakOptions): Promise<void> {
  const { first, seeds, threads, shards, onLived } = options
  const end = first + seeds
  const workers: Worker[] = []
  try {
    await Promise.all(
      Array.from({ length: Math.min(threads, seeds) }, (_, at) => {
        const worker = new Worker(entry, {
          workerData: { first: first + at, end, step: threads, shards } satisfies SoakPart,
        })
        workers.push(worker)
        return untilOver(worker, () => void endAll(workers), onLived)
      }),
    )
  } finally {
    await endAll(workers)
  }
}

async function endAll(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.terminate()))
}

/** A thread ends by itself after its last world, or is ended. */
function untilOver(
  worker: Worker,
  endSoak: () => void,
  onLived: (lived: Lived) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (lived: Lived) => {
      if (onLived(lived)) endSoak()
    })
    worker.once('error', reject)
    worker.once('exit', () => resolve())
  })
}
