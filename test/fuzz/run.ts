import { stream } from '#simulator/random.ts'
import type { Target } from './target.ts'

/** One run: what is asked, and of how much. */
export interface FuzzOptions {
  readonly seed: number
  /** The first input's number: a run of one input replays it. */
  readonly first: number
  readonly inputs: number
  /** No input begins after so many milliseconds. */
  readonly forMs: number
  /** Told before each input, so that somebody else may see which one hangs. */
  readonly at?: (input: number, target: number) => void
}

export interface Tally {
  readonly inputs: number
  /** How many inputs of each target were taken, of how many. */
  readonly taken: ReadonlyMap<string, readonly [taken: number, of: number]>
  /** The slowest input that the first look found, in milliseconds of wall time. */
  readonly slowestMs: number
  readonly heapMaxOctets: number
  readonly found: Found | undefined
}

/** An input of which something does not hold. */
export interface Found {
  readonly target: string
  readonly input: number
  readonly what: string
  readonly octets: Uint8Array
}

/** The time that one input may take. */
const inputMsMax = 50

/** How much the heap may hold beyond what it held at the start, in octets: inputs are of some kilobytes. */
const heapGrowthMax = 512 * 1024 * 1024

/** Inputs between two looks at the heap. */
const heapStride = 4096

/** Asks one target after another, each as often as its share says, until all were asked or one fails. */
export async function fuzz(targets: readonly Target[], options: FuzzOptions): Promise<Tally> {
  const order = orderOf(targets)
  const counts = targets.map((): [number, number] => [0, 0])
  const start = performance.now()
  const heapAtStart = process.memoryUsage().heapUsed
  let [slowestMs, heapMax, done] = [0, 0, 0]
  let found: Found | undefined
  for (; done < options.inputs && found === undefined; done += 1) {
    const number = options.first + done
    const which = order[number % order.length] ?? 0
    const target = targets[which]
    if (target === undefined || performance.now() - start > options.forMs) break
    options.at?.(number, which)
    const outcome = await askOnce(target, options.seed, number)
    if (outcome.what !== undefined) found = foundBy(target, options.seed, number, outcome.what)
    slowestMs = Math.max(slowestMs, outcome.ms)
    const count = counts[which]
    if (count !== undefined) {
      count[0] += outcome.isTaken ? 1 : 0
      count[1] += 1
    }
    if (done % heapStride !== 0) continue
    const grown = process.memoryUsage().heapUsed - heapAtStart
    heapMax = Math.max(heapMax, grown)
    if (grown > heapGrowthMax)
      found = foundBy(target, options.seed, number, `a heap of ${grown} octets more`)
  }
  const taken = new Map<string, readonly [number, number]>()
  for (const [at, { name }] of targets.entries()) taken.set(name, counts[at] ?? [0, 0])
  return { inputs: done, taken, slowestMs, heapMaxOctets: heapMax, found }
}

/** Which target each input goes to: shares of a thousand, spread evenly. */
function orderOf(targets: readonly Target[]): Uint8Array {
  const total = targets.reduce((sum, { share }) => sum + share, 0)
  const due = targets.map(() => 0)
  return Uint8Array.from({ length: total }, () => {
    targets.forEach(({ share }, at) => (due[at] = (due[at] ?? 0) + share))
    const next = due.indexOf(Math.max(...due))
    due[next] = (due[next] ?? 0) - total
    return next
  })
}

interface Outcome {
  readonly isTaken: boolean
  readonly ms: number
  readonly what: string | undefined
}

const streamOf = (target: Target, seed: number, number: number) => stream(seed, target.name, number)

async function askOnce(target: Target, seed: number, number: number): Promise<Outcome> {
  const input = target.make(streamOf(target, seed, number))
  const start = performance.now()
  try {
    const answer = input.ask()
    const isTaken = typeof answer === 'boolean' ? answer : await answer
    const ms = performance.now() - start
    const what = ms > inputMsMax ? await checkSlow(target, seed, number) : undefined
    return { isTaken, ms, what }
  } catch (error) {
    return { isTaken: false, ms: performance.now() - start, what: String(error) }
  }
}

/**
 * The machine may have done something else meanwhile: an input is slow where it takes the CPU for
 * as long every time it is asked again.
 */
async function checkSlow(
  target: Target,
  seed: number,
  number: number,
): Promise<string | undefined> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3; round += 1) {
    const input = target.make(streamOf(target, seed, number))
    const start = process.cpuUsage()
    await input.ask()
    const { user, system } = process.cpuUsage(start)
    least = Math.min(least, (user + system) / 1000)
  }
  return least > inputMsMax ? `${least.toFixed(0)} ms of CPU time` : undefined
}

export function foundBy(target: Target, seed: number, input: number, what: string): Found {
  const { octets } = target.make(streamOf(target, seed, input))
  return { target: target.name, input, what, octets: octets() }
}
