import { randomBytes } from 'node:crypto'
import type { Plugin } from 'esbuild'
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type MiniflareOptions,
} from 'miniflare'
import { formatDuration } from '#shared/duration.ts'
import { formatExpired } from '#shared/path/expired-policy.ts'
import type { FrontSetting } from '../front/played.ts'
import { playedPlatforms } from '../front/profiles/by-name.ts'
import type { FrontProfileName, Phase } from '../scenario/scenario.ts'
import { bundleWorker } from './bundle-worker.ts'

/** Gateway and target in workerd, with the trust store's bucket between them and the world. */
export interface LocalEdge {
  /** Where the gateway listens. */
  readonly url: string
  /** What the front must know to be believed. */
  readonly localKey: string
  /** What the front is played with in a phase, as the gateway expects it. */
  settingOf(phase: Phase): FrontSetting
  /** Deploys both workers anew, with the listener policy of a phase. */
  deploy(phase: Phase): Promise<void>
  /** Writes one object of the trust store. */
  publish(name: string, octets: Uint8Array): Promise<void>
  close(): Promise<void>
}

export interface LocalEdgeOptions {
  readonly profile: FrontProfileName
  readonly phase: Phase
  readonly maxStalenessMs: number
  readonly sessionTtlMs: number
  readonly brokerPort: number
  /** Where the bucket's objects are kept. */
  readonly persistDir: string
  /** Tests change the worker here, to see that the oracle notices. */
  readonly bundlePlugins: readonly Plugin[]
}

const prefix = 'trust-stores/local/'
/** Without its ending: TypeScript in the project, JavaScript in what is published. */
const localWorker = './simulator/worker/local'
const compatibilityDate = '2026-10-15'

/** Bundles the local worker and starts it twice. Quiet and offline: no telemetry, no look-ups. */
export async function startLocalEdge(options: LocalEdgeOptions): Promise<LocalEdge> {
  const { text: script } = await bundleWorker(localWorker, options.bundlePlugins)
  const secrets = createSecrets()
  const configured = (phase: Phase, port: number): MiniflareOptions =>
    miniflareOptions({ ...options, phase }, script, secrets, port)
  const runtime = keepingSignals(() => new Miniflare(configured(options.phase, 0)))
  const url = await runtime.ready
  const port = Number(url.port)
  return {
    url: url.origin,
    localKey: secrets.localKey,
    settingOf: (phase) => settingOf(phase, secrets),
    async deploy(phase) {
      await runtime.setOptions(configured(phase, port))
      await runtime.ready
    },
    async publish(name, octets) {
      const bucket = await runtime.getR2Bucket('TRUST', 'gateway')
      await bucket.put(`${prefix}${name}`, octets)
    },
    close: () => runtime.dispose(),
  }
}

/**
 * Miniflare ends the process by itself when a signal comes, before a report could be written. Where
 * the process listens for the signal itself, Miniflare's listeners are taken off again; the one for
 * the process's end stays and stops workerd.
 */
function keepingSignals<Value>(create: () => Value): Value {
  const own = (['SIGINT', 'SIGTERM'] as const).map((signal) => ({
    signal,
    listeners: process.listeners(signal),
  }))
  const created = create()
  for (const { signal, listeners } of own.filter((each) => each.listeners.length > 0)) {
    const added = process.listeners(signal).filter((listener) => !listeners.includes(listener))
    for (const listener of added) process.removeListener(signal, listener)
  }
  return created
}

interface Secrets {
  readonly localKey: string
  readonly albPrefix: string
  /** Between front and gateway, and between gateway and target. */
  readonly frontHop: string
  readonly hop: string
  readonly session: string
}

/** Fresh for each run: nothing that was printed or kept opens another run's door. */
function createSecrets(): Secrets {
  return {
    localKey: randomHex(24),
    albPrefix: `x-fleet-${randomHex(12)}-`,
    frontHop: randomHex(24),
    hop: randomHex(24),
    session: `run:${randomBytes(32).toString('base64')}`,
  }
}

function settingOf({ mode, expired }: Phase, secrets: Secrets): FrontSetting {
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

function miniflareOptions(
  options: LocalEdgeOptions,
  script: string,
  secrets: Secrets,
  port: number,
): MiniflareOptions {
  const worker = (name: string, bindings: Record<string, string>, target?: string) => ({
    name,
    modules: [{ type: 'ESModule' as const, path: 'worker.mjs', contents: script }],
    compatibilityDate,
    bindings: { ...commonVariables(options), ...bindings, LOCAL_KEY: secrets.localKey },
    r2Buckets: { TRUST: 'sallyport-trust' },
    ...(target === undefined ? {} : { serviceBindings: { TARGET: target } }),
  })
  return convertV4MiniflareOptions({
    host: '127.0.0.1',
    port,
    log: new Log(LogLevel.ERROR),
    cf: false,
    r2Persist: options.persistDir,
    workers: [
      worker('gateway', gatewayVariables(options, secrets), 'target'),
      worker('target', targetVariables(options, secrets)),
    ],
  })
}

function commonVariables({ phase, maxStalenessMs, sessionTtlMs, brokerPort }: LocalEdgeOptions) {
  return {
    EXPIRED: formatExpired(phase.expired),
    MAX_STALENESS: formatDuration(maxStalenessMs),
    SESSION_TTL: formatDuration(sessionTtlMs),
    TRUST_PREFIX: prefix,
    BROKER: `127.0.0.1:${brokerPort}`,
  }
}

/** Plays the load balancer: reads what the front hands over, decides or passes through. */
function gatewayVariables({ profile, phase }: LocalEdgeOptions, secrets: Secrets) {
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
function targetVariables({ phase }: LocalEdgeOptions, secrets: Secrets) {
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
