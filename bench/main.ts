import { Command, Option } from 'commander'
import { wholeNumber } from '#simulator/commands/options.ts'
import { judge, type Bench, type Section } from './bench.ts'
import { batchBench } from './benches/batch.ts'
import { bundleBench } from './benches/bundle.ts'
import { chainBenches } from './benches/chain.ts'
import { compiledBench } from './benches/compiled.ts'
import { controlPlaneBench } from './benches/control-plane.ts'
import { crlBench } from './benches/crl.ts'
import { dashboardBench } from './benches/dashboard.ts'
import { handshakeBench } from './benches/handshake.ts'
import { onboardBench } from './benches/onboard.ts'
import { mqttBench } from './benches/mqtt.ts'
import { overheadBench } from './benches/overhead.ts'
import { headersBench } from './benches/headers.ts'
import { identitiesBench } from './benches/identities.ts'
import { parseBench } from './benches/parse.ts'
import { registryBench } from './benches/registry.ts'
import { sessionBench } from './benches/session.ts'
import { trustStoreBench } from './benches/trust-store.ts'
import { virtualBench } from './benches/virtual.ts'
import { wireMemoryBench } from './benches/wire-memory.ts'
import { wireBench } from './benches/wire.ts'
import { compileOpenssl, type Openssl } from './openssl.ts'
import type { RuntimeName } from './operations/operation.ts'
import { nodeRuntime } from './runtimes/node.ts'
import { workerdRuntime } from './runtimes/workerd.ts'
import { goalText, tableOf } from './table.ts'

const benches: readonly Bench[] = [
  parseBench,
  ...chainBenches,
  crlBench,
  compiledBench,
  controlPlaneBench,
  registryBench,
  headersBench,
  sessionBench,
  bundleBench,
  trustStoreBench,
  batchBench,
  onboardBench,
  handshakeBench,
  overheadBench,
  wireBench,
  wireMemoryBench,
  mqttBench,
  identitiesBench,
  virtualBench,
  dashboardBench,
]

interface Flags {
  readonly runtime?: RuntimeName
  readonly rounds: number
  readonly turn: number
  readonly json?: true
}

const program = new Command('bench')
  .description('CPU of the core beside that of its peers, taking turns in the same run')
  .argument(
    '[name...]',
    `which benches: ${benches.map(({ name }) => name).join(', ')} (default: all)`,
  )
  .addOption(new Option('--runtime <name>', 'where (default: both)').choices(['node', 'workerd']))
  .option('--rounds <count>', 'rounds that count; their median is told', wholeNumber(1), 7)
  .option('--turn <ms>', 'CPU of one turn at least, in milliseconds', wholeNumber(1), 300)
  .option('--json', 'one JSON object a table, on standard output')
  .addHelpText(
    'after',
    `
Each line: median of CPU for one operation (least of all rounds), ratio to the first line.
Machines are noisy: compare ratios. Exit status: 0 whatever the figures are, 2 where a name is none.`,
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(runBenches)

/** What was measured, in order. */
interface Told {
  readonly bench: Bench
  readonly runtime: RuntimeName
  readonly section: Section
}

async function runBenches(names: readonly string[], flags: Flags): Promise<void> {
  const named = names.map((name) => benches.find((bench) => bench.name === name) ?? noBench(name))
  const chosen = named.length === 0 ? benches : named
  const runtimes = flags.runtime === undefined ? (['node', 'workerd'] as const) : [flags.runtime]
  if (!chosen.some((bench) => bench.runtimes.some((name) => runtimes.includes(name)))) {
    program.error(`bench: none of these runs in ${runtimes.join(', ')}`, { exitCode: 2 })
  }
  const openssl = await compileOpenssl()
  if (typeof openssl === 'string') process.stderr.write(`skipped: ${openssl}\n`)
  const told: Told[] = []
  for (const runtime of runtimes) {
    const peer = typeof openssl === 'string' ? undefined : openssl
    for await (const each of runIn(runtime, chosen, flags, peer)) {
      told.push(each)
      tell(each, flags)
    }
  }
  if (typeof openssl !== 'string') openssl.close()
  if (flags.json !== true) process.stdout.write(summaryOf(told))
}

function noBench(name: string): never {
  return program.error(`bench: no bench is called ${name} (--help lists them)`, { exitCode: 2 })
}

async function* runIn(
  name: RuntimeName,
  chosen: readonly Bench[],
  flags: Flags,
  openssl: Openssl | undefined,
): AsyncGenerator<Told> {
  const runtime = name === 'node' ? nodeRuntime() : await workerdRuntime()
  const rounds = { count: flags.rounds, turnUs: flags.turn * 1000 }
  try {
    for (const bench of chosen.filter(({ runtimes }) => runtimes.includes(name))) {
      process.stderr.write(`${bench.name} in ${name}…\n`)
      for await (const section of bench.run({ runtime, rounds, openssl })) {
        yield { bench, runtime: name, section }
      }
    }
  } finally {
    await runtime.close()
  }
}

function tell({ bench, runtime, section }: Told, { json }: Flags): void {
  const goals = section.goals.map((goal) => judge(section, goal))
  const title = `${bench.name} (${runtime}): ${bench.title}; ${section.title}`
  const text = json
    ? JSON.stringify({ bench: bench.name, runtime, ...section, goals })
    : `\n${title}\n${tableOf(section)}`
  process.stdout.write(`${text}\n`)
}

/** The goals that do not hold, once more, where nobody overlooks them. */
function summaryOf(told: readonly Told[]): string {
  const judged = told.flatMap(({ bench, runtime, section }) =>
    section.goals.map((goal) => {
      const line = `  ${bench.name} (${runtime}), ${section.title}: ${goalText(goal, section)}`
      return { line, holds: judge(section, goal).holds }
    }),
  )
  const missed = judged.filter(({ holds }) => !holds)
  const head = `\n${judged.length - missed.length} of ${judged.length} goals hold`
  return [
    missed.length === 0 ? head : `${head}; missed:`,
    ...missed.map(({ line }) => line),
    '',
  ].join('\n')
}

await program.parseAsync()
