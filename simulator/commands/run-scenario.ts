import { shift } from '#shared/time.ts'
import { runLocally, writeEventLog, type Progress, type Run } from '../engine/run.ts'
import { wantsColour } from '../report/paint.ts'
import { createProgressWriter } from '../report/progress.ts'
import { renderTerminal } from '../report/terminal.ts'
import { writeReport } from '../report/write-report.ts'
import { withOverrides } from '../scenario/overrides.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { messageOf, unusable } from './options.ts'
import { readScenarioFile } from './scenario/read.ts'
import { replayCommand } from './replay.ts'
import { runAgainstTarget } from './run-target.ts'
import { runInVirtualTime } from './run-virtual.ts'
import type { RunFlags } from './run-flags.ts'

/** Runs one scenario and reports on it. The exit status is set, and the process left to end. */
export async function runScenario(file: string, flags: RunFlags): Promise<void> {
  const scenario = withOverrides(await readScenarioFile(file), flags)
  const engine = flags.engine ?? (isTooLarge(scenario, flags) ? 'virtual' : 'wire')
  refuseMisfits(engine, scenario, flags)
  const signal = stopOnSignal()
  const replay = replayCommand(file, scenario, flags)
  const onProgress = showProgress(scenario)
  const common = { scenario, file, replay, signal, onProgress }
  const done = await start(() =>
    engine === 'virtual'
      ? runInVirtualTime(common, flags)
      : flags.target === undefined
        ? runLocally({ ...common, port: flags.port })
        : runAgainstTarget(common, flags.target, flags),
  )
  await report(done, flags)
}

/** Real sockets for every device of a scenario that says it is too large for them would take days. */
function isTooLarge({ engine }: Scenario, { scale, devices, target }: RunFlags): boolean {
  return (
    engine === 'virtual' && scale === undefined && devices === undefined && target === undefined
  )
}

function refuseMisfits(
  engine: 'wire' | 'virtual',
  scenario: Scenario,
  { shards, logHash, target }: RunFlags,
): void {
  if (engine === 'virtual' && scenario.engine === 'wire') {
    unusable('the scenario resumes TLS sessions, which virtual time has none of: use real sockets')
  }
  if (engine === 'virtual' && target !== undefined) {
    unusable('--target is reached over real sockets: leave --engine virtual away')
  }
  if (engine === 'wire' && (shards !== undefined || logHash !== undefined)) {
    unusable('--shards and --log-hash go with --engine virtual')
  }
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

function showProgress({ name, seed }: Scenario): (progress: Progress) => void {
  process.stderr.write(`${name}, seed ${seed}: starting\n`)
  const writer = createProgressWriter(process.stderr)
  process.once('exit', () => writer.clear())
  return ({ totals, time, ...where }) =>
    writer.show({
      ...where,
      ...totals,
      startedAt: time.start,
      endsAt: shift(time.start, time.durationMs),
    })
}

async function start(run: () => Promise<Run>): Promise<Run> {
  try {
    return await run()
  } catch (error) {
    return unusable(messageOf(error))
  }
}

async function report({ result, log }: Run, flags: RunFlags): Promise<void> {
  const events = await writeEventLog(flags.report, log)
  const paths = await writeReport(flags.report, result)
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(result)}\n`)
  } else {
    const isColoured = wantsColour(process.stdout, process.env)
    const width = process.stdout.columns ?? 100
    process.stdout.write(`\nreport  ${paths.html}\n        ${paths.json}\n        ${events}\n\n`)
    process.stdout.write(renderTerminal(result, { width, isColoured }))
  }
  if (result.ended === 'interrupted') process.exitCode = 130
  else process.exitCode = result.verdict === 'pass' ? 0 : 1
}
