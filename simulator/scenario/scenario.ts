import type { Instant } from '#shared/time.ts'

/** A scenario after parsing: every duration in milliseconds, every default filled in. */
export interface Scenario {
  readonly version: 1
  readonly name: string
  readonly seed: number
  readonly time: {
    readonly start: Instant
    readonly durationMs: number
    /** Devices wake on this grid, so that what falls together runs side by side. */
    readonly tickMs: number
  }
  readonly pki: {
    readonly intermediates: number
    readonly crl: {
      readonly publishEveryMs: number
      /** From a revocation in the ledger to the CRL that says so. */
      readonly publishDelayMs: number
      readonly nextUpdateMs: number
    }
  }
  readonly front: { readonly profile: FrontProfileName; readonly resumption: 'never' | 'allowed' }
  readonly edge: {
    /** How long the worker may go on without asking the bucket for a newer trust store. */
    readonly maxStalenessMs: number
    readonly sessionTtlMs: number
  }
  readonly phases: readonly Phase[]
  readonly fleets: readonly Fleet[]
  readonly revocations: readonly RevocationPlan[]
  readonly hostile: readonly HostilePlan[]
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

export type DeviceKind = 'car' | 'meter'

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
  }
  readonly traffic: {
    /** Mean time from one connection to the next, while online. */
    readonly everyMs: number
    /** Requests of one connection at each of its ticks. */
    readonly requests: number
    /** Ticks for which a connection stays open (1: closed at once). */
    readonly ticks: number
    /** Share of connections that speak MQTT over WebSocket instead of HTTPS requests. */
    readonly mqttRatio: number
  }
  readonly offline: {
    /** Share of the devices that go away once for weeks. */
    readonly ratio: number
    readonly minMs: number
    readonly maxMs: number
  }
}

/** Some devices of a kind are revoked at an instant after the start. */
export interface RevocationPlan {
  readonly atMs: number
  readonly kind: DeviceKind
  readonly count: number
  readonly reason: 'keyCompromise' | 'cessationOfOperation' | 'privilegeWithdrawn'
  /** The revoked key goes on trying, close after publication and then at its usual pace. */
  readonly goesOn: boolean
}

export type HostileKind = 'no_certificate' | 'forged_chain' | 'forged_header' | 'copied_cookie'

/** Attacks of one kind, repeated over the run. */
export interface HostilePlan {
  readonly kind: HostileKind
  readonly everyMs: number
}
