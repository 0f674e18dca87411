import { setTimeout as pause } from 'node:timers/promises'
import type { Fault } from '../chaos/orders.ts'
import type { SoakPlane } from './revocation-processes.ts'

/** What goes wrong while revocations are made. */
export const faults = [
  'none',
  'restart',
  'slow-r2',
  'r2-errors',
  'cold',
  'shards-away',
  'kill-at-list',
] as const
export type FaultName = (typeof faults)[number]

/** When the control plane, or what it stores, was away. */
export interface Outage {
  readonly from: number
  readonly until: number
}

export interface Suffering {
  readonly plane: SoakPlane
  readonly names: readonly string[]
  readonly fault: FaultName
  readonly maxStalenessMs: number
  readonly outages: Outage[]
}

/** Between two of its deaths: enough for a change, and too little for a worker to forget the last. */
const restartEveryMs = 2000
/** How slow a slow bucket is. */
const slowMs = 1000

const sufferedAllTheTime: Partial<Record<FaultName, Fault>> = {
  'slow-r2': { bucket: slowMs },
  'r2-errors': { bucket: 'flaky' },
}

/** Makes the fault go on until it is stopped. */
export async function suffer(signal: AbortSignal, suffering: Suffering): Promise<void> {
  const { plane, fault, outages } = suffering
  const suffered = sufferedAllTheTime[fault]
  if (suffered !== undefined) await sufferAll(suffering, suffered)
  if (fault !== 'restart') return
  while (!signal.aborted) {
    const from = performance.now()
    await plane.restart()
    outages.push({ from, until: performance.now() })
    await waited(restartEveryMs, signal)
  }
}

/**
 * Makes a list under the faults that belong to one: `shards-away` is a bucket that holds back the
 * shards of the new list, `kill-at-list` a control plane that dies when half of the workers know of it.
 * Either is over after twice the bound.
 */
export async function makeListUnder(
  suffering: Suffering,
  make: () => Promise<void>,
): Promise<void> {
  const { fault, plane, maxStalenessMs, outages } = suffering
  const outageMs = 2 * maxStalenessMs
  if (fault === 'shards-away') {
    await sufferAll(suffering, { bucket: 'large' })
    await make()
    const from = performance.now()
    await pause(outageMs)
    await sufferAll(suffering, {})
    outages.push({ from, until: performance.now() })
    return
  }
  await make()
  if (fault !== 'kill-at-list') return
  // Workers ask from half the bound on: until half of that half of them have.
  await pause(maxStalenessMs / 4)
  const from = performance.now()
  await sufferAll(suffering, { bucket: 'broken', feed: 'broken' })
  await plane.restart()
  await pause(outageMs)
  await sufferAll(suffering, {})
  outages.push({ from, until: performance.now() })
}

async function sufferAll({ plane, names }: Suffering, fault: Fault): Promise<void> {
  await Promise.all(names.map((name) => plane.suffer(name, fault)))
}

/** So long, or until it is aborted. */
export async function waited(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined)
}
