import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { readCorpus } from './corpus.ts'
import { foundBy, type Found, type FuzzOptions, type Tally } from './run.ts'
import { createTargets } from './targets.ts'

/*
 * node test/fuzz/main.ts [--inputs N] [--seed S] [--target NAME] [--seconds T] [--first N]
 *
 * Mutates certificates, lists, requests, headers, tokens and paths, and asks of each what must hold.
 * The inputs run in a thread of their own, so that one that hangs is seen from here. Exit status 1
 * with the input under reports/fuzz/ and the command that replays it.
 */

const { values: flags } = parseArgs({
  options: {
    inputs: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '20261122' },
    target: { type: 'string' },
    seconds: { type: 'string' },
    first: { type: 'string', default: '0' },
  },
})

/** An input on which nothing moves for so long hangs. */
const hangMs = 20_000
const progressMs = 5000

function numberOf(flag: 'inputs' | 'seed' | 'first' | 'seconds', text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`--${flag}: expected a whole number, got "${text}"`)
}

const seed = numberOf('seed', flags.seed)
const first = numberOf('first', flags.first)
const inputs = numberOf('inputs', flags.inputs)
const seconds = flags.seconds === undefined ? undefined : numberOf('seconds', flags.seconds)

const corpus = await readCorpus()
const targets = await createTargets(corpus)
const named = targets.map(({ name }) => name)
if (flags.target !== undefined && !named.includes(flags.target)) {
  throw new Error(`--target: expected one of ${named.join(', ')}, got "${flags.target}"`)
}

const say = (text: string) => process.stdout.write(`${text}\n`)
for (const name of corpus.missing) say(`missing: ../shared/suites/${name}.jsonl.gz`)
say(`seed ${seed}, inputs ${first} to ${first + inputs - 1}, ${flags.target ?? named.join(', ')}`)

/** Where the thread is: the input and, beside it, the target. */
const place = new Float64Array(new SharedArrayBuffer(16))
const options: Omit<FuzzOptions, 'at'> & { readonly target: string | undefined } = {
  seed,
  first,
  inputs,
  forMs: (seconds ?? Number.POSITIVE_INFINITY) * 1000,
  target: flags.target,
}

const start = performance.now()
const found = await watch()
if (found !== undefined) report(found)
process.exitCode = found === undefined ? 0 : 1

function watch(): Promise<Found | undefined> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { options, place },
  })
  return new Promise((resolve, reject) => {
    let [seen, since, told] = [-1, performance.now(), performance.now()]
    const timer = setInterval(() => {
      const [input = 0, which = 0] = place
      const now = performance.now()
      if (input !== seen) [seen, since] = [input, now]
      if (now - told > progressMs) {
        told = now
        say(`${input - first} inputs, ${((now - start) / 1000).toFixed(0)} s`)
      }
      if (now - since < hangMs) return
      const target = targets[which]
      finish()
      resolve(target && foundBy(target, seed, input, `no answer for ${hangMs} ms`))
    }, 500)
    const finish = () => {
      clearInterval(timer)
      void worker.terminate()
    }
    worker.once('message', (tally: Tally) => {
      finish()
      summarise(tally)
      resolve(tally.found)
    })
    worker.once('error', (error) => {
      finish()
      reject(error)
    })
  })
}

function summarise({ inputs: count, taken, slowestMs, heapMaxOctets }: Tally): void {
  for (const [name, [yes, of]] of taken)
    say(`${name.padEnd(12)} ${of} inputs, ${yes} of them taken`)
  const wall = ((performance.now() - start) / 1000).toFixed(0)
  const heap = (heapMaxOctets / 1e6).toFixed(0)
  say(
    `${count} inputs in ${wall} s; slowest ${slowestMs.toFixed(1)} ms; heap at most ${heap} MB more`,
  )
}

function report({ target, input, what, octets }: Found): void {
  mkdirSync('reports/fuzz', { recursive: true })
  const file = `reports/fuzz/${target}-${seed}-${input}.bin`
  writeFileSync(file, octets)
  say(`found: ${target}: ${what}\nwritten: ${file}`)
  say(
    `replay: node test/fuzz/main.ts --seed ${seed} --target ${target} --first ${input} --inputs 1`,
  )
}
