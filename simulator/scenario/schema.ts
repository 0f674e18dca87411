import { z } from 'zod'
import { parseDuration } from '#shared/duration.ts'
import { instantFromIso } from '#shared/time.ts'
import {
  chaosFaults,
  exposureMeans,
  frontProfileNames,
  hierarchyEventNames,
  hostileKinds,
  mqttQualities,
  trafficPatterns,
  type OfflineProcess,
  type Scenario,
  type TrafficPattern,
} from './scenario.ts'
import {
  anyTime,
  duration,
  durationForm,
  expired,
  instant,
  kind,
  listOf,
  mapping,
  oneOf,
  outage,
  outageFields,
  positive,
  ratio,
  someTime,
  toOutage,
  wholeNumber,
  word,
  yesNo,
} from './schema-fields.ts'

/*
 * The shape of a scenario file. Keys are words of the file; fields with units begin where
 * `transform` ends.
 */

const time = mapping({
  start: instant.default(instantFromIso('2027-01-01T00:00:00Z')),
  duration: someTime,
  tick: duration(1000).default(300_000),
}).transform(({ start, duration: durationMs, tick: tickMs }) => ({ start, durationMs, tickMs }))

// The lists of sixteen issuing CAs, and their deltas, are five hundred files: a bucket lists a thousand at once.
const partitionsMax = 16

const crl = mapping({
  publish_every: someTime.default(86_400_000),
  delta_every: someTime.optional(),
  publish_delay: anyTime.default(300_000),
  next_update: someTime.default(604_800_000),
  partitions: wholeNumber(1, partitionsMax).default(1),
  outages: listOf(outage).default([]),
}).transform((raw) => ({
  publishEveryMs: raw.publish_every,
  deltaEveryMs: raw.delta_every,
  publishDelayMs: raw.publish_delay,
  nextUpdateMs: raw.next_update,
  partitions: raw.partitions,
  outages: raw.outages,
}))

const span = mapping({ min: anyTime, max: anyTime })

const ca = mapping({
  latency: span.default({ min: 0, max: 0 }),
  // Certificates a second; a CA faster than a million is no limit at all.
  rate: positive(1_000_000, 'certificates a second').optional(),
  outages: listOf(outage).default([]),
}).transform((raw) => ({
  latencyMinMs: raw.latency.min,
  latencyMaxMs: raw.latency.max,
  ratePerSecond: raw.rate,
  outages: raw.outages,
}))

// Each costs a key, a certificate and a CRL a day; sixteen is a bound against slips of the pen.
const intermediatesMax = 16

const hierarchyEvent = mapping({
  at: someTime,
  event: oneOf(hierarchyEventNames),
  intermediate: wholeNumber(1, intermediatesMax).default(1),
}).transform(({ at: atMs, ...rest }) => ({ ...rest, atMs }))

const pki = mapping({
  intermediates: wholeNumber(1, intermediatesMax).default(2),
  ca: ca.prefault({}),
  crl: crl.prefault({}),
  events: listOf(hierarchyEvent).default([]),
})

const front = mapping({
  profile: oneOf(frontProfileNames).default('cloudflare'),
  resumption: oneOf(['never', 'allowed']).default('never'),
})

const edgeCrl = mapping({
  grace: anyTime.default(0),
  stale: oneOf(['refuse', 'accept']).default('refuse'),
}).transform(({ grace: graceMs, stale }) => ({ graceMs, stale }))

// Each is a gateway and a target in this process; more show nothing that eight do not.
const edgesMax = 8

const edge = mapping({
  count: wholeNumber(1, edgesMax).default(1),
  max_staleness: anyTime.default(5000),
  session_ttl: someTime.default(900_000),
  crl: edgeCrl.prefault({}),
}).transform((raw) => ({
  count: raw.count,
  maxStalenessMs: raw.max_staleness,
  sessionTtlMs: raw.session_ttl,
  crl: raw.crl,
}))

const phase = mapping({
  name: word,
  for: someTime,
  mode: oneOf(['verify', 'passthrough']),
  expired: expired.default({ word: 'refuse' }),
  cookies: yesNo.default(false),
}).transform(({ for: forMs, ...rest }) => ({ ...rest, forMs }))

const retry = mapping({ base: someTime, cap: someTime }).transform((raw) => ({
  baseMs: raw.base,
  capMs: raw.cap,
}))

