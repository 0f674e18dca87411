import { parentPort, workerData } from 'node:worker_threads'
import { readCorpus } from './corpus.ts'
import { fuzz, type FuzzOptions } from './run.ts'
import { createTargets } from './targets.ts'

interface Work {
  readonly options: Omit<FuzzOptions, 'at'> & { readonly target: string | undefined }
  readonly place: Float64Array
}

// A fault is thrown for most inputs: to write its stack down costs more than all that is under test.
Error.stackTraceLimit = 0

const { options, place } = workerData as Work
const all = await createTargets(await readCorpus())
const { target: only } = options
const targets = only === undefined ? all : all.filter(({ name }) => name === only)
const tally = await fuzz(targets, {
  ...options,
  at: (input, which) => {
    place[0] = input
    place[1] = only === undefined ? which : all.findIndex(({ name }) => name === only)
  },
})
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window's
parentPort?.postMessage(tally)
