import type { Instant } from '#shared/time.ts'

/** A scenario after parsing: every duration in milliseconds, every default filled in. */
export interface Scenario {
  readonly version: 1
  readonly name: string
  readonly seed: number
  /**
   * `wire`: it is about TLS itself, which virtual time has none of. `virtual`: too many devices for
   * real sockets, unless the fleets are scaled down.
   */
  readonly engine: 'any' | 'wire' | 'virtual'
  readonly time: {
    readonly start: Instant
    readonly durationMs: number
    /** Devices wake on this grid, so that what falls together runs side by side. */
    readonly tickMs: number
  }
  readonly pki: {
    readonly intermediates: number
    readonly ca: IssuanceService
    readonly crl: {
      readonly publishEveryMs: number
      /**
       * Between complete lists, deltas at this interval and after each revocation (RFC 5280 5.2.4);
       * undefined: complete lists only.
       */
      readonly deltaEveryMs: number | undefined
      /** From a revocation in the ledger to the CRL that says so. */
      readonly publishDelayMs: number
      readonly nextUpdateMs: number
      /**
       * Lists of each issuing CA, each for the certificates that name its distribution point (RFC 5280
       * 5.2.5); 1: one list for all, which no certificate names.
       */
      readonly partitions: number
      /** While one lasts, no list is published. */
      readonly outages: readonly Outage[]
    }
    readonly events: readonly HierarchyEvent[]
  }
  readonly front: { readonly profile: FrontProfileName; readonly resumption: 'never' | 'allowed' }
  readonly edge: {
    /** So many edges, to which requests come in turn; over real sockets there is one. */
    readonly count: number
    /** How long the worker may go on without asking the bucket for a newer trust store. */
    readonly maxStalenessMs: number
    readonly sessionTtlMs: number
    /** What the edge makes of a list past its nextUpdate: `graceMs` long it clears, then the word. */
    readonly crl: { readonly graceMs: number; readonly stale: 'refuse' | 'accept' }
  }
  readonly phases: readonly Phase[]
  readonly fleets: readonly Fleet[]
  readonly revocations: readonly RevocationPlan[]
  readonly hostile: readonly HostilePlan[]
  readonly chaos: readonly ChaosEvent[]
  /** A model of its own beside the fleet: identity by address, out of a cache. */
  readonly identityCache: IdentityCache | undefined
  readonly assert: Assertions
}

/** A stretch of the run, counted from its start. */
export interface Outage {
  readonly atMs: number
  readonly forMs: number
}

/** How the fleet's certification authority serves those who ask it for certificates. */
export interface IssuanceService {
  /** From a request to its certificate: evenly between the two; both 0 for at once. */
  readonly latencyMinMs: number
  readonly latencyMaxMs: number
  /** Certificates a second at most; who comes beyond that is turned away. Undefined: no limit. */
  readonly ratePerSecond: number | undefined
  /** While one lasts, nobody gets a certificate. */
  readonly outages: readonly Outage[]
}

/** What befalls the authorities above the devices; the order in which `hierarchy.ts` plans them. */
export const hierarchyEventNames = [
  'intermediate_expires',
  'intermediate_reissued',
  'root_added',
  'intermediates_resigned',
  'root_removed',
] as const

/**
 * `intermediate_expires`: the certificate of one issuing CA ends. `intermediate_reissued`: the same
 * name and key in a new certificate, in the trust store and in chains issued from then on.
 * `root_added`: a second root becomes an anchor. `intermediates_resigned`: every issuing CA gets a
 * certificate under the second root. `root_removed`: the first root is an anchor no longer.
 */
export interface HierarchyEvent {
  readonly atMs: number
  readonly event: (typeof hierarchyEventNames)[number]
  /** Which issuing CA, from 1; for the events of one CA only. */
  readonly intermediate: number
}

/** The platforms that the front can play; the first is played without a word. */
export const frontProfileNames = [
  'cloudflare',
  'alb',
  'cloudfront',
  'api-gateway',
  'rfc9440',
  'envoy',
  'container-apps',
  'nginx',
  'ingress-nginx',
  'haproxy',
  'apache',
  'traefik',
  'caddy',
  'google-cloud',
  'app-service',
  'application-gateway',
  'fastly',
] as const

export type FrontProfileName = (typeof frontProfileNames)[number]

/** One stretch of the run under one listener policy. Phases follow each other and fill the duration. */
export interface Phase {
  readonly name: string
  readonly forMs: number
  readonly mode: 'verify' | 'passthrough'
  readonly expired: ExpiredPolicy
  /** Whether the target issues and takes session cookies. */
  readonly cookies: boolean
}