const certificate = mapping({
  validity: duration(1000),
  renew_at: ratio.default(0.5),
  renew_jitter: ratio.default(0.05),
  reenroll_after: someTime.default(86_400_000),
  retry: retry.default({ baseMs: 30_000, capMs: 3_600_000 }),
}).transform((raw) => ({
  validityMs: raw.validity,
  renewAtRatio: raw.renew_at,
  renewJitterRatio: raw.renew_jitter,
  reenrollAfterMs: raw.reenroll_after,
  retry: raw.retry,
}))

// The upload limit of the smallest plans is 100 MB; a simulated report is a thousandth of that at most.
const bodyBytesMax = 100_000

const traffic = mapping({
  pattern: oneOf(trafficPatterns).optional(),
  connect_every: someTime,
  window: someTime.optional(),
  requests: wholeNumber(1).default(1),
  ticks: wholeNumber(1).default(1),
  mqtt: ratio.default(0),
  body: wholeNumber(2, bodyBytesMax).default(11),
  tickets: anyTime.default(0),
})

const garage = { ratio, min: anyTime, max: anyTime }
const tunnel = { every: someTime, min: anyTime, max: anyTime }
const areaOutage = { ratio, ...outageFields, spread: anyTime.default(0) }
const processes = ['garage', 'tunnel', 'outage'] as const

/** Which of them it is stands in `process`, so that a fault is told of that one alone. */
const offlineProcess = z
  .discriminatedUnion(
    'process',
    [
      mapping({ process: z.literal('garage').optional(), ...garage }),
      mapping({ process: z.literal('tunnel'), ...tunnel }),
      mapping({ process: z.literal('outage'), ...areaOutage }),
    ],
    { error: `one of ${processes.join(', ')}` },
  )
  .transform((raw): OfflineProcess => {
    switch (raw.process) {
      case 'tunnel':
        return { process: 'tunnel', everyMs: raw.every, minMs: raw.min, maxMs: raw.max }
      case 'outage': {
        const { ratio: share, spread: spreadMs } = raw
        return { process: 'outage', ratio: share, spreadMs, ...toOutage(raw) }
      }
      case 'garage':
      case undefined:
        return { process: 'garage', ratio: raw.ratio, minMs: raw.min, maxMs: raw.max }
    }
  })

/** One process by itself, or a list of them. */
const offline = z
  .union([z.array(offlineProcess), offlineProcess])
  .transform((raw) => (Array.isArray(raw) ? raw : [raw]))

const enrollment = mapping({ at: anyTime, within: anyTime.default(0) }).transform((raw) => ({
  atMs: raw.at,
  withinMs: raw.within,
}))

const onboarding = mapping({
  claims: ratio.default(0),
  rekey: ratio.default(0),
  wiped: ratio.default(0),
  hostile: ratio.default(0),
}).transform((raw) => ({
  claimRatio: raw.claims,
  rekeyRatio: raw.rekey,
  wipedRatio: raw.wiped,
  hostileRatio: raw.hostile,
}))

const qualityError = { error: 'one of 0, 1, 2' }

const mqtt = mapping({
  qos: z.literal(mqttQualities, qualityError).default(1),
  retain: yesNo.default(false),
  will: yesNo.default(false),
})

const clock = mapping({
  skew: anyTime.default(0),
  tail: ratio.default(0),
  tail_skew: anyTime.default(0),
}).transform((raw) => ({ skewMs: raw.skew, tailRatio: raw.tail, tailMs: raw.tail_skew }))

/** How kinds connect where the file does not say. */
const usualPatterns: ReadonlyMap<string, TrafficPattern> = new Map([
  ['car', 'diurnal'],
  ['meter', 'interval'],
])

const fleet = mapping({
  kind,
  count: wholeNumber(0),
  certificate,
  enrollment: enrollment.optional(),
  onboarding: onboarding.optional(),
  clock: clock.prefault({}),
  mqtt: mqtt.prefault({}),
  traffic,
  offline: offline.default([]),
}).transform(({ traffic: raw, enrollment: enrolled, onboarding: onboarded, ...rest }) => ({
  ...rest,
  enrollment: enrolled,
  onboarding: onboarded,
  traffic: {
    pattern: raw.pattern ?? usualPatterns.get(rest.kind) ?? ('random' as const),
    everyMs: raw.connect_every,
    windowMs: raw.window ?? raw.connect_every,
    requests: raw.requests,
    ticks: raw.ticks,
    mqttRatio: raw.mqtt,
    bodyBytes: raw.body,
    ticketMs: raw.tickets,
  },
}))

