import { parseDuration } from '#shared/duration.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { LogFileNaming } from './log-file-key.ts'

/** Variables of `wrangler.toml` that name log files, all of them text. */
export type LogFileVariables = Readonly<Partial<Record<LogFileVariable, string>>>

export type LogFileVariable =
  | 'LOG_PREFIX'
  | 'LOG_ACCOUNT'
  | 'LOG_REGION'
  | 'LOG_BALANCER'
  | 'LOG_NODES'
  | 'LOG_GATHER'

export interface LogFileSettings {
  readonly naming: LogFileNaming
  /** How many Durable Objects share the lines; each writes files of its own. */
  readonly nodes: number
  /** How long an isolate gathers lines before it hands them over, in milliseconds. */
  readonly gatherMs: number
}

export interface LogFileFault {
  readonly variable: LogFileVariable
  readonly expected: string
}

/** One Durable Object answers about a thousand calls a second; 64 of them are beyond any isolate's fleet. */
const nodesMax = 64

interface Row {
  readonly otherwise: string
  /** What a value may be: written here, never made of a setting. */
  readonly allowed: RegExp
  readonly expected: string
}

const rows = {
  LOG_PREFIX: {
    otherwise: '',
    // ALB asks the same: the prefix must not include the string AWSLogs.
    allowed: /^(?!.*AWSLogs)(?:[A-Za-z0-9!_.*'()-]+\/){0,8}$/,
    expected: 'folders that each end in /, without AWSLogs, like logs/fleet/',
  },
  LOG_ACCOUNT: {
    otherwise: '000000000000',
    allowed: /^[A-Za-z0-9-]{1,64}$/,
    expected: 'an account: letters, digits and hyphens, like 123456789012',
  },
  LOG_REGION: {
    otherwise: 'auto',
    allowed: /^[a-z0-9-]{1,32}$/,
    expected: 'a region: lower-case letters, digits and hyphens, like eu-central-1',
  },
  LOG_BALANCER: {
    otherwise: 'app/sallyport/0000000000000000',
    allowed: /^app\/[A-Za-z0-9-]{1,32}\/[0-9a-f]{16}$/,
    expected: 'a load balancer’s resource id, like app/my-loadbalancer/50dc6c495c0c9188',
  },
  LOG_NODES: {
    otherwise: '1',
    allowed: /^(?:[1-9]|[1-5]\d|6[0-4])$/,
    expected: `a whole number from 1 to ${nodesMax}, like 4`,
  },
  LOG_GATHER: {
    otherwise: '0s',
    // Longer would be more lines than a crash should cost; what outlives an answer has 30 s in all.
    allowed: /^(?:[0-5]s|[1-9]\d{0,2}ms)$/,
    expected: 'from 0s to 5s, like 250ms',
  },
} as const satisfies Record<LogFileVariable, Row>

/** Reads how log files are named and by how many nodes they are written: or every fault. */
export function readLogFiles(
  variables: LogFileVariables,
): Result<LogFileSettings, readonly LogFileFault[]> {
  const faults: LogFileFault[] = []
  const text = (variable: LogFileVariable): string => {
    const { otherwise, allowed, expected } = rows[variable]
    const value = variables[variable] ?? otherwise
    if (!allowed.test(value)) faults.push({ variable, expected })
    return value
  }
  const naming = {
    prefix: text('LOG_PREFIX'),
    account: text('LOG_ACCOUNT'),
    region: text('LOG_REGION'),
    balancer: text('LOG_BALANCER').slice('app/'.length),
  }
  const nodes = Number(text('LOG_NODES'))
  const gatherMs = parseDuration(text('LOG_GATHER')) ?? 0
  return faults.length === 0 ? ok({ naming, nodes, gatherMs }) : err(faults)
}
