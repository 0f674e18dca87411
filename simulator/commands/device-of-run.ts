import { createReadStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Result } from '#shared/result.ts'
import { missingPackage } from '../missing-package.ts'
import { createDeviceStory, type DeviceStory } from '../report/device-story/device-story.ts'
import { checkLogLine, readLogLine, type LogLine } from '../report/device-story/log-line.ts'
import { renderStory } from '../report/device-story/print.ts'
import { eventFile } from '../report/event-log/event-sink.ts'
import { eventFormats } from '../report/event-log/formats.ts'
import { parquetEvents } from '../report/event-log/parquet-events.ts'
import { formatCount } from '../report/format.ts'
import { createPaint, printable, wantsColour } from '../report/paint.ts'
import { nearest } from '../scenario/nearest.ts'
import { linesOf } from './batch-lines.ts'
import { fileFault, unusable } from './options.ts'

/** A line of the log has some 250 octets; one with long names a few times as many. */
const lineOctetsMax = 65_536

/** Names told where the one that was asked for is not there. */
const namesMax = 3

/** Prints the story of one device of a run. Ends the command where the run knows no such device. */
export async function tellDevice(
  id: string,
  { run, json }: { readonly run: string; readonly json?: true },
): Promise<void> {
  const story = createDeviceStory(id)
  await readLog(run, story)
  if (!story.isKnown()) return unusable(unknownDevice(id, story.names()))
  const moments = story.moments()
  if (json === true) {
    const told = moments.map(({ line, told: text }) => ({ ...line, told: text }))
    process.stdout.write(`${JSON.stringify({ device: id, run, moments: told }, undefined, 2)}\n`)
  } else {
    const paint = createPaint(wantsColour(process.stdout, process.env))
    process.stdout.write(renderStory(id, moments, paint))
  }
}

async function readLog(run: string, story: DeviceStory): Promise<void> {
  let lines = 0
  try {
    for await (const line of logLines(await logFile(run))) {
      story.take(line)
      lines += 1
    }
  } catch (error) {
    if (missingPackage(error) !== undefined) throw error
    return unusable(`cannot read the event log of a run: ${fileFault(run, error)}`)
  }
  if (lines === 0) unusable(`the event log in ${run} is empty: was the run ended before it began?`)
}

/** A directory stands for the event log in it, in whatever form that is. */
async function logFile(run: string): Promise<string> {
  if (!(await stat(run)).isDirectory()) return run
  const found = eventFormats
    .map((format) => eventFile(run, format))
    .find((path) => existsSync(path))
  return (
    found ??
    unusable(
      `${run} has no event log: of more than 2,000 devices in virtual time one is kept where it is ` +
        `asked for; run it again with --events jsonl or with fewer --devices`,
    )
  )
}

async function* logLines(file: string): AsyncGenerator<LogLine> {
  if (file.endsWith('.parquet')) {
    let row = 0
    for await (const event of parquetEvents(file)) {
      row += 1
      yield lineAt(`${file}, row ${row}`, checkLogLine(event))
    }
    return
  }
  for await (const { number, text } of linesOf(createReadStream(file), lineOctetsMax)) {
    const place = `${file}:${number}`
    if (text === undefined) return unusable(`${place}: longer than ${lineOctetsMax} characters`)
    yield lineAt(place, readLogLine(text))
  }
}

function lineAt(place: string, line: Result<LogLine, string>): LogLine {
  return line.ok ? line.value : unusable(`${place}: not a line of an event log: ${line.error}`)
}

function unknownDevice(id: string, names: readonly string[]): string {
  const near = nearNames(id, names)
  const hint = near.length === 0 ? `like ${names[0] ?? 'none'}` : `perhaps ${near.join(', ')}`
  return printable(
    `the run has no device ${JSON.stringify(id)}, but knows ${formatCount(names.length)} others: ${hint}`,
  )
}

/** The same name with other zeros, `car-1` for `car-0001`; else those that a slip makes of it. */
function nearNames(id: string, names: readonly string[]): readonly string[] {
  const padded = names.filter((name) => withoutZeros(name) === withoutZeros(id))
  if (padded.length > 0) return padded.slice(0, namesMax)
  const found: string[] = []
  for (let left = names; found.length < namesMax;) {
    const next = nearest(id, left)
    if (next === undefined) break
    found.push(next)
    left = left.filter((name) => name !== next)
  }
  return found
}

function withoutZeros(name: string): string {
  return name.replace(/-0+/, '-')
}
