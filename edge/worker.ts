import { connect } from 'cloudflare:sockets'
import { waitUntil } from 'cloudflare:workers'
import type { Hono } from 'hono'
import { parseDuration } from '#shared/duration.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import type { Clock } from '#shared/time.ts'
import { createApp } from './app.ts'
import { readListener } from './config.ts'
import type { AppEnv, Ports } from './context.ts'
import type { ListenerSettings } from './control/listeners.ts'
import { boundEnrolment } from './enrollment/bound-enrolment.ts'
import { readApprovalHook } from './enrollment/registry/approval-hook.ts'
import type { RegistryBindings } from './enrollment/registry/registry-object.ts'
import {
  createFollowedListener,
  heldWhile,
  isSameVersion,
  overruledVariables,
  variablesUnder,
  withRenamedHeaders,
  type FollowedListener,
} from './followed-listener.ts'
import type { Listener } from './listener.ts'
import { problemDocument, problemId } from './observe/problem.ts'
import { readObservers, type ObserverBindings } from './observe/worker-observers.ts'
import { createPorts, runtimeClock } from './ports.ts'
import { workerAnswer } from './routing/worker-answer.ts'
import { openWorkerTarget, sendToService, workerTargetFaults } from './routing/worker-targets.ts'
import { urlAtTarget } from './target-url.ts'
import type { HeldTrustStore } from './trust-stores/held-trust-store.ts'
import { failStaticMs } from './trust-stores/managed/followed-trust-store.ts'
import {
  boundTrustStore,
  isHalfBound,
  type FeedBindings,
} from './trust-stores/managed/worker-feed.ts'
import { r2TrustFiles } from './trust-stores/r2-trust-files.ts'
import type { ListenerVariables } from './variables.ts'
import { everyIdlePeriod, type Repeat } from './websocket/repeat.ts'
import { acceptWebSocket } from './websocket/worker-socket.ts'

/** Bindings of `wrangler.toml`, beside the listener's variables. */
export interface Bindings
  extends ListenerVariables, ObserverBindings, FeedBindings, RegistryBindings {
  /** Prefix of the trust store's files in the bucket; ends in `/`. */
  readonly TRUST_PREFIX?: string
  readonly TARGET?: { fetch(request: Request): Promise<Response> }
  /** Where requests go without a TARGET binding. */
  readonly TARGET_URL?: string
  /** ARN or name (`fleet:443`) of the control plane's listener that says mode, trust store and header names. */
  readonly LISTENER?: string
  /** `host:port` of the MQTT broker. */
  readonly BROKER?: string
}

/** How idle WebSockets are asked about, by how old a snapshot of the trust store may be. */
type RepeatOf = (maxStalenessMs: number) => Repeat

/**
 * A Worker around the edge app. The clock is an argument, and no request can reach it.
 *
 * @param repeatOf without it idle WebSockets are asked about when they carry something
 */
export function createWorker(
  clock: Clock,
  repeatOf?: RepeatOf,
): {
  fetch(request: Request, env: Bindings): Promise<Response>
} {
  // One app an isolate: values are kept, and never a promise, which Workers tie to its request.
  let made: Made | undefined
  let followed: FollowedListener | undefined
  return {
    async fetch(request, env) {
      if (env.LISTENER === undefined && made !== undefined) return made.app.fetch(request)
      followed ??= followedListener(env, clock)
      const settings = await followed?.current()
      if (followed !== undefined && settings === undefined) return unavailable()
      const under = followed && settings && { followed, settings }
      if (under !== undefined && made !== undefined && isMadeUnder(made, under)) {
        return made.app.fetch(request)
      }
      const next = await make(env, { clock, repeatOf, under, before: made })
      if (!next.ok) return misconfigured(next.error)
      made = next.value
      return next.value.app.fetch(request)
    },
  }
}

/** What an app is made of beside its bindings. */
interface Making {
  readonly clock: Clock
  readonly repeatOf: RepeatOf | undefined
  /** The listener of the control plane, where one is bound. */
  readonly under: Under | undefined
  /** Whose caches, counters and trust store go on. */
  readonly before: Made | undefined
}

interface Under {
  readonly followed: FollowedListener
  readonly settings: ListenerSettings
}

interface Made {
  readonly app: Hono<AppEnv>
  readonly ports: Ports
  readonly settings: ListenerSettings | undefined
  /** As it was followed, of the settings' name. */
  readonly trustStore: HeldTrustStore | undefined
}

const isMadeUnder = (made: Made, { settings }: Under): boolean =>
  made.settings !== undefined && isSameVersion(made.settings, settings)

async function make(env: Bindings, making: Making): Promise<Result<Made, readonly Fault[]>> {
  const { clock, repeatOf, under, before } = making
  const settings = under?.settings
  const read = await readListener(settings === undefined ? env : variablesUnder(env, settings))
  const observers = readObservers(env)
  if (!read.ok || !observers.ok) {
    return err([read, observers].flatMap((each) => (each.ok ? [] : each.error)))
  }
  const { routing } = read.value.forwarding
  const faults = [
    ...feedFaults(env),
    ...urlFaults(env),
    ...registryFaults(env, read.value),
    ...workerTargetFaults(env, routing),
  ]
  if (faults.length > 0) return err(faults)
  const listener = withRenamedHeaders(read.value, settings?.renamed ?? {})
  const fresh = before === undefined ? portsOf(clock, env, listener, repeatOf) : before.ports
  const ports = before === undefined ? { ...fresh, ...observers.value(fresh) } : fresh
  if (under === undefined) {
    return ok({ app: createApp(listener, ports), ports, settings, trustStore: undefined })
  }
  const trustStore = followedStore(env, listener, making)
  const held =
    trustStore === undefined ? noTrustStore : heldWhile(trustStore, under.settings, under.followed)
  return ok({
    app: createApp(listener, { ...ports, trustStore: held }),
    ports,
    settings,
    trustStore,
  })
}

