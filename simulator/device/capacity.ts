import type { Instant } from '#shared/time.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'

/**
 * Whether the CA has room for one more request at an instant; asked in the order in which devices
 * come, it is one for all of them: an engine that asks side by side, or in shards, has no such order.
 */
export type TakeCapacity = (at: Instant) => boolean

/** The scenario's CA: a bucket that its rate fills, and that holds what it can do in one tick. */
export function createCapacity({ pki, time }: Scenario): TakeCapacity {
  const { ratePerSecond } = pki.ca
  if (ratePerSecond === undefined) return () => true
  const most = Math.max(1, (ratePerSecond * time.tickMs) / 1000)
  let [room, filledAt]: [number, number] = [most, time.start]
  return (at) => {
    room = Math.min(most, room + ((at - filledAt) / 1000) * ratePerSecond)
    filledAt = at
    if (room < 1) return false
    room -= 1
    return true
  }
}
