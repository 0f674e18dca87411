import { gunzipSync } from 'node:zlib'
import type { LogBatch } from '#edge/observe/log-files/log-batch.ts'
import { openLogFiles, type LogFiles } from '#edge/observe/log-files/log-files.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import type { Sql } from '#edge/sqlite/sql.ts'
import type { Instant } from '#shared/time.ts'
import { setClock, start, type SetClock } from '../../stage.ts'

export const minuteMs = 60_000

/** One node over a database in memory, and the bucket that it writes into. */
export interface Stand {
  readonly clock: SetClock
  files: LogFiles
  /** The alarm that is set. */
  alarmAt: Instant | undefined
  /** Objects by their keys: what is in them, unpacked. */
  readonly bucket: Map<string, string>
  /** Whether the next writes fail, and how: with nothing written, or with the answer lost. */
  fails: 'nothing' | 'before' | 'after'
  readonly problems: string[]
  /** Every write, by its key. */
  readonly puts: string[]
  /** What an end of the process leaves: the database, and the alarm if that is kept. */
  restart(): Promise<void>
  /** Turns the clock to the alarm and rings it. */
  ring(): Promise<void>
}

export async function createStand(): Promise<Stand> {
  const sql = nodeSql(':memory:')
  const stand: Stand = {
    clock: setClock(),
    files: undefined as unknown as LogFiles,
    alarmAt: undefined,
    bucket: new Map(),
    fails: 'nothing',
    problems: [],
    puts: [],
    async restart() {
      stand.files = open(sql, stand)
      await stand.files.resume()
    },
    async ring() {
      if (stand.alarmAt === undefined) throw new Error('no alarm is set')
      if (stand.alarmAt > stand.clock.now()) stand.clock.set(stand.alarmAt)
      stand.alarmAt = undefined
      await stand.files.alarm()
    },
  }
  await stand.restart()
  return stand
}

function open(sql: Sql, stand: Stand): LogFiles {
  let drawn = 0
  return openLogFiles({
    sql,
    setAlarm: async (at) => {
      stand.alarmAt = at
    },
    put: async (key, octets) => {
      stand.puts.push(key)
      if (stand.fails === 'before') throw new Error('the bucket is away')
      stand.bucket.set(key, gunzipSync(octets).toString('latin1'))
      if (stand.fails === 'after') throw new Error('the answer is lost')
    },
    naming: { prefix: '', account: '1', region: 'r', balancer: 'b/0' },
    clock: stand.clock,
    random: (count) => new Uint8Array(count).fill((drawn += 1)),
    report: (problem) => void stand.problems.push(problem),
    intervalMs: 5 * minuteMs,
    storedOctetsMax: 17 * 1024 * 1024,
  })
}

export const batchOf = (id: string, ...lines: readonly string[]): LogBatch => ({ id, lines })

export const startsAt = start
