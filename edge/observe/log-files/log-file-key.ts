import type { RandomOctets } from '#shared/session/token.ts'
import { instantFromMs, isoFromInstant, type Instant } from '#shared/time.ts'

/**
 * The parts of a log file's name that are configured. ALB's connection logs have them as well
 * ("Connection logs for your Application Load Balancer", "Connection log files").
 */
export interface LogFileNaming {
  /** Stands before `AWSLogs/`; empty, or ends in `/`. */
  readonly prefix: string
  readonly account: string
  readonly region: string
  /** A load balancer's resource id without `app/`: `name/hexadecimal`. */
  readonly balancer: string
}

/** ALB writes a file for each of its nodes every five minutes. */
export const logIntervalMs = 5 * 60_000

/** The end of the interval that `now` lies in: a line of this very instant belongs to the next one. */
export function intervalEnd(now: Instant, intervalMs: number): Instant {
  return instantFromMs((Math.floor(now / intervalMs) + 1) * intervalMs)
}

export interface LogFile {
  readonly intervalEnd: Instant
  /** Which of our nodes wrote it. */
  readonly node: number
}

/**
 * The key of one file, as ALB forms it, so that what finds and reads ALB's files finds these:
 * `[prefix]AWSLogs/account/elasticloadbalancing/region/yyyy/mm/dd/conn_log_account_elasticloadbalancing_region_app.balancer_end_ip_random.log.gz`.
 *
 * A date is that of the end of the interval, which is when a file is first due. For the address of a
 * node stands one that no host has (RFC 791 3.2: network 0), with the node's number in it.
 */
export function logFileKey(
  { prefix, account, region, balancer }: LogFileNaming,
  { intervalEnd: end, node }: LogFile,
  random: RandomOctets,
): string {
  const date = isoFromInstant(end).slice(0, 10)
  const minute = `${isoFromInstant(end).slice(0, 16).replaceAll(/[-:]/g, '')}Z`
  const service = `${account}_elasticloadbalancing_${region}`
  const file = `conn_log_${service}_app.${balancer.replaceAll('/', '.')}_${minute}_0.0.0.${node}_${word(random)}`
  const folder = `${prefix}AWSLogs/${account}/elasticloadbalancing/${region}`
  return `${folder}/${date.replaceAll('-', '/')}/${file}.log.gz`
}

const letters = '0123456789abcdefghijklmnopqrstuv'

/** Eight letters, like ALB's: two files of one node and minute share a name once in 2^40. */
const word = (random: RandomOctets): string =>
  Array.from(random(8), (octet) => letters[octet % letters.length]).join('')
