import type { Instant } from '#shared/time.ts'
import { listsInForce, type StoreDocument, type StoreLimits } from '../managed/document.ts'
import type { Finding } from './finding.ts'

/** A fifth of the room is left: some weeks of growth. */
const nearRatio = 0.8

/** Quotas of a store that are nearly used up. */
export function nearLimits(
  document: StoreDocument,
  limits: StoreLimits,
  now: Instant,
): readonly Finding[] {
  return usesOf(document, limits).flatMap(({ what, used, limit, advice }): Finding | [] => {
    if (used < limit * nearRatio) return []
    return {
      code: 'near_limit',
      severity: used >= limit ? 'severe' : 'warning',
      subject: what,
      at: now,
      because: `${what}: ${used} of at most ${limit}`,
      advice: `${advice} What goes beyond is refused, and the last good state stays.`,
    }
  })
}

interface Use {
  readonly what: string
  readonly used: number
  readonly limit: number
  readonly advice: string
}

function usesOf(document: StoreDocument, limits: StoreLimits): readonly Use[] {
  const { bundle, lists, revoked } = document
  const removeLists = 'Remove lists that others have taken the place of.'
  const entries = lists.reduce((sum, each) => sum + each.entries, 0)
  const largest = Math.max(0, ...listsInForce(document).map(({ octets }) => octets))
  return [
    {
      what: 'CA certificates',
      used: bundle.certificates,
      limit: limits.certificatesMax,
      advice: 'Take CAs out of the bundle that no device uses any more.',
    },
    {
      what: 'octets of subjects in the bundle',
      used: bundle.subjectOctets,
      limit: limits.subjectOctetsMax,
      advice: 'Take CAs out of the bundle that no device uses any more.',
    },
    { what: 'revocation lists', used: lists.length, limit: limits.listsMax, advice: removeLists },
    { what: 'revocation entries', used: entries, limit: limits.entriesMax, advice: removeLists },
    {
      what: 'octets of the largest list',
      used: largest,
      limit: limits.listOctetsMax,
      advice: 'Let the CA publish its list in partitions (RFC 5280 5.2.5).',
    },
    {
      what: 'serials revoked one by one',
      used: revoked.length,
      limit: limits.revokedSerialsMax,
      advice: 'Restore those that a list tells by now.',
    },
  ]
}
