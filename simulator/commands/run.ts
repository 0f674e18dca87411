import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { shift } from '#shared/time.ts'
import { runLocally, writeEventLog, type Progress, type Run } from '../engine/run.ts'
import { wantsColour } from '../report/paint.ts'
import { createProgressWriter } from '../report/progress.ts'
import { renderTerminal } from '../report/terminal.ts'
import { writeReport } from '../report/write-report.ts'
import { formatScenarioError, parseScenario } from '../scenario/parse.ts'
import { withOverrides } from '../scenario/overrides.ts'
import type { FrontProfileName, Scenario } from '../scenario/scenario.ts'
import { positiveNumber, unusable, wholeNumber } from './options.ts'
import { replayCommand } from './replay.ts'

/** What the command line may say beside the scenario's file. */
export interface RunFlags {
  readonly seed?: number
  readonly devices?: number
  readonly days?: number
  readonly mode?: 'verify' | 'passthrough'
  readonly profile?: FrontProfileName
  readonly port: number
  readonly report: string
  readonly json?: true
}

export function runCommand(): Command {
  return new Command('run')
    .description('run a scenario: a simulated fleet against the edge worker, over real mutual TLS')
    .argument('<file>', 'the scenario, like simulator/scenarios/quickstart.yaml')
    .option(
      '--seed <number>',
      'draw everything that is left to chance from this seed',
      wholeNumber(0),
    )
    .option('--devices <count>', 'scale the fleets to so many devices', wholeNumber(1))
    .option('--days <days>', 'scale the run to so many simulated days', positiveNumber)
    .addOption(
      new Option('--mode <mode>', 'only phases of this mode').choices(['verify', 'passthrough']),
    )
    .addOption(
      new Option('--profile <name>', 'hand certificates over as this platform does').choices([
        'cloudflare',
        'alb',
      ]),
    )
    .option(
      '--port <port>',
      'port of the TLS front on 127.0.0.1; 0 takes any free one',
      wholeNumber(0),
      0,
    )
    .option('--report <dir>', 'where the report is written', 'reports/latest')
    .option('--json', 'print the result as JSON in place of tables')
    .addHelpText('after', exitHelp)
    .action(run)
}

const exitHelp = `
Exit status: 0 every decision was right and everything planned happened; 1 the run failed (the last
line replays it); 2 the input cannot be used; 130 interrupted (the report is still written).`

async function run(file: string, flags: RunFlags): Promise<void> {
  const scenario = await readScenario(file, flags)
  const stop = stopOnSignal()
  const progress = createProgressWriter(process.stderr)
  const endsAt = shift(scenario.time.start, scenario.time.durationMs)
  const onProgress = ({ totals, ...where }: Progress): void =>
    progress.show({ ...where, ...totals, startedAt: scenario.time.start, endsAt })
  const replay = replayCommand(file, scenario, flags)
  process.stderr.write(`${scenario.name}, seed ${scenario.seed}: starting the edge\n`)
  const done = await start({ scenario, file, replay, port: flags.port, signal: stop, onProgress })
  progress.clear()
  await report(done, flags)
}

async function readScenario(file: string, flags: RunFlags): Promise<Scenario> {
  const text = await readFile(file, 'utf8').catch((error: unknown) =>
    unusable(`cannot read the scenario ${file}: ${String(error)}`),
  )
  const parsed = parseScenario(text, file)
  if (!parsed.ok) {
    for (const error of parsed.error) console.error(formatScenarioError(error))
    return unusable(`${file} is not a scenario that can be run`)
  }
  return withOverrides(parsed.value, flags)
}

/** The first Ctrl-C ends the run in order; a second one ends the process at once. */
function stopOnSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      process.stderr.write('\nstopping: the report of what happened so far is being written\n')
      controller.abort()
      process.once(name, () => process.exit(130))
    })
  }
  return controller.signal
}

async function start(options: Parameters<typeof runLocally>[0]): Promise<Run> {
  try {
    return await runLocally(options)
  } catch (error) {
    return unusable(error instanceof Error ? error.message : String(error))
  }
}

async function report({ result, log }: Run, flags: RunFlags): Promise<void> {
  const events = await writeEventLog(flags.report, log)
  const paths = await writeReport(flags.report, result)
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(result)}\n`)
  } else {
    const isColoured = wantsColour(process.stdout, process.env)
    process.stdout.write(`report  ${paths.html}\n        ${paths.json}\n        ${events}\n\n`)
    process.stdout.write(
      renderTerminal(result, { width: process.stdout.columns ?? 100, isColoured }),
    )
  }
  if (result.ended === 'interrupted') process.exitCode = 130
  else process.exitCode = result.verdict === 'pass' ? 0 : 1
}
