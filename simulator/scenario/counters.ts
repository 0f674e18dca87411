import { nearest } from './nearest.ts'

/** What a run counts beside its refusals; `assert` may ask for any of them. */
export const counterNames = [
  'decisions',
  'accepted',
  'refused',
  'either',
  'handshakes',
  'resumed',
  'cookies_issued',
  'cookies_used',
  'messages',
  'messages_retained',
  'wills_delivered',
  'renewed',
  'enrolled',
  'reenrolled',
  'returned',
  'issuance_failed',
  'wiped',
  'hostile_requests',
  'lists_published',
  'deltas_published',
  'lists_withheld',
  'faults',
  'hierarchy_events',
  'misidentified',
  'cache_stale',
  'cache_unknown',
  'cache_misidentified',
] as const

export type CounterName = (typeof counterNames)[number]

const refusedPrefix = 'refused.'

/** Whether a word counts something: one of the names, or `refused.` and the code of a refusal. */
export function isCounter(text: string): boolean {
  const isName = counterNames.some((name) => name === text)
  return isName || /^refused\.[a-z_0-9]+$/.test(text)
}

/** What is said of a word that counts nothing. */
export function counterExpected(text: string): string {
  const near = nearest(text, counterNames)
  const known = `one of ${counterNames.join(', ')}, or ${refusedPrefix}CODE`
  return `found the unknown counter "${text}", expected ${near === undefined ? known : `perhaps "${near}"`}`
}
