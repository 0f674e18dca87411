import { rmSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { eventFormats, type EventFormat } from './formats.ts'
import { createJsonlFile } from './jsonl-file.ts'
import type { LineFile } from './line-file.ts'
import { createParquetFile } from './parquet-file.ts'

/** Where a run's events go. */
export interface EventSink {
  /** Takes lines of the log, whoever brings them; wait before more are brought, so that memory holds few. */
  take(lines: readonly string[]): Promise<void>
  /** Puts the file in its place, whole, and tells which it is. */
  close(): Promise<string>
}

const create: Readonly<Record<EventFormat, (path: string) => Promise<LineFile>>> = {
  jsonl: createJsonlFile,
  parquet: createParquetFile,
}

/** The file of a directory's event log in a form. */
export function eventFile(dir: string, format: EventFormat): string {
  return join(dir, `events.${format}`)
}

/**
 * Opens the event log of a report's directory, which is made if it is missing. An event log that lies
 * there is replaced when this one is closed, in whatever form it is. Throws an Error that names the
 * directory where it cannot be written to.
 */
export async function openEventSink(dir: string, format: EventFormat): Promise<EventSink> {
  const path = eventFile(dir, format)
  const part = `${path}.${process.pid}.part`
  const file = await openPart(dir, part, create[format])
  // A process that ends before its run is over leaves no half of a file.
  const forget = (): void => rmSync(part, { force: true })
  process.once('exit', forget)
  let written = Promise.resolve()
  return {
    take(lines) {
      written = written.then(() => file.write(lines))
      return written
    },
    async close() {
      await written
      await file.end()
      await forgetEvents(dir)
      await rename(part, path)
      process.off('exit', forget)
      return path
    },
  }
}

/** Takes the event log of an earlier run away: one that lies beside another run's report would mislead. */
export async function forgetEvents(dir: string): Promise<void> {
  for (const format of eventFormats) await rm(eventFile(dir, format), { force: true })
}

async function openPart(
  dir: string,
  part: string,
  open: (path: string) => Promise<LineFile>,
): Promise<LineFile> {
  try {
    await mkdir(dir, { recursive: true })
    return await open(part)
  } catch (cause) {
    // Which package is missing is told by whoever knows how to install it.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND') {
      throw cause
    }
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`cannot write events into the directory ${dir}: ${why}`, { cause })
  }
}
