import type { Instant } from '#shared/time.ts'
import { outageEnd, type PlacedOutage } from '../scenario/outages.ts'
import type { Recovery } from './run-result.ts'

/** Watches who asks the CA in vain during an outage, and when each of them gets its certificate. */
export interface RecoveryLog {
  failed(device: string, at: Instant): void
  served(device: string, at: Instant): void
  recoveries(): readonly Recovery[]
}

interface Watched {
  readonly outage: PlacedOutage
  readonly waiting: Set<string>
  failed: number
  lastServedAt: Instant | undefined
}

export function createRecoveryLog(outages: readonly PlacedOutage[]): RecoveryLog {
  const watched = outages.map((outage): Watched => {
    return { outage, waiting: new Set(), failed: 0, lastServedAt: undefined }
  })
  return {
    failed(device, at) {
      for (const each of watched) {
        if (outageEnd([each.outage], at) === undefined || each.waiting.has(device)) continue
        each.waiting.add(device)
        each.failed += 1
      }
    },
    served(device, at) {
      for (const each of watched) if (each.waiting.delete(device)) each.lastServedAt = at
    },
    recoveries: () =>
      watched.map(({ outage, waiting, failed, lastServedAt }) => ({
        ...outage,
        failed,
        waiting: waiting.size,
        recoveredMs: Math.max(0, (lastServedAt ?? outage.until) - outage.until),
      })),
  }
}
