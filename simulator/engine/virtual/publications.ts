import { shift, type Instant } from '#shared/time.ts'
import type { Ledger, LedgerList } from '../../ca/ledger.ts'
import type { PlannedRevocation } from '../../device/plan.ts'
import { outageEnd, publisherOutages } from '../../scenario/outages.ts'
import type { Scenario } from '../../scenario/scenario.ts'

/** Lists of every authority that are due at one instant. Complete ones have all that deltas would. */
export interface ListsDue {
  readonly at: Instant
  readonly kind: 'complete' | 'delta'
}

/** The lists that are published, in order: the regular ones, after each revocation and each outage. */
export function publishedLists(
  scenario: Scenario,
  revocations: readonly PlannedRevocation[],
): readonly ListsDue[] {
  const silences = publisherOutages(scenario)
  return dueLists(scenario, revocations).filter(({ at }) => outageEnd(silences, at) === undefined)
}

/** Those that are due while their publisher is down. */
export function withheldLists(
  scenario: Scenario,
  revocations: readonly PlannedRevocation[],
): readonly ListsDue[] {
  const silences = publisherOutages(scenario)
  return dueLists(scenario, revocations).filter(({ at }) => outageEnd(silences, at) !== undefined)
}

function dueLists(
  scenario: Scenario,
  revocations: readonly PlannedRevocation[],
): readonly ListsDue[] {
  const { time, pki } = scenario
  const { publishEveryMs, deltaEveryMs } = pki.crl
  const ends = publisherOutages(scenario).map(({ until }) => until)
  const complete = new Set([...instantsEvery(time, 0, publishEveryMs), ...ends])
  const other = new Set(revocations.map(({ publishesAt }) => publishesAt))
  if (deltaEveryMs === undefined) for (const at of other) complete.add(at)
  else for (const at of instantsEvery(time, deltaEveryMs, deltaEveryMs)) other.add(at)
  return [...new Set([...complete, ...other])]
    .filter((at) => at < time.start + time.durationMs)
    .toSorted((a, b) => a - b)
    .map((at) => ({ at, kind: complete.has(at) ? 'complete' : 'delta' }))
}

/** From `fromMs` after the start on. */
function instantsEvery(time: Scenario['time'], fromMs: number, everyMs: number): Instant[] {
  const count = Math.ceil((time.durationMs - fromMs) / everyMs)
  return Array.from({ length: Math.max(0, count) }, (_, n) =>
    shift(time.start, fromMs + n * everyMs),
  )
}

/**
 * What every ledger of a run knows before a life begins, where lists may be missing: each that will be
 * published. Else nothing is said of them: each is there long before the one before it ends.
 */
export function planLists(
  scenario: Scenario,
  published: readonly ListsDue[],
  ledger: Ledger,
): void {
  if (publisherOutages(scenario).length === 0) return
  const { intermediates, crl } = scenario.pki
  const lists = listsOf(published, crl.nextUpdateMs)
  for (let number = 1; number <= intermediates; number += 1) {
    ledger.recordPlanned(`issuing-${number}`, lists)
  }
}

/** As the ledger has them: a delta is laid over the complete list before it. */
function listsOf(published: readonly ListsDue[], nextUpdateMs: number): readonly LedgerList[] {
  const lists: LedgerList[] = []
  for (const { at, kind } of published) {
    const term = { thisUpdate: at, nextUpdate: shift(at, nextUpdateMs) }
    const under = kind === 'delta' ? lists.at(-1) : undefined
    const list = under === undefined ? { ...term, delta: undefined } : { ...under, delta: term }
    lists.push({ ...list, publishedAt: at, takenBackAt: undefined })
  }
  return lists
}
