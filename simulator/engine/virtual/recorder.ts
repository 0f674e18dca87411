import type { Instant } from '#shared/time.ts'
import { Ledger, type LedgerCertificate } from '../../ca/ledger.ts'
import type { RevocationReason } from '../../ca/crl.ts'
import type { Observation } from '../../oracle/attempt.ts'
import { createOracle } from '../../oracle/oracle.ts'
import { createCollector, type Collected, type Collector } from '../../report/collect.ts'
import type { LifecycleEvent } from '../../report/planned-events.ts'
import type { ExposureWindow } from '../../report/run-result.ts'
import { placePhases } from '../../scenario/phases.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import type { UnnumberedAttempt } from '../deeds.ts'
import { createEventLog, type EventLog } from '../event-log.ts'
import { planLists, type ListsDue } from './publications.ts'
import { createTally } from './tally.ts'

/** Where a life writes down what happens in it. */
export interface Recorder {
  issued(certificate: LedgerCertificate): void
  /** A device of another chronicle appears with this certificate. */
  lent(certificate: LedgerCertificate): void
  revoked(serial: string, at: Instant, reason: RevocationReason): void
  published(issuer: string, at: Instant): void
  event(at: Instant, name: string, facts: Readonly<Record<string, unknown>>): void
  happened(event: LifecycleEvent, device: string, at: Instant): void
  handshake(at: Instant): void
  /** A decision of the core was asked of the whole app as well. */
  compared(): void
  attempt(attempt: UnnumberedAttempt, phase: string, observation: Observation): void
}

/** For lives that are lived once more: nothing of them is told. */
export const muted: Recorder = {
  issued: () => {},
  lent: () => {},
  revoked: () => {},
  published: () => {},
  event: () => {},
  happened: () => {},
  handshake: () => {},
  compared: () => {},
  attempt: () => {},
}

/** What a few lives came to. */
export interface Chronicle {
  readonly recorder: Recorder
  /** Whether a certificate was revoked whose revocation is not published yet. */
  isPublicationDue(): boolean
  /** Takes the lines written since it was last asked; empty where no log is kept. */
  takeLines(): readonly string[]
  result(endedAt: Instant): ChronicleResult
}

export interface ChronicleResult {
  readonly collected: Collected
  readonly exposures: readonly ExposureWindow[]
  readonly issued: number
  readonly compared: number
}

/**
 * The ledger, the oracle and the counts of some lives, which know nothing of others.
 *
 * @param published the lists of the run
 */
export function createChronicle(
  scenario: Scenario,
  log: 'kept' | 'none',
  published: readonly ListsDue[],
): Chronicle {
  const ledger = new Ledger()
  planLists(scenario, published, ledger)
  const oracle = createOracle({ ledger, scenario })
  const collector: Collector = createCollector({ scenario, ledger })
  const tally = createTally(oracle, collector, placePhases(scenario))
  let lines: EventLog | undefined = log === 'kept' ? createEventLog() : undefined
  let attempts = 0
  let compared = 0
  let issued = 0
  let unpublished = 0
  const lent = new Set<string>()
  return {
    recorder: {
      issued(certificate) {
        issued += 1
        tally.forget()
        if (!lent.delete(certificate.serial)) ledger.recordIssued(certificate)
      },
      lent(certificate) {
        if (ledger.certificate(certificate.serial) !== undefined) return
        tally.forget()
        lent.add(certificate.serial)
        ledger.recordIssued(certificate)
      },
      revoked(serial, at, reason) {
        tally.flush()
        unpublished += 1
        ledger.recordRevoked(serial, at, reason)
      },
      published(issuer, at) {
        tally.flush()
        unpublished = 0
        ledger.recordPublished(issuer, at)
      },
      event: (at, name, facts) => lines?.event(at, name, facts),
      happened: (event, device, at) => collector.happened(event, device, at),
      handshake: (at) => tally.handshake(at),
      compared: () => {
        compared += 1
      },
      attempt(unnumbered, phase, observation) {
        attempts += 1
        // Where a log is kept each attempt has its own line.
        if (lines === undefined && tally.takes(unnumbered, phase, observation)) return
        const attempt = { ...unnumbered, id: attempts, phase }
        const judged = { attempt, observation, verdict: oracle.judge(attempt, observation) }
        if (lines === undefined) tally.keep(judged)
        else collector.attempt(judged)
        lines?.attempt(judged)
      },
    },
    isPublicationDue: () => unpublished > 0,
    takeLines() {
      const taken = lines?.lines() ?? []
      if (lines !== undefined) lines = createEventLog()
      return taken
    },
    result(endedAt) {
      tally.flush()
      const collected = collector.collected(endedAt)
      return { collected, exposures: oracle.exposures(), issued, compared }
    },
  }
}
