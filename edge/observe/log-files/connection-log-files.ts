import { DurableObject } from 'cloudflare:workers'
import { runtimeClock } from '../../ports.ts'
import { durableSql } from '../../sqlite/durable-sql.ts'
import type { BatchAnswer, LogBatch } from './log-batch.ts'
import { logIntervalMs } from './log-file-key.ts'
import { openLogFiles, type LogFiles } from './log-files.ts'
import { storedOctetsMax, type LogFigures, type LogStoreBounds } from './log-store.ts'
import { readLogFiles, type LogFileVariables } from './read-log-files.ts'

/** What the object needs bound. */
export interface LogFilesBindings extends LogFileVariables {
  /** Where files go. */
  readonly LOGS: R2Bucket
}

/** One node of the connection log as a Durable Object, asked over RPC. */
export class ConnectionLogFiles extends DurableObject<LogFilesBindings> {
  readonly #files: LogFiles

  constructor(state: DurableObjectState, env: LogFilesBindings) {
    super(state, env)
    this.#files = durableLogFiles(state, env, { intervalMs: logIntervalMs, storedOctetsMax })
  }

  take(batch: LogBatch, node: number): Promise<BatchAnswer> {
    return this.#files.take(batch, node)
  }

  figures(): LogFigures {
    return this.#files.figures()
  }

  override alarm(): Promise<void> {
    return this.#files.alarm()
  }
}

/** The node whose state this is; nothing reaches it before it has resumed. Throws where `env` is wrong. */
export function durableLogFiles(
  state: DurableObjectState,
  env: LogFilesBindings,
  bounds: LogStoreBounds,
): LogFiles {
  const settings = readLogFiles(env)
  if (!settings.ok) throw new Error(`log files: ${JSON.stringify(settings.error)}`)
  const files = openLogFiles({
    sql: durableSql(state.storage),
    setAlarm: (at) => state.storage.setAlarm(at),
    put: async (key, octets) => {
      await env.LOGS.put(key, octets, { httpMetadata: { contentType: 'application/gzip' } })
    },
    naming: settings.value.naming,
    clock: runtimeClock,
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    report: (problem) => console.error(problem),
    ...bounds,
  })
  void state.blockConcurrencyWhile(() => files.resume())
  return files
}