/** What is done with a leaf whose validity has ended. */
export type ExpiredPolicy =
  | { readonly word: 'refuse' }
  | { readonly word: 'allow' }
  | { readonly word: 'grace'; readonly forMs: number }

/** A word of the scenario's own: `car`, `meter`, `pod`, `charger`, … */
export type DeviceKind = string

/**
 * When a device that is online connects: `diurnal` by day with two rush hours, `interval` at a fixed
 * distance in a phase of its own, `random` as events that do not know of each other.
 */
export const trafficPatterns = ['diurnal', 'interval', 'random'] as const

export type TrafficPattern = (typeof trafficPatterns)[number]

/** Devices of one kind and how they live. Ratios are between 0 and 1. */
export interface Fleet {
  readonly kind: DeviceKind
  readonly count: number
  readonly certificate: {
    readonly validityMs: number
    /** Fraction of the validity after which the device renews; jitter is drawn both ways. */
    readonly renewAtRatio: number
    readonly renewJitterRatio: number
    /** A device that finds its certificate expired tries with it, then is enrolled anew after this long. */
    readonly reenrollAfterMs: number
    /**
     * Back-off of a device that got no certificate: before the nth try after the first it waits for
     * anything up to `baseMs` times 2^(n-1), at most `capMs` (full jitter).
     */
    readonly retry: { readonly baseMs: number; readonly capMs: number }
  }
  /** When the devices get their first certificate; undefined: all have one, of any age, at the start. */
  readonly enrollment: { readonly atMs: number; readonly withinMs: number } | undefined
  /** Where certificates come from the edge's EST server; undefined: straight from the CA. */
  readonly onboarding: Onboarding | undefined
  /** How far the devices' own clocks are off: most within `skewMs`, a `tailRatio` of them up to `tailMs`. */
  readonly clock: {
    readonly skewMs: number
    readonly tailRatio: number
    readonly tailMs: number
  }
  readonly mqtt: MqttUse
  readonly traffic: {
    readonly pattern: TrafficPattern
    /** Of the pattern `interval`: the phases of the devices lie within this, from the start of each interval. */
    readonly windowMs: number
    /** Mean time from one connection to the next, while online. */
    readonly everyMs: number
    /** Requests of one connection at each of its ticks. */
    readonly requests: number
    /** Ticks for which a connection stays open (1: closed at once). */
    readonly ticks: number
    /** Share of connections that speak MQTT over WebSocket instead of HTTPS requests. */
    readonly mqttRatio: number
    /** Octets of the body of each request. */
    readonly bodyBytes: number
    /** How long a device keeps a TLS session to resume its next connection with; 0: not at all. */
    readonly ticketMs: number
  }
  readonly offline: readonly OfflineProcess[]
}

/**
 * How devices of a fleet get their certificates: of the edge's EST server (RFC 7030), which knows them
 * by a registry and has the scenario's CA behind it. Ratios are of the fleet, but `rekeyRatio`.
 */
export interface Onboarding {
  /** They show a claim that the operator gave out for them; the others their factory's certificate. */
  readonly claimRatio: number
  /** Of renewals: with a new key. */
  readonly rekeyRatio: number
  /** They lose key and certificate once, and begin again. */
  readonly wipedRatio: number
  /** Somebody hostile sends a request in their name, or by what was stolen of them, once. */
  readonly hostileRatio: number
}

/** How devices use MQTT (3.1.1), where they speak it. */
export interface MqttUse {
  /** Of each message (4.3): 2 takes two messages through the edge, and each is decided. */
  readonly qos: (typeof mqttQualities)[number]
  /** Whether the broker keeps the last message of each device (3.3.1.3). */
  readonly retain: boolean
  /** Whether the broker tells of a device whose session is cut (3.1.2.5). */
  readonly will: boolean
}

export const mqttQualities = [0, 1, 2] as const

/** Why devices are away. Ratios are of the fleet. */
export type OfflineProcess =
  /** A share of the devices goes away once, for long; their returns are spread over the run. */
  | {
      readonly process: 'garage'
      readonly ratio: number
      readonly minMs: number
      readonly maxMs: number
    }
  /** Every device loses the network for a short time, once in each `everyMs`. */
  | {
      readonly process: 'tunnel'
      readonly everyMs: number
      readonly minMs: number
      readonly maxMs: number
    }
  /** A share is away from one instant on, and returns within `spreadMs` after the end: 0 is all together. */
  | ({ readonly process: 'outage'; readonly ratio: number; readonly spreadMs: number } & Outage)

