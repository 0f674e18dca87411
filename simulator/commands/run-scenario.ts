import { readFile } from 'node:fs/promises'
import { shift } from '#shared/time.ts'
import { runLocally, writeEventLog, type Progress, type Run } from '../engine/run.ts'
import { wantsColour } from '../report/paint.ts'
import { createProgressWriter } from '../report/progress.ts'
import { renderTerminal } from '../report/terminal.ts'
import { writeReport } from '../report/write-report.ts'
import { formatScenarioError, parseScenario } from '../scenario/parse.ts'
import { withOverrides } from '../scenario/overrides.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { messageOf, unusable } from './options.ts'
import { replayCommand } from './replay.ts'
import { runAgainstTarget } from './run-target.ts'
import type { RunFlags } from './run-flags.ts'

/** Runs one scenario and reports on it. The exit status is set, and the process left to end. */
export async function runScenario(file: string, flags: RunFlags): Promise<void> {
  const scenario = await readScenario(file, flags)
  const signal = stopOnSignal()
  const replay = replayCommand(file, scenario, flags)
  const onProgress = showProgress(scenario)
  const common = { scenario, file, replay, signal, onProgress }
  const done = await start(() =>
    flags.target === undefined
      ? runLocally({ ...common, port: flags.port })
      : runAgainstTarget(common, flags.target, flags),
  )
  await report(done, flags)
}

async function readScenario(file: string, flags: RunFlags): Promise<Scenario> {
  const text = await readFile(file, 'utf8').catch((error: unknown) =>
    unusable(`cannot read the scenario: ${messageOf(error)}`),
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
