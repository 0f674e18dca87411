import type { Instant } from '#shared/time.ts'
import type { Ledger, LedgerRevocation } from '../ca/ledger.ts'
import type { ExposureWindow, MeansExposure } from '../report/run-result.ts'
import type { ExposureMeans } from '../scenario/scenario.ts'
import type { Attempt, Observation } from './attempt.ts'
import { standingSince, type Promptness } from './standing.ts'

/** What became of each revoked certificate. */
export interface ExposureLog {
  record(attempt: Attempt, observation: Observation): void
  windows(): readonly ExposureWindow[]
}

interface Tries {
  readonly lastAcceptedAt: Instant | undefined
  /** The latest that the edge took the time for when it let it in: nobody knows one but his clock's. */
  readonly lastReckonedAt: Instant | undefined
  readonly afterPublication: number
  readonly byMeans: Readonly<Partial<Record<ExposureMeans, MeansExposure>>>
}

const noTries: Tries = {
  lastAcceptedAt: undefined,
  lastReckonedAt: undefined,
  afterPublication: 0,
  byMeans: {},
}

/**
 * Counts tries with certificates that the ledger says are revoked, from the revocation on.
 *
 * @param promptness how soon a publication has to be known, from which exposure counts
 */
export function createExposureLog(ledger: Ledger, promptness: Promptness): ExposureLog {
  const triesBySerial = new Map<string, Tries>()
  return {
    record(attempt, observation) {
      const revocation = ledger.revocation(attempt.serial ?? '')
      if (revocation === undefined || !countsAsTry(attempt, revocation)) return
      const tries = triesBySerial.get(revocation.serial) ?? noTries
      const publishedAt = standingSince(revocation.stretches, promptness, attempt.at)
      const reckonedAt = promptness.reckoned(attempt.at)
      const next = addTry(tries, attempt, { observation, publishedAt, reckonedAt })
      triesBySerial.set(revocation.serial, next)
    },
    windows: () =>
      ledger.revocations().map((revocation) => {
        const { serial, stretches } = revocation
        const publishedAt = standingSince(stretches, promptness, Infinity)
        return windowOf(ledger, { ...revocation, publishedAt }, triesBySerial.get(serial))
      }),
  }
}

/** An imitation bears a real serial, but is not the certificate. */
function countsAsTry({ intent, at }: Attempt, { revokedAt }: LedgerRevocation): boolean {
  return intent !== 'forged_chain' && intent !== 'swapped_key' && at >= revokedAt
}

function addTry(
  { lastAcceptedAt, lastReckonedAt, afterPublication, byMeans }: Tries,
  attempt: Attempt,
  {
    observation: { outcome },
    publishedAt,
    reckonedAt,
  }: {
    readonly observation: Observation
    readonly publishedAt: Instant | undefined
    readonly reckonedAt: Instant
  },
): Tries {
  const { at } = attempt
  const isAccepted = outcome === 'accepted'
  const last = {
    lastAcceptedAt: isAccepted ? later(lastAcceptedAt, at) : lastAcceptedAt,
    lastReckonedAt: isAccepted ? later(lastReckonedAt, reckonedAt) : lastReckonedAt,
  }
  if (publishedAt === undefined || at < publishedAt) return { ...last, afterPublication, byMeans }
  const means = meansOf(attempt)
  const before = byMeans[means] ?? { tries: 0, exposureMs: 0 }
  const exposureMs = isAccepted ? reckonedAt - publishedAt : 0
  return {
    ...last,
    afterPublication: afterPublication + 1,
    byMeans: {
      ...byMeans,
      [means]: {
        tries: before.tries + 1,
        exposureMs: Math.max(before.exposureMs, exposureMs),
      },
    },
  }
}

function later(a: Instant | undefined, b: Instant): Instant {
  return a !== undefined && a > b ? a : b
}

/** What a try leans on that was good before: a cookie before all, then the connection's own past. */
function meansOf({ cookieSerial, connection }: Attempt): ExposureMeans {
  if (cookieSerial !== undefined) return 'cookie'
  return connection === 'fresh' ? 'full' : connection
}

function windowOf(
  ledger: Ledger,
  { serial, reason, revokedAt, publishedAt }: LedgerRevocation,
  { lastAcceptedAt, lastReckonedAt, afterPublication, byMeans }: Tries = noTries,
): ExposureWindow {
  const device = ledger.certificate(serial)?.device ?? 'unknown'
  const exposureMs = Math.max(0, (lastReckonedAt ?? 0) - (publishedAt ?? Infinity))
  return {
    device,
    serial,
    reason,
    revokedAt,
    publishedAt,
    lastAcceptedAt,
    attemptsAfterPublication: afterPublication,
    exposureMs,
    byMeans,
  }
}
