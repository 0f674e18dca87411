import { Command } from 'commander'
import { wholeNumber } from '#simulator/commands/options.ts'
import { killEnrolments } from './kill-enrollment-world.ts'

/*
 * Ends an enrolment server with SIGKILL in the middle of issues: no certificate is issued that the
 * registry does not know, and the same request gets the same serial afterwards. Exit status 1 with
 * what was otherwise.
 */
const flags = new Command('kill-enrollment')
  .description('kill an enrolment server in the middle of issues, and look at what is left')
  .option('--kills <count>', 'how often', wholeNumber(1), 200)
  .option('--seed <number>', 'when, and what comes in which order', wholeNumber(0), 20_261_122)
  .parse()
  .opts<{ readonly kills: number; readonly seed: number }>()

const report = await killEnrolments({ ...flags, onProgress: (line) => console.log(line) })
console.log(JSON.stringify(report, undefined, 2))
if (report.faults.length > 0) {
  const { kills, seed } = flags
  console.log(`again: node test/soak/kill-enrollment.ts --kills ${kills} --seed ${seed}`)
  process.exitCode = 1
}
