import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import type { Found, Lived } from '../engine/virtual/soak/soak.ts'
import { messageOf, wholeNumber } from './options.ts'
import { sallyport } from './replay.ts'
import { tellOnSignals } from './tell-on-signals.ts'

interface SoakFlags {
  readonly seeds: number
  readonly from: number
  readonly threads: number
  readonly shards?: readonly number[]
  readonly out: string
}

export function soakCommand(): Command {
  return new Command('soak')
    .description(
      'draw small worlds from seeds, with faults of all kinds, and live each in virtual time',
    )
    .option('--seeds <count>', 'so many worlds', wholeNumber(1), 1000)
    .option('--from <seed>', 'the first seed', wholeNumber(0), 1)
    .option('--threads <count>', 'so many at a time', wholeNumber(1), availableParallelism())
    .option(
      '--shards <counts>',
      'live each device by device, in so many shards each time: 1,2,4',
      shardCounts,
    )
    .option('--out <dir>', 'where a world that fails is written', 'reports/soak')
    .addHelpText('after', help)
    .action(async (flags: SoakFlags) => {
      await soak(flags)
    })
}

const help = `
Each seed draws hierarchy, platform, listener policies, fleets, revocations, attackers and faults. The
first world in which one decision is wrong is cut down to a small one, printed as a scenario, written
to --out, and ends the soak.

With --shards each world is lived once for each number, without what devices meet in, and the event log
has to have the same hash each time. Such a failure is written down as it is.

Exit status: 0 every decision in every world was right; 1 one was not (the last line replays it); 2
the input cannot be used; 130 interrupted (says how many worlds were lived).`

function shardCounts(text: string): readonly number[] {
  return text.split(',').map(wholeNumber(1))
}

async function soak({ seeds, from, threads, shards, out }: SoakFlags): Promise<void> {
  const counts = { worlds: 0, decisions: 0 }
  const failed: Lived[] = []
  tellOnSignals(() => `${counts.worlds} of ${seeds} worlds were lived, ${soFar(failed)}`)
  // Loaded only where it is used: the edge and its packages take a moment to load.
  const { soakSeeds } = await import('../engine/virtual/soak/soak-threads.ts')
  const { shrinkFailure } = await import('../engine/virtual/soak/soak.ts')
  const started = { wall: performance.now(), cpu: process.cpuUsage() }
  const onLived = (lived: Lived): boolean => {
    counts.worlds += 1
    counts.decisions += lived.decisions
    if (counts.worlds % 50 === 0) process.stderr.write(`${counts.worlds} of ${seeds} worlds\n`)
    if (lived.failures.length > 0) failed.push(lived)
    return failed.length > 0
  }
  await soakSeeds({ first: from, seeds, threads, shards, onLived })
  const cpu = process.cpuUsage(started.cpu)
  const [first] = failed
  if (first !== undefined) {
    const found = shards === undefined ? await shrinkFailure(first) : asItIs(first)
    return tellFailure(found, shards, out)
  }
  const wallS = ((performance.now() - started.wall) / 1000).toFixed(0)
  const cpuS = ((cpu.user + cpu.system) / 1e6).toFixed(0)
  process.stdout.write(
    `PASS  ${counts.worlds} worlds, ${counts.decisions} decisions, each as its ledger says ` +
      `(${wallS} s, ${cpuS} s of CPU).\n` +
      (shards === undefined ? '' : `The same log in ${shards.join(', ')} shards.\n`),
  )
}

function soFar([first]: readonly Lived[]): string {
  if (first === undefined) return 'and every decision was right'
  return `and that of seed ${first.sketch.seed} failed: it was being cut down`
}

function asItIs({ sketch, failures }: Lived): Found {
  return { seed: sketch.seed, sketch, failures, tries: 1 }
}

async function tellFailure(
  { seed, sketch, failures, tries }: Found,
  shards: SoakFlags['shards'],
  out: string,
): Promise<void> {
  const { sketchText } = await import('../engine/virtual/soak/draw.ts')
  const file = join(out, `seed-${seed}.yaml`)
  const isKept = await keepSketch(file, sketchText(sketch))
  const devices = sketch.fleets.reduce((sum, { count }) => sum + count, 0)
  const cut = shards === undefined ? `, cut down to ${devices} devices in ${tries} lives` : ''
  const again =
    shards === undefined && isKept
      ? `run ${file} --engine virtual`
      : `soak --seeds 1 --from ${seed}${shards === undefined ? '' : ` --shards ${shards.join(',')}`}`
  process.stdout.write(
    `${sketchText(sketch)}\nFAIL  seed ${seed}${cut}:\n` +
      failures.map((each) => `  ${each}\n`).join('') +
      `${sallyport} ${again}\n`,
  )
  process.exitCode = 1
}

/** The world is printed as well: where it cannot be written, its seed draws it again. */
async function keepSketch(file: string, text: string): Promise<boolean> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
    return true
  } catch (error) {
    console.error(`sallyport: cannot write ${file}: ${messageOf(error)}`)
    return false
  }
}
