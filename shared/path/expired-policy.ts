import { formatDuration, parseDuration } from '#shared/duration.ts'
import type { VerificationPolicy } from './policy.ts'

export const expiredExpected = 'refuse, allow, or grace and a duration, like "grace 14d"'

/** What is done with an expired leaf, as every configuration writes it; undefined where it is not that. */
export function parseExpired(text: string): VerificationPolicy['expired'] | undefined {
  if (text === 'refuse' || text === 'allow') return { word: text }
  const forMs = parseDuration(/^grace +(\S+)$/.exec(text)?.[1] ?? '')
  return forMs === undefined ? undefined : { word: 'grace', forMs }
}

/** The text that `parseExpired` reads back. */
export function formatExpired(expired: VerificationPolicy['expired']): string {
  return expired.word === 'grace' ? `grace ${formatDuration(expired.forMs)}` : expired.word
}
