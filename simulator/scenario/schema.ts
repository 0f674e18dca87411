import { z } from 'zod'
import { instantFromIso, type Instant } from '#shared/time.ts'
import { expiredExpected, parseExpired } from '#shared/path/expired-policy.ts'
import { durationExpected, parseDuration } from '#shared/duration.ts'
import { frontProfileNames, type ExpiredPolicy, type Scenario } from './scenario.ts'

/*
 * The shape of a scenario file. The message of a rule says what was expected, as a noun; what was
 * found, and where, is added in parse.ts. Keys are words of the file; fields with units begin
 * where `transform` ends.
 */

/** An object of which every key is known. The message of an unknown key lists the known ones. */
function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ')
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? keys : `a mapping with the keys ${keys}`),
  })
}

function listOf<Item extends z.ZodType>(item: Item, least = 0) {
  const error = least > 0 ? `a list of at least ${least}` : 'a list'
  return z.array(item, { error }).min(least, { error })
}

function oneOf<const Words extends readonly string[]>(words: Words) {
  return z.enum(words, { error: `one of ${words.join(', ')}` })
}

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`
  const error = `a whole number ${range}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}

const ratioError = { error: 'a ratio from 0 to 1' }
const ratio = z.number(ratioError).min(0, ratioError).max(1, ratioError)
const word = z.string({ error: 'a name' }).min(1, { error: 'a name' })
const yesNo = z.boolean({ error: 'true or false' })

/** A duration of at least `leastMs` milliseconds. */
function duration(leastMs: number) {
  return z.string({ error: durationExpected }).transform((text, context) => {
    const ms = parseDuration(text)
    if (ms !== undefined && ms >= leastMs) return ms
    const expected = ms === undefined ? durationExpected : 'a longer duration'
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  })
}

const anyTime = duration(0)
const someTime = duration(1)

const instantError = 'an instant with a zone, like 2027-01-01T00:00:00Z'
const instant = z.string({ error: instantError }).transform((text, context): Instant => {
  try {
    return instantFromIso(text)
  } catch {
    // The RangeError says no more than the message that the file's author gets here.
    context.addIssue({ code: 'custom', message: instantError })
    return z.NEVER
  }
})

const expired = z.string({ error: expiredExpected }).transform((text, context): ExpiredPolicy => {
  const policy = parseExpired(text)
  if (policy !== undefined) return policy
  context.addIssue({ code: 'custom', message: expiredExpected })
  return z.NEVER
})

const kind = oneOf(['car', 'meter'])

const time = mapping({
  start: instant.default(instantFromIso('2027-01-01T00:00:00Z')),
  duration: someTime,
  tick: duration(1000).default(300_000),
}).transform(({ start, duration: durationMs, tick: tickMs }) => ({ start, durationMs, tickMs }))

const crl = mapping({
  publish_every: someTime.default(86_400_000),
  publish_delay: anyTime.default(300_000),
  next_update: someTime.default(604_800_000),
}).transform((raw) => ({
  publishEveryMs: raw.publish_every,
  publishDelayMs: raw.publish_delay,
  nextUpdateMs: raw.next_update,
}))

// Each costs a key, a certificate and a CRL a day; sixteen is a bound against slips of the pen.
const pki = mapping({ intermediates: wholeNumber(1, 16).default(2), crl: crl.prefault({}) })

const front = mapping({
  profile: oneOf(frontProfileNames).default('cloudflare'),
  resumption: oneOf(['never', 'allowed']).default('never'),
})

const edge = mapping({
  max_staleness: anyTime.default(5000),
  session_ttl: someTime.default(900_000),
}).transform((raw) => ({ maxStalenessMs: raw.max_staleness, sessionTtlMs: raw.session_ttl }))

const phase = mapping({
  name: word,
  for: someTime,
  mode: oneOf(['verify', 'passthrough']),
  expired: expired.default({ word: 'refuse' }),
  cookies: yesNo.default(false),
}).transform(({ for: forMs, ...rest }) => ({ ...rest, forMs }))

const certificate = mapping({
  validity: duration(1000),
  renew_at: ratio.default(0.5),
  renew_jitter: ratio.default(0.05),
  reenroll_after: someTime.default(86_400_000),
}).transform((raw) => ({
  validityMs: raw.validity,
  renewAtRatio: raw.renew_at,
  renewJitterRatio: raw.renew_jitter,
  reenrollAfterMs: raw.reenroll_after,
}))

const traffic = mapping({
  connect_every: someTime,
  requests: wholeNumber(1).default(1),
  ticks: wholeNumber(1).default(1),
  mqtt: ratio.default(0),
}).transform((raw) => ({
  everyMs: raw.connect_every,
  requests: raw.requests,
  ticks: raw.ticks,
  mqttRatio: raw.mqtt,
}))

const offline = mapping({ ratio, min: anyTime, max: anyTime }).transform((raw) => ({
  ratio: raw.ratio,
  minMs: raw.min,
  maxMs: raw.max,
}))

const fleet = mapping({
  kind,
  count: wholeNumber(0),
  certificate,
  traffic,
  offline: offline.default({ ratio: 0, minMs: 0, maxMs: 0 }),
})

const revocation = mapping({
  at: anyTime,
  kind,
  count: wholeNumber(0).default(1),
  reason: oneOf(['keyCompromise', 'cessationOfOperation', 'privilegeWithdrawn']),
  goes_on: yesNo.default(false),
}).transform(({ at: atMs, goes_on: goesOn, ...rest }) => ({ ...rest, atMs, goesOn }))

const hostile = mapping({
  kind: oneOf(['no_certificate', 'forged_chain', 'forged_header', 'copied_cookie']),
  every: someTime,
}).transform((raw) => ({ kind: raw.kind, everyMs: raw.every }))

export const scenarioSchema = mapping({
  version: z.literal(1, { error: '1' }),
  name: word,
  seed: wholeNumber(0),
  time,
  pki: pki.prefault({}),
  front: front.prefault({}),
  edge: edge.prefault({}),
  phases: listOf(phase, 1),
  fleets: listOf(fleet, 1),
  revocations: listOf(revocation).default([]),
  hostile: listOf(hostile).default([]),
}) satisfies z.ZodType<Scenario>
