import { isoFromInstant, type Instant } from '#shared/time.ts'
import type { AuditEntry } from '../managed/audit-entry.ts'
import { shownAddress } from '../sources/address.ts'
import type { Source } from '../sources/source.ts'
import type { Finding } from './finding.ts'
import { skewMaxMs } from './list-findings.ts'

/** Once is a dropped connection; three times in a row, minutes apart, is a fault. */
const failuresMin = 3

/** Sources that fail again and again. */
export function failingSources(sources: readonly Source[]): readonly Finding[] {
  return sources.flatMap((source): Finding | [] => {
    const { failures, lastFailure } = source
    if (lastFailure === undefined || failures < failuresMin) return []
    return {
      code: 'source_failing',
      severity: 'warning',
      subject: sourceSubject(source),
      at: lastFailure.at,
      because: `${sourceSubject(source)} cannot be fetched: ${lastFailure.because}`,
      advice:
        'See that the publisher answers at this address. The last good list stays in force until its nextUpdate.',
    }
  })
}

/** Sources whose clock is not ours. */
export function skewedSources(sources: readonly Source[], now: Instant): readonly Finding[] {
  return sources.flatMap((source): Finding | [] => {
    const { aheadMs } = source
    if (aheadMs === undefined || Math.abs(aheadMs) <= skewMaxMs) return []
    return {
      code: 'clock_skew',
      severity: 'warning',
      subject: sourceSubject(source),
      at: now,
      because: `the clock of ${sourceSubject(source)} is ${aheadMs > 0 ? 'ahead of' : 'behind'} ours by more than five minutes`,
      advice:
        'Set its clock, or see whether a cache on the way answers with an old Date. Lists that it signs may be taken for stale or for early.',
    }
  })
}

/**
 * Lists that the gate refused and whose askers have brought none since that it took: by source as
 * the source itself tells, by hand as the audit log does.
 *
 * @param audit the latest entries of the log, latest first
 */
export function refusedUpdates(
  sources: readonly Source[],
  audit: readonly AuditEntry[],
): readonly Finding[] {
  return [
    ...sources.flatMap((source): Finding | [] => {
      const { lastOutcome } = source
      if (lastOutcome?.kind !== 'refused') return []
      return refusedUpdate(sourceSubject(source), lastOutcome.at, lastOutcome.refusal)
    }),
    ...latestOfEachAsker(audit).flatMap((entry): Finding | [] =>
      entry.outcome.kind === 'refused'
        ? refusedUpdate(`lists added by ${entry.by}`, entry.at, entry.outcome.refusal)
        : [],
    ),
  ]
}

/** The last time that each asker added lists by hand. */
function latestOfEachAsker(audit: readonly AuditEntry[]): readonly AuditEntry[] {
  const latest = new Map<string, AuditEntry>()
  for (const entry of audit) {
    const isByHand = entry.change.kind === 'add_lists' && !entry.by.startsWith('source:')
    if (isByHand && !latest.has(entry.by)) latest.set(entry.by, entry)
  }
  return [...latest.values()]
}

interface Refusal {
  readonly code: string
  readonly because: string
}

function refusedUpdate(subject: string, at: Instant, { code, because }: Refusal): Finding {
  const since = isoFromInstant(at)
  if (code === 'number_not_advanced') {
    return {
      code: 'list_number_went_back',
      severity: 'warning',
      subject,
      at,
      because: `${subject}: since ${since} it brings an older list than the one in force (${because})`,
      advice:
        'A cache or a backup serves an old list, or the CA was restored and numbers anew. The newer list stays in force. If the CA did begin anew: remove its lists by word and add the new one.',
    }
  }
  return {
    code: 'update_refused',
    severity: 'warning',
    subject: `${subject}: ${code}`,
    at,
    because: `${subject}: refused since ${since} (${code}: ${because})`,
    advice: adviceOfRefusal[code] ?? 'See the file that was refused, by its name in the audit log.',
  }
}

/** What helps, by the gate's own code. */
const adviceOfRefusal: Readonly<Record<string, string>> = {
  malformed_crl:
    'What came is no revocation list: an error page, or a file cut off. See what the publisher sends.',
  not_signed_by_issuer:
    'The list is forged, or its CA has a new key: then add the new CA certificate first.',
  shrunk:
    'Far fewer entries than before: if that is meant, add the file by hand with shrink: accept.',
  limit_exceeded: 'Remove lists that nobody needs, or raise the limit.',
}

const sourceSubject = ({ id, location }: Source): string =>
  `source ${id} (${shownAddress(location)})`
