import { shift, type Clock, type Instant } from '#shared/time.ts'
import type { LogFile } from './log-file-key.ts'
import type { LogStore, PlannedFile } from './log-store.ts'

export interface WritePorts {
  readonly clock: Clock
  readonly store: LogStore
  /** The key of a new file. */
  readonly nameOf: (file: LogFile) => string
  /** Writes one object, or writes it again with the same octets. */
  readonly put: (key: string, octets: Uint8Array) => Promise<void>
  /** That a file could not be written: it is tried again. */
  readonly report: (problem: string) => void
}

/** Files written in one go: an alarm may take fifteen minutes and, unless told otherwise, 30 s of CPU. */
const filesMax = 8

/** Milliseconds before a file that failed is tried again: they double up to an interval of ALB's. */
const firstRetryMs = 5_000
const lastRetryMs = 5 * 60_000

/**
 * Writes what is due: each file whole, and its lines are let go only when it is there. Where that
 * fails everything stays as it is.
 *
 * @returns when to come again; undefined where no line waits
 */
export async function writeDueFiles(ports: WritePorts): Promise<Instant | undefined> {
  const { clock, store, nameOf } = ports
  for (let files = 0; files < filesMax; files += 1) {
    const file = store.nextFile(clock.now(), nameOf)
    if (file === undefined) {
      store.forget(clock.now())
      return store.due()
    }
    const isWritten = await write(ports, file)
    if (!isWritten) return shift(clock.now(), retryAfterMs(file))
  }
  return clock.now()
}

/** @param file as it was before this failure */
function retryAfterMs({ failures }: PlannedFile): number {
  return Math.min(firstRetryMs * 2 ** Math.min(failures, 16), lastRetryMs)
}

async function write({ store, put, report }: WritePorts, file: PlannedFile): Promise<boolean> {
  try {
    await put(file.key, await gzip(store.linesOf(file)))
  } catch (error) {
    store.failed(file)
    report(
      `the log file ${file.key} was not written (${file.failures + 1} times): ${String(error)}`,
    )
    return false
  }
  store.written(file)
  return true
}

/** RFC 1952. Each text ends in a line's end. */
async function gzip(texts: readonly string[]): Promise<Uint8Array> {
  const { readable, writable } = new CompressionStream('gzip')
  const compressed = new Response(readable).arrayBuffer()
  const writer = writable.getWriter()
  const utf8 = new TextEncoder()
  for (const text of texts) await writer.write(utf8.encode(text))
  await writer.close()
  return new Uint8Array(await compressed)
}
