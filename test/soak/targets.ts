import { Command, InvalidArgumentError } from 'commander'
import { runSoak, type SoakReport } from './soak.ts'

interface Flags {
  readonly requests: number
  readonly seed: number
  readonly targets: number
  readonly concurrency: number
}

const program = new Command('node test/soak/targets.ts')
  .description(
    'Sends requests through the production worker in workerd to targets that are killed, restarted and slow',
  )
  .option('--requests <count>', 'how many', whole(8), 200_000)
  .option('--seed <number>', 'of everything that is drawn by chance', whole(0), 20261122)
  .option('--targets <count>', 'in one group', whole(2), 4)
  .option('--concurrency <count>', 'requests under way at a time', whole(1), 16)
  .addHelpText(
    'after',
    `
Every request has to be answered once and logged once, or to be counted as dropped: client, connection
log and targets are joined by the request's id.

SIGINT sends no more, and judges what was sent.

Exit status: 0 it was so; 1 it was not, or nothing was killed, slow or dropped; 2 wrong arguments.`,
  )
  .showHelpAfterError('(--help tells more)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

const flags = program.parse().opts<Flags>()
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
const onProgress = (text: string) => process.stderr.write(`${text}\n`)
const report = await runSoak({ ...flags, onProgress, stop: stop.signal })
process.stdout.write(`${textOf(report)}\n`)
const isFailed = report.faults.length > 0 || isVacuous(report)
if (isFailed) process.stdout.write(`${replayOf(flags)}\n`)
process.exitCode = isFailed ? 1 : 0

/** A soak in which nothing went wrong has shown nothing. */
function isVacuous({ kills, restarts, slowdowns, dropped }: SoakReport): boolean {
  return kills === 0 || restarts === 0 || slowdowns === 0 || Object.keys(dropped).length === 0
}

function textOf(soak: SoakReport): string {
  const { requests, answered, kills, restarts, slowdowns, seconds, dropped, faults } = soak
  const drops = Object.entries(dropped).map(([as, count]) => `${as} ${count}`)
  return [
    `${requests} requests in ${seconds.toFixed(1)} s: ${answered} answered, dropped: ${drops.join(', ') || 'none'}`,
    `targets: ${kills} times killed, ${restarts} restarted, ${slowdowns} slow`,
    ...(faults.length === 0 ? ['each answered and logged once, or counted as dropped'] : faults),
  ].join('\n')
}

function replayOf({ requests, seed, targets, concurrency }: Flags): string {
  return `replay: node test/soak/targets.ts --requests ${requests} --seed ${seed} --targets ${targets} --concurrency ${concurrency}`
}

function whole(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d{1,9}$/.test(text) && value >= min) return value
    throw new InvalidArgumentError(`expected a whole number, at least ${min}`)
  }
}
