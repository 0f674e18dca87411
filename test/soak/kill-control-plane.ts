import { parseArgs } from 'node:util'
import { killAgainAndAgain } from './kill-rounds.ts'

/*
 * node test/soak/kill-control-plane.ts [--kills N] [--seed S]
 *
 * Ends a local control plane with SIGKILL while it starts and while it makes changes, and opens it
 * again: what was said to be made is there, what is in force is whole, and a gateway that follows it
 * all the time never sees a half. Exit status 1 with what was otherwise.
 */

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '500' },
    seed: { type: 'string', default: '20261122' },
    help: { type: 'boolean', default: false },
  },
})

function numberOf(flag: 'kills' | 'seed'): number {
  const number = Number(flags[flag])
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`--${flag}: expected a whole number, got "${flags[flag]}"`)
}

if (flags.help) {
  console.log('node test/soak/kill-control-plane.ts [--kills 500] [--seed 20261122]')
  process.exit(0)
}

const kills = numberOf('kills')
const seed = numberOf('seed')
const report = await killAgainAndAgain({ kills, seed, onProgress: (line) => console.log(line) })
console.log(JSON.stringify(report, undefined, 2))
if (report.faults.length > 0) {
  console.log(`again: node test/soak/kill-control-plane.ts --kills ${kills} --seed ${seed}`)
  process.exitCode = 1
}
