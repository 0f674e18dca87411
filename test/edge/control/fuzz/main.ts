import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fuzz } from '../../../fuzz/run.ts'
import { createApiTargets } from './targets.ts'

/*
 * node test/edge/control/fuzz/main.ts [--inputs N] [--seed S] [--first N] [--target json|elbv2]
 *
 * Bent requests to the control plane's JSON API and to its ELBv2 API: each is answered with a 4xx and
 * changes nothing, or with what is documented, by somebody who may. Exit status 1 with the request
 * under reports/fuzz/ and the command that replays it.
 */

const { values: flags } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '20261122' },
    first: { type: 'string', default: '0' },
    target: { type: 'string' },
  },
})

function numberOf(flag: 'inputs' | 'seed' | 'first'): number {
  const number = Number(flags[flag])
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`--${flag}: expected a whole number, got "${flags[flag]}"`)
}

// A fault is thrown for most inputs: to write its stack down costs more than all that is under test.
Error.stackTraceLimit = 0

const [inputs, seed, first] = [numberOf('inputs'), numberOf('seed'), numberOf('first')]
const all = await createApiTargets()
const targets = all.filter(({ name }) => flags.target === undefined || name === flags.target)
if (targets.length === 0) throw new Error(`--target: expected json or elbv2, got "${flags.target}"`)

const say = (text: string): void => void process.stdout.write(`${text}\n`)
say(
  `seed ${seed}, inputs ${first} to ${first + inputs - 1}, ${targets.map(({ name }) => name).join(', ')}`,
)

/** How many inputs there are between two lines of progress. */
const progressEvery = 50_000

const start = performance.now()
const seconds = (): string => ((performance.now() - start) / 1000).toFixed(0)
const { found, taken, slowestMs } = await fuzz(targets, {
  seed,
  first,
  inputs,
  forMs: Number.POSITIVE_INFINITY,
  at: (input) => {
    const done = input - first
    if (done > 0 && done % progressEvery === 0) say(`${done} inputs, ${seconds()} s`)
  },
})

for (const [name, [yes, of]] of taken) say(`${name.padEnd(6)} ${of} requests, ${yes} of them taken`)
say(`${seconds()} s; slowest ${slowestMs.toFixed(1)} ms`)

if (found !== undefined) {
  mkdirSync('reports/fuzz', { recursive: true })
  const file = `reports/fuzz/${found.target}-${seed}-${found.input}.json`
  writeFileSync(file, found.octets)
  const replay = `--seed ${seed} --first ${found.input} --inputs 1 --target ${found.target}`
  say(`found: ${found.what}\nwritten: ${file}\nreplay: npm run fuzz:api -- ${replay}`)
}
process.exitCode = found === undefined ? 0 : 1
