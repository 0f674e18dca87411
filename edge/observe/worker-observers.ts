import { err, ok, type Result } from '#shared/result.ts'
import type { Ports } from '../context.ts'
import { analyticsOf } from './analytics.ts'
import {
  readLogFiles,
  type LogFileSettings,
  type LogFileVariables,
} from './log-files/read-log-files.ts'
import { workerLog, type LogNodes } from './log-files/worker-log.ts'

/** Bindings of `wrangler.toml` by which a worker is observed; each may be left out. */
export interface ObserverBindings extends LogFileVariables {
  /** Writes the connection log into files of the bucket LOGS; without it lines are printed. */
  readonly CONNECTION_LOG_FILES?: LogNodes
  readonly LOGS?: R2Bucket
  /** Where decisions are counted for all isolates together. */
  readonly ANALYTICS?: AnalyticsEngineDataset
}

export type Observers = (
  ports: Pick<Ports, 'clock' | 'random' | 'metrics' | 'log'>,
) => Pick<Ports, 'log' | 'figures' | 'analytics'>

interface ObserverFault {
  readonly variable: string
  readonly expected: string
}

/** Reads how a worker is observed: what its ports become by it, or every fault. */
export function readObservers(env: ObserverBindings): Result<Observers, readonly ObserverFault[]> {
  const { CONNECTION_LOG_FILES: nodes, LOGS } = env
  const analytics = env.ANALYTICS && analyticsOf(env.ANALYTICS)
  if (nodes === undefined) return ok(({ log }) => ({ log, analytics }))
  const files: Result<LogFileSettings, readonly ObserverFault[]> =
    LOGS === undefined ? err([bucketWanted]) : readLogFiles(env)
  if (!files.ok) return files
  return ok((ports) => ({ ...workerLog(nodes, files.value, ports), analytics }))
}

const bucketWanted = { variable: 'LOGS', expected: 'a bucket, where CONNECTION_LOG_FILES is bound' }
