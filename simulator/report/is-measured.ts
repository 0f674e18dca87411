import type { LatencySummary } from './run-result.ts'

/** Whether anything was measured: in virtual time no time passes, and every latency is 0. */
export function isMeasured({ max }: Pick<LatencySummary, 'max'>): boolean {
  return max > 0
}
