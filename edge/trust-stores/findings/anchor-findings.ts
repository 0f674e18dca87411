import { isoFromInstant, shift, type Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { AnchorUse } from '../managed/anchor-use.ts'
import type { Finding } from './finding.ts'
import { nameText } from './name-text.ts'

/** The anchors of a store, and what is known of each, in the same order. */
export interface AnchorsInUse {
  readonly anchors: readonly Certificate[]
  readonly anchorUse: readonly AnchorUse[]
  /** For so long nobody may come in by an anchor. */
  readonly unusedAfterMs: number
}

/**
 * Anchors that no device came in by for long. Where no edge has told of any anchor in that time,
 * nothing is known: a store may be followed by nobody, or by edges that do not tell.
 */
export function unusedAnchors(
  { anchors, anchorUse, unusedAfterMs }: AnchorsInUse,
  now: Instant,
): readonly Finding[] {
  const isUnused = (at: Instant | undefined): boolean =>
    at === undefined || now - at >= unusedAfterMs
  if (anchorUse.every(({ usedAt }) => isUnused(usedAt))) return []
  return anchors.flatMap(({ subject }, index): Finding | [] => {
    const use = anchorUse[index]
    if (use === undefined || !isUnused(use.usedAt) || !isUnused(use.since)) return []
    return findingOf(nameText(subject), use, unusedAfterMs)
  })
}

function findingOf(name: string, { since, usedAt }: AnchorUse, unusedAfterMs: number): Finding {
  const last = usedAt ?? since
  const because =
    usedAt === undefined
      ? `no device came in by the anchor ${name} since it was first seen in the store at ${isoFromInstant(since)}`
      : `no device came in by the anchor ${name} since ${isoFromInstant(usedAt)}`
  return {
    code: 'anchor_unused',
    severity: 'notice',
    subject: `anchor ${name}`,
    at: shift(last, unusedAfterMs),
    because,
    advice:
      'Whoever holds its key can let devices in. If its fleet is gone, take it out of the bundle: the store can be rolled back to the epoch before. If its devices come more rarely, say a longer ANCHOR_UNUSED_AFTER.',
  }
}
