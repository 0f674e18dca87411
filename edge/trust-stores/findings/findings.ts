import type { Instant } from '#shared/time.ts'
import type { StoreDocument, StoreLimits } from '../managed/document.ts'
import type { AuditEntry } from '../managed/audit-entry.ts'
import type { Source } from '../sources/source.ts'
import { unusedAnchors, type AnchorsInUse } from './anchor-findings.ts'
import { caExpiry, lostIntermediates, type StoreCas } from './ca-findings.ts'
import { bySeverity, type Finding } from './finding.ts'
import { nearLimits } from './limit-findings.ts'
import { baselessDeltas, futureLists, listExpiry, missingLists } from './list-findings.ts'
import { failingSources, refusedUpdates, skewedSources } from './update-findings.ts'

/** Everything that findings are made of: nothing is asked, nothing is changed. */
export interface Inspected extends StoreCas, AnchorsInUse {
  readonly document: StoreDocument
  readonly limits: StoreLimits
  readonly sources: readonly Source[]
  /** The latest entries of the audit log, latest first. */
  readonly audit: readonly AuditEntry[]
  /** The numbers that deltas in force were made from, by the ids of their lists. */
  readonly deltaBases: ReadonlyMap<number, bigint>
}

/** What is wrong with a trust store, or soon will be: the most severe first. */
export function findingsOf(inspected: Inspected, now: Instant): readonly Finding[] {
  const { document, limits, sources, audit, deltaBases, anchors, intermediates } = inspected
  return bySeverity([
    ...listExpiry(document, now),
    ...missingLists(document, [...anchors, ...intermediates], now),
    ...futureLists(document, now),
    ...baselessDeltas(document, deltaBases),
    ...caExpiry(inspected, now),
    ...lostIntermediates(inspected),
    ...unusedAnchors(inspected, now),
    ...nearLimits(document, limits, now),
    ...failingSources(sources),
    ...skewedSources(sources, now),
    ...refusedUpdates(sources, audit),
  ])
}
