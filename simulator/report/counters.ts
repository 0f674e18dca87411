import type { Attempt, JudgedAttempt, Observation } from '../oracle/attempt.ts'
import type { CounterName } from '../scenario/counters.ts'

/** What a run counts, by the names that a scenario may assert. */
export interface Counters {
  /** @param times so many that count alike */
  attempt(judged: JudgedAttempt, times: number): void
  count(name: CounterName, times?: number): void
  counted(): Readonly<Record<string, number>>
}

export function createCounters(): Counters {
  const counts = new Map<string, number>()
  const add = (name: string, times = 1): void =>
    void counts.set(name, (counts.get(name) ?? 0) + times)
  return {
    attempt({ attempt, observation, verdict }, times) {
      for (const name of countersOf(attempt, observation)) add(name, times)
      if (verdict.verdict === 'either') add('either', times)
    },
    count: add,
    counted: () => Object.fromEntries(counts),
  }
}

function countersOf(attempt: Attempt, observation: Observation): readonly string[] {
  const connection = attempt.connection === 'resumed' ? (['resumed'] as const) : []
  switch (observation.outcome) {
    case 'accepted':
      return [...connection, 'decisions', 'accepted', ...acceptedAs(attempt, observation)]
    case 'refused':
      return [...connection, 'decisions', 'refused', `refused.${observation.code}`]
    case 'broken':
      return connection
  }
}

function acceptedAs(
  { protocol, serial }: Attempt,
  { session, identitySerial }: Extract<Observation, { outcome: 'accepted' }>,
): readonly CounterName[] {
  const isOther = identitySerial !== undefined && identitySerial !== serial
  return [
    ...(session === 'issued' ? (['cookies_issued'] as const) : []),
    ...(session === 'used' ? (['cookies_used'] as const) : []),
    ...(protocol === 'mqtt' ? (['messages'] as const) : []),
    ...(isOther ? (['misidentified'] as const) : []),
  ]
}