/** A listener that verifies nothing has none, and whatever verifies all the same lets nobody in. */
const noTrustStore: HeldTrustStore = { current: async () => undefined }

/** The trust store that the listener names: the one at hand, where it is the same. */
function followedStore(
  env: Bindings,
  listener: Listener,
  { under, before, clock }: Making,
): HeldTrustStore | undefined {
  const name = under?.settings.trustStore
  if (name === undefined) return undefined
  if (before?.settings?.trustStore === name && before.trustStore !== undefined) {
    return before.trustStore
  }
  return boundTrustStore({ ...env, TRUST_STORE: name }, listener, clock)
}

/** Undefined where no listener is bound, or nobody to ask about it: `feedFaults` tells. */
function followedListener(env: Bindings, clock: Clock): FollowedListener | undefined {
  const { LISTENER: name, TRUST_STORE_FEED: feed } = env
  if (name === undefined || feed === undefined) return undefined
  return createFollowedListener({
    ask: async () => feed.listener?.(name),
    // What is wrong with the variable is told once an app is made of it.
    maxStalenessMs: parseDuration(env.MAX_STALENESS ?? '5s') ?? 0,
    failStaticMs,
    clock,
    background: waitUntil,
    report: (because) => console.error(`the listener ${name} was not taken: ${because}`),
  })
}

/** Nobody knows what the listener says, or it is no more. */
const unavailable = (): Response =>
  problemDocument({ code: 'trust_store_unavailable', id: problemId(random) })

/** A variable or binding of any kind that cannot be used. */
interface Fault {
  readonly variable: string
  readonly expected: string
}

function urlFaults({ TARGET_URL }: Bindings): readonly Fault[] {
  if (TARGET_URL === undefined) return []
  const isUrl = /^https?:/i.test(TARGET_URL) && URL.canParse(TARGET_URL)
  return isUrl ? [] : [{ variable: 'TARGET_URL', expected: 'an absolute URL, http: or https:' }]
}

function registryFaults(env: Bindings, { enrolment }: Listener): readonly Fault[] {
  if (enrolment === undefined) return []
  if (env.REGISTRY === undefined) {
    return [{ variable: 'ENROLLMENT', expected: 'together with the binding REGISTRY' }]
  }
  const hook = readApprovalHook(env)
  return hook.ok ? [] : [hook.error]
}

function feedFaults(env: Bindings): readonly Fault[] {
  if (env.LISTENER === undefined) return isHalfBound(env) ? [halfBound('TRUST_STORE')] : []
  const overruled = overruledVariables(env).map((variable) => {
    return { variable, expected: 'nothing beside LISTENER, which says it' }
  })
  return env.TRUST_STORE_FEED === undefined ? [halfBound('LISTENER'), ...overruled] : overruled
}

const halfBound = (variable: string): Fault => ({
  variable,
  expected: 'together with the binding TRUST_STORE_FEED, or neither of the two',
})

/** Said in the log, variable by variable, under the id that the answer bears. */
function misconfigured(faults: readonly Fault[]): Response {
  const id = problemId(random)
  for (const { variable, expected } of faults) {
    console.error(`problem ${id}: the variable ${variable} is wrong: expected ${expected}`)
  }
  return problemDocument({ code: 'misconfigured', id })
}

const random: RandomOctets = (count) => crypto.getRandomValues(new Uint8Array(count))

function portsOf(
  clock: Clock,
  env: Bindings,
  listener: Listener,
  repeatOf: RepeatOf | undefined,
): Ports {
  const trustFiles = r2TrustFiles(env.TRUST, env.TRUST_PREFIX ?? 'trust-stores/default/')
  const target = targetOf(env)
  const ports = createPorts(listener, {
    trustFiles,
    target,
    addressAtTarget: addressOf(env),
    openTarget: openWorkerTarget(env),
    clock,
    openEnrolment: (settings) => boundEnrolment(env, settings),
  })
  const trustStore = boundTrustStore(env, listener, clock) ?? ports.trustStore
  const repeat = repeatOf?.(listener.maxStalenessMs)
  return { ...ports, trustStore, repeat, mqtt: mqttOf(env) }
}

function targetOf({ TARGET, TARGET_URL }: Bindings): Ports['target'] {
  if (TARGET !== undefined) return sendToService(TARGET, 'binding:TARGET')
  if (TARGET_URL === undefined) return undefined
  const { host } = new URL(TARGET_URL)
  return async (request, limits) => {
    const answer = await fetch(new Request(urlAtTarget(request.url, TARGET_URL), request))
    return workerAnswer(answer, host, limits)
  }
}

/** A service binding is asked under the address of the request itself. */
function addressOf({ TARGET, TARGET_URL }: Bindings): Ports['addressAtTarget'] {
  if (TARGET !== undefined || TARGET_URL === undefined) return undefined
  return (requested) => urlAtTarget(requested, TARGET_URL)
}

function mqttOf({ BROKER }: Bindings): Ports['mqtt'] {
  if (BROKER === undefined) return undefined
  return { openBroker: () => connect(BROKER), acceptWebSocket }
}

export { ConnectionLogFiles } from './observe/log-files/connection-log-files.ts'

/** Production: the runtime's own clock and timers. */
export default createWorker(runtimeClock, everyIdlePeriod)
