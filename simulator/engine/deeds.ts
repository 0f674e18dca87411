import type { Instant } from '#shared/time.ts'
import type { LedgerCertificate } from '../ca/ledger.ts'
import type { Attempt, Observation } from '../oracle/attempt.ts'
import type { LifecycleEvent } from '../report/planned-events.ts'

/** What one actor did at one instant: told to the world when the instant is over, in a fixed order. */
export interface Deeds {
  readonly attempts: { readonly attempt: UnnumberedAttempt; readonly observation: Observation }[]
  readonly events: { readonly event: string; readonly facts: Record<string, unknown> }[]
  readonly happened: LifecycleEvent[]
  /** Certificates that the CA issued to strangers, which no device tells of. */
  readonly issued: LedgerCertificate[]
  /** Instants at which the actor wants to act again. */
  readonly wakes: Instant[]
}

/** An attempt before the world numbers it and says in which phase it was. */
export type UnnumberedAttempt = Omit<Attempt, 'id' | 'phase'>

export function noDeeds(): Deeds {
  return { attempts: [], events: [], happened: [], issued: [], wakes: [] }
}

/** One actor's deeds after another's. */
export function mergeDeeds(first: Deeds, second: Deeds): Deeds {
  return {
    attempts: [...first.attempts, ...second.attempts],
    events: [...first.events, ...second.events],
    happened: [...first.happened, ...second.happened],
    issued: [...first.issued, ...second.issued],
    wakes: [...first.wakes, ...second.wakes],
  }
}
