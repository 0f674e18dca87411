import type { Plugin } from 'esbuild'
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type MiniflareOptions,
} from 'miniflare'
import type { FrontSetting } from '../front/played.ts'
import type { Phase } from '../scenario/scenario.ts'
import { bundleWorker } from './bundle-worker.ts'
import {
  commonVariables,
  createSecrets,
  gatewayVariables,
  settingOf,
  targetVariables,
  type ListenerOptions,
  type Secrets,
} from './local-variables.ts'

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

export interface LocalEdgeOptions extends ListenerOptions {
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
    bindings: {
      ...commonVariables(options),
      TRUST_PREFIX: prefix,
      BROKER: `127.0.0.1:${options.brokerPort}`,
      ...bindings,
      LOCAL_KEY: secrets.localKey,
    },
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
