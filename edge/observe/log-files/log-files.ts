import type { RandomOctets } from '#shared/session/token.ts'
import type { Clock, Instant } from '#shared/time.ts'
import type { Sql } from '../../sqlite/sql.ts'
import type { BatchAnswer, LogBatch } from './log-batch.ts'
import { logFileKey, type LogFile, type LogFileNaming } from './log-file-key.ts'
import { createLogStore, type LogFigures, type LogStoreBounds } from './log-store.ts'
import { writeDueFiles } from './write-files.ts'

export interface LogFilesPorts extends LogStoreBounds {
  readonly sql: Sql
  /** Calls `alarm` at that instant, once; a later call takes the place of the one before. */
  readonly setAlarm: (at: Instant) => Promise<void>
  readonly put: (key: string, octets: Uint8Array) => Promise<void>
  readonly naming: LogFileNaming
  /** The one that alarms go by. */
  readonly clock: Clock
  readonly random: RandomOctets
  readonly report: (problem: string) => void
}

/**
 * One node of the connection log: takes lines, and writes them into a bucket, one file or more an
 * interval. What it answered `taken` of is in its database, and stays there through any restart until
 * the file that holds it is written.
 */
export interface LogFiles {
  /** After every start: sees to it that what was taken before is written. */
  resume(): Promise<void>
  /** @param node this node's number, for the names of its files */
  take(batch: LogBatch, node: number): Promise<BatchAnswer>
  alarm(): Promise<void>
  figures(): LogFigures
}

/** Opens the node whose database this is. */
export function openLogFiles(ports: LogFilesPorts): LogFiles {
  const { clock, naming, random, put, report } = ports
  const store = createLogStore(ports.sql, ports)
  // The alarm that is set; undefined where none is known.
  let wakesAt: Instant | undefined
  const wakeAt = async (at: Instant): Promise<void> => {
    if (wakesAt !== undefined && wakesAt <= at) return
    wakesAt = at
    await ports.setAlarm(at)
  }
  const nameOf = (file: LogFile): string => logFileKey(naming, file, random)
  return {
    async resume() {
      // Whatever became of an alarm that was set before.
      if (store.figures().linesWaiting > 0) await wakeAt(clock.now())
    },
    async take(batch, node) {
      const answer = store.take(batch, node, clock.now())
      const due = store.due()
      if (due !== undefined) await wakeAt(due)
      return answer
    },
    async alarm() {
      wakesAt = undefined
      const again = await writeDueFiles({ clock, store, nameOf, put, report })
      if (again !== undefined) await wakeAt(again)
    },
    figures: () => store.figures(),
  }
}