/** Some devices of a kind are revoked at an instant after the start. */
export interface RevocationPlan {
  readonly atMs: number
  readonly kind: DeviceKind
  /** Devices; a share of the kind's in the file becomes a number when the file is read. */
  readonly count: number
  readonly reason: 'keyCompromise' | 'cessationOfOperation' | 'privilegeWithdrawn'
  /** The revoked key goes on trying, close after publication and then at its usual pace. */
  readonly goesOn: boolean
}

/**
 * What attackers try; the oracle knows what must become of each. `no_certificate`: none. `forged_chain`:
 * a real device's names and serial, signed by keys of the attacker's own. `swapped_key`: a real device's
 * certificate, which is no secret, with the attacker's key put in place of its own. `wrong_purpose`: a
 * certificate of the fleet's CA, issued to a server. `forged_header`: none in the handshake, but one in a
 * header. `header_besides`: a good device with a header that names another one. `copied_cookie`: a good
 * device with the session cookie of another one. `cookie_alone`: somebody without any certificate with
 * such a cookie. And two devices that do not mean it, which may be let in as themselves: `long_chain`
 * sends a dozen certificates that lead nowhere besides; `ended_intermediate` sends one of its issuing CA
 * that has ended.
 */
export const hostileKinds = [
  'no_certificate',
  'forged_chain',
  'swapped_key',
  'wrong_purpose',
  'forged_header',
  'header_besides',
  'copied_cookie',
  'cookie_alone',
  'long_chain',
  'ended_intermediate',
] as const

export type HostileKind = (typeof hostileKinds)[number]

/** Attacks of one kind, repeated over the run. */
export interface HostilePlan {
  readonly kind: HostileKind
  readonly everyMs: number
}

/** Faults that a run puts in by itself. */
export const chaosFaults = [
  'ca.down',
  'crl.publisher_down',
  'crl.rollback',
  'crl.truncated',
  'gateway.restart',
  'clock.jump',
  'edge.partition',
] as const

/**
 * `ca.down`: nobody gets a certificate. `crl.publisher_down`: no list is published. `crl.rollback`:
 * the oldest lists are put back. `crl.truncated`: the lists are cut in half. `gateway.restart`: the
 * edge is started anew and forgets what it held. `clock.jump`: a clock is wrong by `byMs`.
 * `edge.partition`: a share of the edges cannot reach the bucket of their trust store. A fault of an
 * instant has `forMs` 0; the lists that one has damaged are whole again at its end.
 */
export interface ChaosEvent extends Outage {
  readonly fault: (typeof chaosFaults)[number]
  /** Of `clock.jump`: whose clock, the edge's (`edgeClock`) or that of every device of a kind. */
  readonly on: DeviceKind | undefined
  /** Of `clock.jump`: how far ahead it is then; negative: behind. */
  readonly byMs: number | undefined
  /** Of `edge.partition`: of the edges; all of them where it is undefined. */
  readonly share: number | undefined
}

/** How a scenario calls the edge where it might name a kind of device. */
export const edgeClock = 'edge'

/** A cache from addresses to identities that nobody refreshes for `forMs`, while pods come and go. */
export interface IdentityCache {
  readonly pods: number
  /** Share of the pods that is replaced in each `everyMs`. */
  readonly churnRatio: number
  readonly everyMs: number
  readonly forMs: number
  /** Free addresses, as a share of the pods. */
  readonly spareRatio: number
  readonly reuse: 'oldest' | 'random'
}

/** How a revoked certificate can be let in after its publication: by which evidence. */
export const exposureMeans = ['full', 'resumed', 'held', 'cookie'] as const

export type ExposureMeans = (typeof exposureMeans)[number]

/** What a run has to show beside right decisions. Absent: nothing more. */
export interface Assertions {
  /** Least share of the attempts of devices in good standing that are let in, by kind. */
  readonly availability: Readonly<Record<DeviceKind, number>>
  /** Longest exposure after a revocation's publication, by means. */
  readonly exposureMs: Readonly<Partial<Record<ExposureMeans, number>>>
  /** From the end of an outage of the CA to the last certificate that was due in it. */
  readonly recoveryMs: number | undefined
  /** Counters of the run and their least, or most. */
  readonly atLeast: Readonly<Record<string, number>>
  readonly atMost: Readonly<Record<string, number>>
}
