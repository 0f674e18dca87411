import { z } from 'zod'
import { durationExpected, parseDuration } from '#shared/duration.ts'
import { expiredExpected, parseExpired } from '#shared/path/expired-policy.ts'
import { instantFromIso, type Instant } from '#shared/time.ts'
import type { ExpiredPolicy } from './scenario.ts'

/*
 * What the fields of a scenario file are made of. The message of a rule says what was expected, as a
 * noun; what was found, and where, is added in parse.ts.
 */

/** An object of which every key is known. The message of an unknown key lists the known ones. */
export function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ')
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? keys : `a mapping with the keys ${keys}`),
  })
}

/** A list of such items, at least so many. */
export function listOf<Item extends z.ZodType>(item: Item, least = 0) {
  const error = least > 0 ? `a list of at least ${least}` : 'a list'
  return z.array(item, { error }).min(least, { error })
}

/** One of these words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return z.enum(words, { error: `one of ${words.join(', ')}` })
}

/** A whole number within a range, both ends of which belong to it. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`
  const error = `a whole number ${range}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}

/** A number above 0, at most `most`. */
export function positive(most: number, unit: string) {
  const error = `a number of ${unit} above 0, at most ${most}`
  return z.number({ error }).positive({ error }).max(most, { error })
}

const ratioError = { error: 'a ratio from 0 to 1' }
export const ratio = z.number(ratioError).min(0, ratioError).max(1, ratioError)
/** A text that is not empty. */
export const word = z.string({ error: 'a name' }).min(1, { error: 'a name' })
export const yesNo = z.boolean({ error: 'true or false' })

/** For editors; what `parseDuration` takes. */
export const durationForm = {
  pattern: String.raw`^(\d+(\.\d+)?(ms|s|m|h|d|w))+$`,
  description: durationExpected,
  examples: ['30d', '12h', '5m', '10s', '250ms', '1d12h'],
}

/** A duration of at least `leastMs` milliseconds. */
export function duration(leastMs: number) {
  return z
    .string({ error: durationExpected })
    .meta(durationForm)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== undefined && ms >= leastMs) return ms
      const expected = ms === undefined ? durationExpected : 'a longer duration'
      context.addIssue({ code: 'custom', message: expected })
      return z.NEVER
    })
}

/** A duration in milliseconds; 0 is one too. */
export const anyTime = duration(0)
/** A duration in milliseconds, of at least one. */
export const someTime = duration(1)

const instantError = 'an instant with a zone, like 2027-01-01T00:00:00Z'
export const instant = z
  .string({ error: instantError })
  .meta({ description: instantError })
  .transform((text, context): Instant => {
    try {
      return instantFromIso(text)
    } catch {
      // The RangeError says no more than the message that the file's author gets here.
      context.addIssue({ code: 'custom', message: instantError })
      return z.NEVER
    }
  })

/** What a phase makes of certificates that have ended. */
export const expired = z
  .string({ error: expiredExpected })
  .meta({ description: expiredExpected })
  .transform((text, context): ExpiredPolicy => {
    const policy = parseExpired(text)
    if (policy !== undefined) return policy
    context.addIssue({ code: 'custom', message: expiredExpected })
    return z.NEVER
  })

// The kind is part of device names, of topics and of paths: a word that all of them take as it is.
const kindError = { error: 'a kind of device: up to 32 lower-case letters, digits and hyphens' }
export const kind = z.string(kindError).regex(/^[a-z][a-z0-9-]{0,31}$/, kindError)

/** A time away: when it begins, and for how long. */
export const outageFields = { at: anyTime, for: someTime }
export const outage = mapping(outageFields).transform(toOutage)

/** As the rest of the simulator has it, in milliseconds. */
export function toOutage({ at: atMs, for: forMs }: { at: number; for: number }) {
  return { atMs, forMs }
}