const revocation = mapping({
  at: anyTime,
  kind,
  count: wholeNumber(0).optional(),
  fraction: ratio.optional(),
  reason: oneOf(['keyCompromise', 'cessationOfOperation', 'privilegeWithdrawn']),
  goes_on: yesNo.default(false),
}).superRefine(({ count, fraction }, context) => {
  if (count === undefined || fraction === undefined) return
  context.addIssue({
    code: 'custom',
    path: ['fraction'],
    message: 'either count or fraction, not both',
  })
})

const hostile = mapping({ kind: oneOf(hostileKinds), every: someTime }).transform((raw) => ({
  kind: raw.kind,
  everyMs: raw.every,
}))

const dayMs = 86_400_000

// The authorities of the simulated world outlive its start by eight years: so far nothing ends but leaves.
const jumpDaysMax = 5 * 365

const jumpExpected = `a duration, behind with a minus before it: 90s, -1h; at most ${jumpDaysMax} days`

const jump = z
  .string({ error: jumpExpected })
  .meta({ description: jumpExpected, pattern: `^-?${durationForm.pattern.slice(1)}` })
  .transform((text, context) => {
    const ms = parseDuration(text.replace(/^-/, ''))
    if (ms !== undefined && ms > 0 && ms <= jumpDaysMax * dayMs) {
      return text.startsWith('-') ? -ms : ms
    }
    context.addIssue({ code: 'custom', message: jumpExpected })
    return z.NEVER
  })

const chaos = mapping({
  at: anyTime,
  for: anyTime.default(0),
  fault: oneOf(chaosFaults),
  on: word.optional(),
  by: jump.optional(),
  share: ratio.optional(),
}).transform(({ at: atMs, for: forMs, fault, on, by: byMs, share }) => {
  return { atMs, forMs, fault, on, byMs, share }
})

// A model in memory: ten million pods are 160 MB of addresses.
const podsMax = 10_000_000

const identityCache = mapping({
  pods: wholeNumber(1, podsMax),
  churn: ratio,
  every: someTime,
  for: someTime,
  spare: ratio.default(0.05),
  reuse: oneOf(['oldest', 'random']).default('random'),
}).transform((raw) => ({
  pods: raw.pods,
  churnRatio: raw.churn,
  everyMs: raw.every,
  forMs: raw.for,
  spareRatio: raw.spare,
  reuse: raw.reuse,
}))

const counts = z.record(word, wholeNumber(0), { error: 'a mapping of counters to numbers' })

const assertions = mapping({
  availability: z.record(kind, ratio, { error: 'a mapping of kinds to ratios' }).default({}),
  exposure: mapping({
    full: anyTime.optional(),
    resumed: anyTime.optional(),
    held: anyTime.optional(),
    cookie: anyTime.optional(),
  }).default({}),
  recovery: anyTime.optional(),
  at_least: counts.default({}),
  at_most: counts.default({}),
}).transform((raw) => ({
  availability: raw.availability,
  exposureMs: Object.fromEntries(
    exposureMeans.flatMap((means) => {
      const ms = raw.exposure[means]
      return ms === undefined ? [] : [[means, ms] as const]
    }),
  ),
  recoveryMs: raw.recovery,
  atLeast: raw.at_least,
  atMost: raw.at_most,
}))

/** The scenario's file as it is written; editors get its JSON Schema. */
export const scenarioSchema = mapping({
  version: z.literal(1, { error: '1' }),
  name: word,
  seed: wholeNumber(0),
  engine: oneOf(['any', 'wire', 'virtual']).default('any'),
  time,
  pki: pki.prefault({}),
  front: front.prefault({}),
  edge: edge.prefault({}),
  phases: listOf(phase, 1),
  fleets: listOf(fleet, 1),
  revocations: listOf(revocation).default([]),
  hostile: listOf(hostile).default([]),
  chaos: listOf(chaos).default([]),
  identity_cache: identityCache.optional(),
  assert: assertions.prefault({}),
}).transform(({ revocations, identity_cache: cache, ...scenario }) => ({
  ...scenario,
  identityCache: cache,
  revocations: revocations.map(({ at: atMs, goes_on: goesOn, count, fraction, ...plan }) => ({
    ...plan,
    atMs,
    goesOn,
    count: count ?? shareOf(scenario.fleets, plan.kind, fraction),
  })),
})) satisfies z.ZodType<Scenario>

/** So many devices of a kind as a share of them is; one device where no share is given either. */
function shareOf(
  fleets: readonly { readonly kind: string; readonly count: number }[],
  wanted: string,
  fraction: number | undefined,
): number {
  if (fraction === undefined) return 1
  const ofKind = fleets.filter((each) => each.kind === wanted).map((each) => each.count)
  return Math.round(fraction * ofKind.reduce((sum, each) => sum + each, 0))
}
