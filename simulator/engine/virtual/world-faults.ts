import { shift, type Instant } from '#shared/time.ts'
import { isPutIn } from '../../report/expectations.ts'
import { edgeClock, type ChaosEvent, type Scenario } from '../../scenario/scenario.ts'

/** A fault begins, or what it changed is as before. */
export interface FaultStage {
  readonly at: Instant
  readonly fault: ChaosEvent['fault']
  readonly stage: 'begins' | 'ends'
}

/**
 * Whether a fault is a function of time alone, the same for every device whoever else there is. An
 * edge's clock and an edge that is cut off are none: what it then knows depends on who asked it before.
 */
export function isLivable({
  fault,
  on,
}: {
  readonly fault: string
  readonly on?: unknown
}): boolean {
  return fault === 'clock.jump' ? on !== edgeClock : livable.includes(fault)
}

const livable: readonly string[] = [
  'ca.down',
  'crl.publisher_down',
  'gateway.restart',
] satisfies ChaosEvent['fault'][]

/** The faults that the world puts in before its end, in order, as its log tells of them. */
export function faultStages({
  chaos,
  time,
}: Pick<Scenario, 'chaos' | 'time'>): readonly FaultStage[] {
  const end = shift(time.start, time.durationMs)
  return chaos
    .filter(({ fault }) => isPutIn(fault))
    .flatMap(({ fault, atMs, forMs }): FaultStage[] => {
      const at = shift(time.start, atMs)
      const begins = { at, fault, stage: 'begins' } as const
      // A restart is over when it has begun.
      if (forMs === 0 || fault === 'gateway.restart') return [begins]
      return [begins, { at: shift(at, forMs), fault, stage: 'ends' }]
    })
    .filter(({ at }) => at < end)
    .toSorted((a, b) => a.at - b.at)
}

/** When the edge is started anew, and cuts every connection. */
export function restartInstants(scenario: Pick<Scenario, 'chaos' | 'time'>): readonly Instant[] {
  return faultStages(scenario).flatMap(({ fault, at }) => (fault === 'gateway.restart' ? [at] : []))
}
