import { access, constants, mkdir } from 'node:fs/promises'
import { shift } from '#shared/time.ts'
import type { Dashboard } from '../dashboard/server.ts'
import { runLocally, type Progress, type Run } from '../engine/run.ts'
import { forgetEvents, openEventSink, type EventSink } from '../report/event-log/event-sink.ts'
import { wantsColour } from '../report/paint.ts'
import { formatCount } from '../report/format.ts'
import { createProgressWriter } from '../report/progress.ts'
import { renderTerminal } from '../report/terminal.ts'
import { writeReport } from '../report/write-report.ts'
import { withOverrides } from '../scenario/overrides.ts'
import { onboardingFleets } from '../scenario/onboarding.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { messageOf, unusable } from './options.ts'
import { readScenarioFile } from './scenario/read.ts'
import { replayCommand } from './replay.ts'
import { listenForKeys, type RunKeys } from './run-keys.ts'
import { runAgainstTarget } from './run-target.ts'
import { isLivedOnThreads, runInVirtualTime } from './run-virtual.ts'
import type { RunFlags } from './run-flags.ts'

/** Runs one scenario and reports on it. The exit status is set, and the process left to end. */
export async function runScenario(file: string, flags: RunFlags): Promise<void> {
  const scenario = withOverrides(await readScenarioFile(file), flags)
  const engine = flags.engine ?? (isForVirtualTime(scenario, flags) ? 'virtual' : 'wire')
  refuseMisfits(engine, scenario, flags)
  await prepareDirectory(flags.report)
  const signal = stopOnSignal()
  const replay = replayCommand(file, scenario, flags)
  const events = await openEventsOf(flags)
  const dashboard = await openDashboardOf(scenario, flags)
  const isPausable =
    flags.target === undefined && (engine === 'wire' || !isLivedOnThreads(scenario, flags))
  const keys = isPausable ? listenAtTerminal() : undefined
  const showLine = showProgress(scenario, keys?.hint)
  const onProgress = (progress: Progress): void => {
    showLine(progress)
    dashboard?.show(progress)
  }
  const common = { scenario, file, replay, signal, onProgress, hold: keys?.hold }
  const done = await start(() =>
    engine === 'virtual'
      ? runInVirtualTime(common, flags, events)
      : flags.target === undefined
        ? runLocally({ ...common, port: flags.port, clientProcesses: flags.clientProcesses })
        : runAgainstTarget(common, flags.target, flags),
  )
  keys?.stop()
  await dashboard?.end(done)
  await report(done, events, flags)
}

/** Before the run where a form is asked for: what the form needs is missed now, not hours later. */
async function openEventsOf({ events, report: dir }: RunFlags): Promise<EventSink | undefined> {
  return events === undefined ? undefined : openEventSink(dir, events)
}

/** Loaded only where it is asked for. */
async function openDashboardOf(
  scenario: Scenario,
  { dashboard: port }: RunFlags,
): Promise<Dashboard | undefined> {
  if (port === undefined) return undefined
  const { openDashboard } = await import('../dashboard/server.ts')
  try {
    const dashboard = await openDashboard(scenario, port === true ? 0 : port)
    process.stderr.write(`dashboard  ${dashboard.url}\n`)
    return dashboard
  } catch (error) {
    return unusable(messageOf(error))
  }
}

/**
 * Real sockets for every device of a scenario that says it is too large for them would take days; and
 * an EST server with its registry stands in the process of the virtual engine alone.
 */
function isForVirtualTime(scenario: Scenario, { scale, devices, target }: RunFlags): boolean {
  if (scenario.engine !== 'virtual' || target !== undefined) return false
  return onboards(scenario) || (scale === undefined && devices === undefined)
}

const onboards = (scenario: Scenario): boolean => onboardingFleets(scenario).length > 0

/** Ten times the largest scenario that ships: far more would end for want of memory, not in words. */
const devicesMax = 10_000_000

function refuseMisfits(
  engine: 'wire' | 'virtual',
  scenario: Scenario,
  { clientProcesses, shards, logHash, target }: RunFlags,
): void {
  const devices = scenario.fleets.reduce((sum, { count }) => sum + count, 0)
  if (devices > devicesMax) {
    unusable(`${formatCount(devices)} devices: expected at most ${formatCount(devicesMax)}`)
  }
  if (engine === 'virtual' && scenario.engine === 'wire') {
    unusable('the scenario resumes TLS sessions, which virtual time has none of: use real sockets')
  }
  if (engine === 'wire' && onboards(scenario)) {
    unusable(
      'the scenario onboards its fleet, which is lived in virtual time: --engine virtual, and no --target',
    )
  }
  if (engine === 'virtual' && target !== undefined) {
    unusable('--target is reached over real sockets: leave --engine virtual away')
  }
  if (engine === 'virtual' && clientProcesses !== undefined) {
    unusable('--client-processes goes with real sockets: --engine wire')
  }
  if (engine === 'wire' && (shards !== undefined || logHash !== undefined)) {
    unusable('--shards and --log-hash go with --engine virtual')
  }
}

/** Before the run: that its report cannot be written is told now, not hours later. */
async function prepareDirectory(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true })
    await access(dir, constants.W_OK)
  } catch (error) {
    unusable(`cannot write the report into the directory ${dir}: ${messageOf(error)}`)
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

/** Only where a run can be paused: real time cannot, and lives on threads are told of when they are over. */
function listenAtTerminal(): RunKeys | undefined {
  if (!process.stderr.isTTY || isDumb()) return undefined
  return listenForKeys(process.stdin, {
    say: rewriteLine,
    quit: () => process.kill(process.pid, 'SIGINT'),
  })
}

/** A terminal that can erase nothing (terminfo's `dumb`): lines stay, as in a file. */
function isDumb(): boolean {
  return process.env['TERM'] === 'dumb'
}

const appended = { write: (text: string) => process.stderr.write(text) }

function rewriteLine(text: string): void {
  process.stderr.write(`\r\u001B[K${text}`)
}

function showProgress({ name, seed }: Scenario, hint?: string): (progress: Progress) => void {
  process.stderr.write(`${name}, seed ${seed}: starting\n`)
  const writer = createProgressWriter(isDumb() ? appended : process.stderr, hint)
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

async function report(
  { result, log }: Run,
  asked: EventSink | undefined,
  flags: RunFlags,
): Promise<void> {
  const events = await writeEvents(log, asked, flags)
  const paths = await writeReport(flags.report, result).catch((error: unknown) =>
    unusable(messageOf(error)),
  )
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(result)}\n`)
  } else {
    const isColoured = wantsColour(process.stdout, process.env)
    const width = process.stdout.columns ?? 100
    const written = [paths.html, paths.json, paths.junit, paths.metrics, events ?? noEvents]
    process.stdout.write(`\nreport  ${written.join('\n        ')}\n\n`)
    process.stdout.write(renderTerminal(result, { width, isColoured }))
  }
  if (result.ended === 'interrupted') process.exitCode = 130
  else process.exitCode = result.verdict === 'pass' ? 0 : 1
}

const noEvents = '(no event log of so many devices: --events jsonl or parquet keeps one)'

/** Undefined where the run kept no log and was asked for none. */
async function writeEvents(
  log: readonly string[],
  asked: EventSink | undefined,
  { report: dir }: RunFlags,
): Promise<string | undefined> {
  if (asked === undefined && log.length === 0) {
    await forgetEvents(dir)
    return undefined
  }
  const sink = asked ?? (await openEventSink(dir, 'jsonl'))
  await sink.take(log)
  return sink.close()
}
