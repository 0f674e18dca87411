import type { Instant } from '#shared/time.ts'
import type { Ledger, LedgerRevocation } from '../ca/ledger.ts'
import type { ExposureWindow } from '../report/run-result.ts'
import type { Attempt, Observation } from './attempt.ts'

/** What became of each revoked certificate. */
export interface ExposureLog {
  record(attempt: Attempt, observation: Observation): void
  windows(): readonly ExposureWindow[]
}

interface Tries {
  readonly lastAcceptedAt: Instant | undefined
  readonly afterPublication: number
}

const noTries: Tries = { lastAcceptedAt: undefined, afterPublication: 0 }

/** Counts tries with certificates that the ledger says are revoked, from the revocation on. */
export function createExposureLog(ledger: Ledger): ExposureLog {
  const triesBySerial = new Map<string, Tries>()
  return {
    record(attempt, observation) {
      const revocation = ledger.revocation(attempt.serial ?? '')
      if (revocation === undefined || !countsAsTry(attempt, revocation)) return
      const tries = triesBySerial.get(revocation.serial) ?? noTries
      triesBySerial.set(revocation.serial, addTry(tries, attempt, observation, revocation))
    },
    windows: () =>
      ledger
        .revocations()
        .map((revocation) => windowOf(ledger, revocation, triesBySerial.get(revocation.serial))),
  }
}

/** A forged chain bears a real serial, but not the certificate. */
function countsAsTry({ intent, at }: Attempt, { revokedAt }: LedgerRevocation): boolean {
  return intent !== 'forged_chain' && at >= revokedAt
}

function addTry(
  { lastAcceptedAt, afterPublication }: Tries,
  { at }: Attempt,
  { outcome }: Observation,
  { publishedAt }: LedgerRevocation,
): Tries {
  const published = publishedAt !== undefined && at >= publishedAt
  const last = lastAcceptedAt !== undefined && lastAcceptedAt > at ? lastAcceptedAt : at
  return {
    lastAcceptedAt: outcome === 'accepted' ? last : lastAcceptedAt,
    afterPublication: afterPublication + (published ? 1 : 0),
  }
}

function windowOf(
  ledger: Ledger,
  { serial, reason, revokedAt, publishedAt }: LedgerRevocation,
  { lastAcceptedAt, afterPublication }: Tries = noTries,
): ExposureWindow {
  const device = ledger.certificate(serial)?.device ?? 'unknown'
  const exposureMs = Math.max(0, (lastAcceptedAt ?? 0) - (publishedAt ?? Infinity))
  return {
    device,
    serial,
    reason,
    revokedAt,
    publishedAt,
    lastAcceptedAt,
    attemptsAfterPublication: afterPublication,
    exposureMs,
  }
}
