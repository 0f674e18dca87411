import type { JudgedAttempt } from '#simulator/oracle/attempt.ts'
import type { Instant } from '#shared/time.ts'
import type { IdentityCacheResult } from '#simulator/scenario/identity-cache.ts'
import type { ExposureMeans } from '#simulator/scenario/scenario.ts'

/** A latency distribution, in milliseconds. */
export interface LatencySummary {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

export interface PhaseResult {
  readonly name: string
  readonly mode: 'verify' | 'passthrough'
  readonly startedAt: Instant
  readonly endedAt: Instant
  readonly handshakes: number
  readonly decisions: number
  readonly accepted: number
  /** Refusals by code. */
  readonly refused: Readonly<Record<string, number>>
  /** Attempts by intent. */
  readonly intents: Readonly<Record<string, number>>
  readonly cookiesIssued: number
  readonly cookieHits: number
  readonly either: number
  readonly latency: LatencySummary
}

/** How long a revoked device was still let in, counted from the CRL's publication. */
export interface ExposureWindow {
  readonly device: string
  readonly serial: string
  readonly reason: string
  readonly revokedAt: Instant
  readonly publishedAt: Instant | undefined
  readonly lastAcceptedAt: Instant | undefined
  readonly attemptsAfterPublication: number
  /** Virtual milliseconds from publication to the last acceptance; 0 when never accepted again. */
  readonly exposureMs: number
  /** The same apart, by what the tries leaned on; a means that nobody tried is missing. */
  readonly byMeans: Readonly<Partial<Record<ExposureMeans, MeansExposure>>>
}

/** Tries since the publication by one means, and how long the last accepted one was after it. */
export interface MeansExposure {
  readonly tries: number
  readonly exposureMs: number
}

/** How long after the end of an outage of the CA the last device that had failed in it got its certificate. */
export interface Recovery {
  readonly from: Instant
  readonly until: Instant
  /** Devices that asked in vain while it lasted. */
  readonly failed: number
  /** Of them, those that still have none at the end of the run. */
  readonly waiting: number
  readonly recoveredMs: number
}

/** One assertion of the scenario: what was asked, what was found. */
export interface AssertionResult {
  readonly assertion: string
  readonly found: string
  readonly holds: boolean
}

/** One simulated step of the plots. */
export interface TimelinePoint {
  readonly at: Instant
  /** Devices online, the mean over the step. */
  readonly online: number
  readonly accepted: number
  readonly refused: Readonly<Record<string, number>>
  readonly latencyP50Ms: number | undefined
  readonly latencyP99Ms: number | undefined
}

/** Something that had to happen at least once (or `atLeast` times), and how often it did. */
export interface EventCount {
  readonly event: string
  readonly count: number
  readonly atLeast: number
}

/** What the report tells of the scenario: where it came from, and the bounds that it set. */
export interface ScenarioFacts {
  readonly name: string
  readonly file: string
  readonly seed: number
  readonly fleets: readonly { readonly kind: string; readonly count: number }[]
  /** How long a worker may go on without a newer trust store: the bound on every exposure window. */
  readonly maxStalenessMs: number
  readonly sessionTtlMs: number
  /** From a revocation to the CRL that says so. */
  readonly publishDelayMs: number
}

/** Everything a report is made from; `report.json` is this, as it stands. */
export interface RunResult {
  readonly scenario: ScenarioFacts
  readonly devices: number
  readonly profile: string
  readonly startedAt: Instant
  readonly endedAt: Instant
  /** `interrupted`: Ctrl-C. `failed`: the infrastructure broke; `failure` says how. */
  readonly ended: 'complete' | 'interrupted' | 'failed'
  readonly failure: string | undefined
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakRssBytes: number
  readonly handshakes: number
  readonly decisions: number
  readonly certificatesIssued: number
  readonly phases: readonly PhaseResult[]
  readonly latency: LatencySummary
  readonly exposures: readonly ExposureWindow[]
  readonly timeline: readonly TimelinePoint[]
  /** Non-vacuity: what the scenario plans must have happened. */
  readonly events: readonly EventCount[]
  /** What was counted, by the names that a scenario may assert. */
  readonly counters: Readonly<Record<string, number>>
  /** Of the attempts of devices that are not revoked, by kind: how many, and how many were let in. */
  readonly availability: Readonly<
    Record<string, { readonly attempts: number; readonly accepted: number }>
  >
  readonly recoveries: readonly Recovery[]
  /** The longest exposure by each means, over all revocations. */
  readonly exposureByMeans: Readonly<Partial<Record<ExposureMeans, MeansExposure>>>
  readonly assertions: readonly AssertionResult[]
  /** What the scenario's model of an identity cache came to; undefined where it has none. */
  readonly identityCache: IdentityCacheResult | undefined
  /** Wrong accepts, unexplained refusals and broken attempts, the first hundred of each. */
  readonly wrong: readonly JudgedAttempt[]
  readonly wrongAccepts: number
  readonly unexplainedRefusals: number
  readonly broken: number
  readonly either: number
  /** The command that runs the very same again. */
  readonly replay: string
  readonly verdict: 'pass' | 'fail'
  /** Why it failed, one sentence each; empty on a pass. */
  readonly failures: readonly string[]
}
