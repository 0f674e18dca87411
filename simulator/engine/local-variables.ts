import { randomBytes } from 'node:crypto'
import { formatDuration } from '#shared/duration.ts'
import { formatExpired } from '#shared/path/expired-policy.ts'
import type { FrontSetting } from '../front/played.ts'
import { playedPlatforms } from '../front/profiles/by-name.ts'
import type { FrontProfileName, Phase, Scenario } from '../scenario/scenario.ts'

/** What the listeners of a local run are configured by. */
export interface ListenerOptions {
  readonly profile: FrontProfileName
  readonly phase: Phase
  readonly maxStalenessMs: number
  readonly sessionTtlMs: number
  readonly crl: Scenario['edge']['crl']
}

/** What the parts of one run know of each other, and nobody else. */
export interface Secrets {
  readonly localKey: string
  readonly albPrefix: string
  /** Between front and gateway, and between gateway and target. */
  readonly frontHop: string
  readonly hop: string
  readonly session: string
}

/** Fresh for each run: nothing that was printed or kept opens another run's door. */
export function createSecrets(): Secrets {
  return {
    localKey: randomHex(24),
    albPrefix: `x-fleet-${randomHex(12)}-`,
    frontHop: randomHex(24),
    hop: randomHex(24),
    session: `run:${randomBytes(32).toString('base64')}`,
  }
}

/** How the front is played in a phase. */
export function settingOf({ mode, expired }: Phase, secrets: Secrets): FrontSetting {
  return {
    mode,
    expired: expired.word === 'refuse' ? 'refuse' : 'allow',
    albPrefix: secrets.albPrefix,
    hopSecret: secrets.frontHop,
  }
}

function randomHex(octets: number): string {
  return randomBytes(octets).toString('hex')
}

/** Of both listeners. */
export function commonVariables({ phase, maxStalenessMs, sessionTtlMs, crl }: ListenerOptions) {
  return {
    CRL_GRACE: formatDuration(crl.graceMs),
    CRL_STALE: crl.stale,
    EXPIRED: formatExpired(phase.expired),
    MAX_STALENESS: formatDuration(maxStalenessMs),
    SESSION_TTL: formatDuration(sessionTtlMs),
  }
}

/** Plays the load balancer: reads what the front hands over, decides or passes through. */
export function gatewayVariables({ profile, phase }: ListenerOptions, secrets: Secrets) {
  const sessions = phase.cookies && phase.mode === 'verify'
  return {
    PLATFORM: profile,
    MODE: phase.mode,
    TARGET_HOP_SECRET: secrets.hop,
    ...playedPlatforms[profile].gateway(settingOf(phase, secrets)),
    ...(sessions ? { SESSION_KEYS: secrets.session } : {}),
  }
}

/** Plays the backend: believes the gateway's metadata, or verifies the chain that it passed through. */
export function targetVariables({ phase }: ListenerOptions, secrets: Secrets) {
  const sessions = phase.cookies && phase.mode === 'passthrough'
  return {
    PLATFORM: 'alb',
    ALB_MODE: phase.mode,
    MODE: 'verify',
    ATTESTED: phase.mode === 'verify' ? 'accept' : 'refuse',
    HOP: 'secret',
    HOP_SECRET: secrets.hop,
    ...(sessions ? { SESSION_KEYS: secrets.session } : {}),
  }
}
