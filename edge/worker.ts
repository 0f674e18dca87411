import { connect } from 'cloudflare:sockets'
import type { Hono } from 'hono'
import type { RandomOctets } from '#shared/session/token.ts'
import type { Clock } from '#shared/time.ts'
import { createApp } from './app.ts'
import { readListener, type ConfigFault, type ListenerVariables } from './config.ts'
import type { AppEnv, Ports } from './context.ts'
import type { Listener } from './listener.ts'
import { acceptWebSocket } from './mqtt/worker-socket.ts'
import { problemDocument, problemId } from './observe/problem.ts'
import { createPorts, runtimeClock } from './ports.ts'
import { urlAtTarget } from './target-url.ts'
import { r2TrustFiles } from './trust-stores/r2-trust-files.ts'

/** Bindings of `wrangler.toml`, beside the listener's variables. */
export interface Bindings extends ListenerVariables {
  readonly TRUST: R2Bucket
  /** Prefix of the trust store's files in the bucket; ends in `/`. */
  readonly TRUST_PREFIX?: string
  readonly TARGET?: { fetch(request: Request): Promise<Response> }
  /** Where requests go without a TARGET binding. */
  readonly TARGET_URL?: string
  /** `host:port` of the MQTT broker. */
  readonly BROKER?: string
}

/** A Worker around the edge app. The clock is an argument, and no request can reach it. */
export function createWorker(clock: Clock): {
  fetch(request: Request, env: Bindings): Promise<Response>
} {
  // One app an isolate: values are kept, and never a promise, which Workers tie to its request.
  let app: Hono<AppEnv> | undefined
  return {
    async fetch(request, env) {
      if (app !== undefined) return app.fetch(request)
      const listener = await readListener(env)
      if (!listener.ok) return misconfigured(listener.error)
      app ??= createApp(listener.value, portsOf(clock, env, listener.value))
      return app.fetch(request)
    },
  }
}

/** Said in the log, variable by variable, under the id that the answer bears. */
function misconfigured(faults: readonly ConfigFault[]): Response {
  const id = problemId(random)
  for (const { variable, expected } of faults) {
    console.error(`problem ${id}: the variable ${variable} is wrong: expected ${expected}`)
  }
  return problemDocument({ code: 'misconfigured', id })
}

const random: RandomOctets = (count) => crypto.getRandomValues(new Uint8Array(count))

function portsOf(clock: Clock, env: Bindings, listener: Listener): Ports {
  const trustFiles = r2TrustFiles(env.TRUST, env.TRUST_PREFIX ?? 'trust-stores/default/')
  const target = targetOf(env)
  const ports = createPorts(listener, {
    trustFiles,
    target,
    addressAtTarget: addressOf(env),
    clock,
  })
  return { ...ports, mqtt: mqttOf(env) }
}

function targetOf({ TARGET, TARGET_URL }: Bindings): Ports['target'] {
  if (TARGET !== undefined) return (request) => TARGET.fetch(request)
  if (TARGET_URL === undefined) return undefined
  return (request) => fetch(new Request(urlAtTarget(request.url, TARGET_URL), request))
}

/** A service binding is asked under the address of the request itself. */
function addressOf({ TARGET, TARGET_URL }: Bindings): Ports['addressAtTarget'] {
  if (TARGET !== undefined || TARGET_URL === undefined) return undefined
  return (requested) => urlAtTarget(requested, TARGET_URL)
}

function mqttOf({ BROKER }: Bindings): Ports['mqtt'] {
  return BROKER === undefined ? undefined : { openBroker: () => connect(BROKER), acceptWebSocket }
}

/** Production: the runtime's own clock. */
export default createWorker(runtimeClock)
