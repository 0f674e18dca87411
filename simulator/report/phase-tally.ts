import type { Instant } from '#shared/time.ts'
import type { JudgedAttempt } from '../oracle/attempt.ts'
import type { PlacedPhase } from '../scenario/phases.ts'
import { createLatencyHistogram } from './histogram.ts'
import type { PhaseResult } from './run-result.ts'

/** Counts of one phase, growing. */
export interface PhaseTally {
  readonly name: string
  readonly startedAt: Instant
  readonly endsAt: Instant
  /** @param times so many that count alike */
  attempt(judged: JudgedAttempt, times: number): void
  handshake(times: number): void
  /** The counts so far; the phase ends where the run ended, if that was before its plan. */
  result(endedAt: Instant): PhaseResult
}

export function createPhaseTally({ phase, startedAt, endsAt }: PlacedPhase): PhaseTally {
  const refused = new Map<string, number>()
  const intents = new Map<string, number>()
  const latency = createLatencyHistogram()
  const counts = { handshakes: 0, accepted: 0, cookiesIssued: 0, cookieHits: 0, either: 0 }

  function observe({ observation }: JudgedAttempt, times: number): void {
    if (observation.outcome === 'refused') increment(refused, observation.code, times)
    if (observation.outcome !== 'accepted') return
    counts.accepted += times
    if (observation.session === 'issued') counts.cookiesIssued += times
    if (observation.session === 'used') counts.cookieHits += times
  }

  return {
    name: phase.name,
    startedAt,
    endsAt,
    attempt(judged, times) {
      const { attempt, observation, verdict } = judged
      increment(intents, attempt.intent, times)
      observe(judged, times)
      // A time-out's latency is the limit it was given, and says nothing of the edge.
      if (observation.outcome !== 'broken') latency.record(observation.latencyMs, times)
      if (verdict.verdict === 'either') counts.either += times
    },
    handshake(times) {
      counts.handshakes += times
    },
    result: (endedAt) => ({
      ...counts,
      name: phase.name,
      mode: phase.mode,
      startedAt,
      endedAt: endedAt < endsAt ? endedAt : endsAt,
      decisions: counts.accepted + total(refused),
      refused: Object.fromEntries(refused),
      intents: Object.fromEntries(intents),
      latency: latency.summary(),
    }),
  }
}

function increment(counts: Map<string, number>, key: string, times: number): void {
  counts.set(key, (counts.get(key) ?? 0) + times)
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}
