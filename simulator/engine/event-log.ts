import { isoFromInstant, type Instant } from '#shared/time.ts'
import type { JudgedAttempt } from '../oracle/attempt.ts'

/** What happened, in order, one JSON line each. The same seed gives the same lines. */
export interface EventLog {
  event(at: Instant, name: string, facts: Readonly<Record<string, unknown>>): void
  attempt(judged: JudgedAttempt): void
  lines(): readonly string[]
}

export function createEventLog(): EventLog {
  const lines: string[] = []
  const add = (at: Instant, name: string, facts: Readonly<Record<string, unknown>>): void => {
    lines.push(JSON.stringify({ at: isoFromInstant(at), event: name, ...facts }))
  }
  return {
    event: add,
    // No latency and no bytes of keys or signatures: nothing that another run would not repeat.
    attempt({ attempt, observation, verdict }) {
      const { at, id: _id, ...facts } = attempt
      const code = observation.outcome === 'refused' ? observation.code : undefined
      const session = observation.outcome === 'accepted' ? observation.session : undefined
      add(at, 'attempt', {
        ...facts,
        outcome: observation.outcome,
        code,
        session,
        verdict: verdict.verdict,
      })
    },
    lines: () => lines,
  }
}
