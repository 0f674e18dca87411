import type { Instant } from '#shared/time.ts'
import type { Stretch } from '../ca/ledger.ts'
import type { PlacedOutage } from '../scenario/outages.ts'

/** What an edge promises about how soon it knows what was published. */
export interface Promptness {
  /** How long it may go on without looking, and what clocks may differ by. */
  readonly boundMs: number
  /** When it cannot look. */
  readonly partitions: readonly PlacedOutage[]
  /**
   * Whether it decided by its trust store before an instant, and took the time for one after another
   * as it did.
   */
  readonly wasAsked: (after: number, before: number) => boolean
  /** What it takes an instant for, when it reckons how long ago it looked (`reckoning.ts`). */
  readonly reckoned: (at: Instant) => Instant
}

/**
 * From when on the clock of the edges runs, by all that has happened up to an instant: from the first
 * publication that stood. An edge looks only when somebody asks it for a decision, and then if it has
 * not looked for the bound; what it has seen it keeps. So a publication that was taken back (a list
 * rolled back, or cut in half) counts only where the edge was asked past the bound while it lay
 * there: then it had to look, and knows. Where nobody asked in that time nobody can know of it, and
 * until it is published again either answer is right.
 *
 * The same of an edge that cannot reach what was published any more: where nobody asked it past the
 * bound before that, it has until it can, and the bound from there.
 *
 * @returns undefined while nobody had to see any publication that there was
 */
export function standingSince(
  stretches: readonly Stretch[],
  promptness: Promptness,
  at: number,
): Instant | undefined {
  const { boundMs, wasAsked } = promptness
  for (const { publishedAt, takenBackAt } of stretches) {
    const since = reachableFrom(publishedAt, promptness, at)
    if (takenBackAt === undefined || wasAsked(since + boundMs, takenBackAt)) return since
  }
  return undefined
}

/** From when on an edge has a whole bound of time in which it can look, and somebody who makes it. */
function reachableFrom(
  publishedAt: Instant,
  { boundMs, partitions, wasAsked }: Promptness,
  at: number,
): Instant {
  let since = publishedAt
  // In order of their beginnings: one may lead into the next.
  for (const { from, until } of partitions) {
    const isInTheWay = from <= since + boundMs || from <= at
    if (isInTheWay && since < until && !wasAsked(since + boundMs, from)) since = until
  }
  return since
}

/** The last instant at which the edge must have looked, by what it promises. */
export function lookedSince(at: Instant, { boundMs, partitions, reckoned }: Promptness): number {
  const cut = partitions.find(({ from, until }) => from <= at && at < until)
  return Math.min(cut?.from ?? at, reckoned(at)) - boundMs
}

/** Whether, at an instant, the edge must know what has stood since another. */
export function mustKnow(
  since: Instant | undefined,
  at: Instant,
  { boundMs, reckoned }: Promptness,
): boolean {
  return since !== undefined && reckoned(at) > since + boundMs
}
