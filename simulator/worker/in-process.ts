import { fromBase64, type Bytes } from '#shared/bytes.ts'
import type { VerificationPolicy } from '#shared/path/policy.ts'
import { instantFromMs, isoFromInstant, type Clock, type Instant } from '#shared/time.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { configuredApp, type ConfiguredApp } from '#edge/configured-app.ts'

/** Variables of a listener, as a Worker has them. */
export type Variables = Readonly<Record<string, string>>

/** What the platform says of a connection beside headers: `request.cf`, or its runtime's own words. */
export interface PlatformFacts {
  readonly cf?: Readonly<Record<string, unknown>> | undefined
  readonly connection?: Readonly<Record<string, unknown>> | undefined
}

/** An MQTT session over a WebSocket that the edge has taken. */
export interface InProcessSession {
  /** Carries one message to the broker. Undefined where it came there, else why the edge cut the session. */
  send(octets: Bytes): Promise<string | undefined>
  close(): void
}

/** Gateway and target as `simulator/worker/local.ts` runs them in workerd, in this process and without sockets. */
export interface InProcessEdge {
  /** Deploys both anew: what the apps before remembered is gone. */
  deploy(gateway: Variables, target: Variables): Promise<void>
  /** Writes one object of the trust store. */
  publish(name: string, octets: Bytes): void
  /** One request, as the platform hands it to the gateway. */
  fetch(request: Request, facts: PlatformFacts): Promise<Response>
  /** The session that this answer to an upgrade opened; undefined where it opened none. */
  sessionOf(response: Response): InProcessSession | undefined
  /** What the one of the two that decides goes by, as it read its variables. */
  policy(): VerificationPolicy
  /** Looks at the lists of these issuers in a snapshot, so that no answer depends on who asked before. */
  warm(store: TrustStore, issuers: readonly Certificate[]): Promise<void>
}

export interface InProcessOptions {
  readonly clock: Clock
  /** Of signatures: an argument, since what `node:crypto` is nobody knows where Workers are typed. */
  readonly verifier: SignatureVerifier
  /** Where the gateway has an EST server: its registry, and the CA behind it. */
  readonly openEnrolment?: NonNullable<Parameters<typeof configuredApp>[1]['openEnrolment']>
  /** The trust store in force at an instant, where what was published is known; else it is asked of the bucket. */
  readonly storeAt?: (at: Instant) => TrustStore
  /** Whether the bucket answers now; it does unless given. */
  readonly reachesBucket?: () => boolean
}

/** Names the session that an upgrade opened, on its way back through gateway and target. */
const sessionHeader = 'x-sallyport-session'

/** The edge without a runtime: its real apps, whose bucket, broker and WebSockets are in memory. */
export function createInProcessEdge({
  clock,
  verifier,
  openEnrolment,
  storeAt,
  reachesBucket = () => true,
}: InProcessOptions): InProcessEdge {
  const files = createMemoryFiles(reachesBucket)
  const sessions = new Map<string, InProcessSession>()
  const trust =
    storeAt === undefined
      ? { trustFiles: files }
      : { openTrustStore: () => ({ current: async () => storeAt(clock.now()) }) }
  let gateway: ConfiguredApp | undefined
  let deciding: VerificationPolicy | undefined
  let apps: readonly ConfiguredApp[] = []
  const open = (
    variables: Variables,
    target: ((request: Request) => Promise<Response>) | undefined,
  ): Promise<ConfiguredApp> =>
    configuredApp(variables, {
      ...trust,
      clock,
      verifier,
      target,
      mqtt: createMqttPorts(sessions),
      openEnrolment,
      // Time is the world's: nothing rings between two instants.
      repeat: () => () => {},
    })
  return {
    async deploy(gatewayVariables, targetVariables) {
      const target = await open(targetVariables, undefined)
      gateway = await open(gatewayVariables, async (request) => target.app.fetch(request))
      apps = [gateway, target]
      const { listener } = gateway.listener.mode === 'verify' ? gateway : target
      deciding = listener.policy
    },
    publish: (name, octets) => files.write(name, octets),
    async fetch(request, { cf, connection }) {
      if (gateway === undefined) throw new Error('the edge was not deployed yet')
      if (cf !== undefined) Object.defineProperty(request, 'cf', { value: cf })
      if (connection !== undefined) {
        Object.defineProperty(request, 'connection', { value: overTheWire(connection) })
      }
      return gateway.app.fetch(request)
    },
    sessionOf(response) {
      const id = response.headers.get(sessionHeader) ?? ''
      const session = sessions.get(id)
      sessions.delete(id)
      return session
    },
    policy() {
      if (deciding === undefined) throw new Error('the edge was not deployed yet')
      return deciding
    },
    async warm(store, issuers) {
      for (const { ports } of apps) {
        for (const issuer of issuers) await ports.crls.of(store, issuer)
      }
    },
  }
}

/** Facts of a runtime come as JSON in local runs, octets as `{"base64": …}`: the same here. */
function overTheWire(facts: Readonly<Record<string, unknown>>): unknown {
  const text = JSON.stringify(facts, (_key, value: unknown) =>
    value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value,
  )
  return JSON.parse(text, (_key, value: unknown) => {
    const isOctets = typeof value === 'object' && value !== null && 'base64' in value
    // A copy of its own: decoded octets may share a larger buffer.
    return isOctets ? fromBase64(String(value.base64))?.slice().buffer : value
  })
}

/** A trust store's bucket in memory; every write is a new version. */
function createMemoryFiles(isReached: () => boolean = () => true) {
  const files = new Map<string, { readonly octets: Bytes; readonly version: string }>()
  let writes = 0
  return {
    write(name: string, octets: Bytes): void {
      writes += 1
      files.set(name, { octets, version: String(writes) })
    },
    async list() {
      if (!isReached()) throw new Error('the bucket cannot be reached')
      return [...files].map(([name, { version }]) => ({
        name,
        version,
        writtenAt: Number(version),
      }))
    },
    // A copy: whoever reads a bucket's object owns what it got.
    read: async (name: string) => files.get(name)?.octets.slice(),
  }
}

/** WebSockets and a broker in memory: the broker takes what reaches it, and that is its answer. */
function createMqttPorts(sessions: Map<string, InProcessSession>) {
  let opening = createLine()
  return {
    openBroker: () => {
      opening = createLine()
      return opening.broker
    },
    // The edge asks for a broker and takes the socket in one breath, so the two are one line.
    acceptWebSocket: () => {
      const id = crypto.randomUUID()
      sessions.set(id, opening.session)
      const response = new Response(null, { headers: { [sessionHeader]: id } })
      return { socket: opening.socket, response }
    },
  }
}

/** A device's WebSocket with a broker behind it. */
function createLine() {
  let listening: Pick<SocketListeners, 'message' | 'closed'> | undefined
  let waiting: ((refusal: string | undefined) => void) | undefined
  let cut: string | undefined
  const settle = (refusal: string | undefined): void => {
    waiting?.(refusal)
    waiting = undefined
  }
  const ended = new AbortController()
  const session: InProcessSession = {
    send: (octets) =>
      new Promise((resolve) => {
        if (cut !== undefined) return resolve(cut)
        waiting = resolve
        return listening?.message(octets.slice().buffer)
      }),
    close: () => listening?.closed(1000, ''),
  }
  return {
    session,
    socket: {
      listen: (on: SocketListeners): void => {
        listening = on
      },
      send: (): void => {},
      close: (_code: number, reason: string): void => {
        cut = reason
        settle(reason)
      },
    },
    broker: {
      readable: new ReadableStream<Uint8Array>({
        start: (controller) => ended.signal.addEventListener('abort', () => controller.close()),
      }),
      writable: new WritableStream<Uint8Array>({ write: () => settle(undefined) }),
      close: async (): Promise<void> => ended.abort(),
    },
  }
}

/** What the edge wants to hear of a socket. */
interface SocketListeners {
  readonly message: (message: ArrayBuffer) => void
  readonly closed: (code: number, reason: string) => void
}

/** What was written into a trust store's bucket at one instant. */
export interface Publication {
  readonly at: Instant
  readonly files: readonly { readonly name: string; readonly octets: Bytes }[]
}

/**
 * The snapshots that an edge of these variables holds after each publication, loaded as it loads
 * them: file by file through the gate, each replaced whole by the next. Throws an Error where a list
 * was not taken.
 */
export async function loadSnapshots(
  publications: readonly Publication[],
  variables: Variables,
  verifier: SignatureVerifier,
): Promise<readonly { readonly at: Instant; readonly store: TrustStore }[]> {
  const files = createMemoryFiles()
  const snapshots: { readonly at: Instant; readonly store: TrustStore }[] = []
  // The edge asks its bucket again once its snapshot is old enough: here after every publication.
  let asked = 0
  const clock = { now: () => instantFromMs(asked * askAgainMs) }
  const { ports } = await configuredApp(variables, { trustFiles: files, clock, verifier })
  for (const { at, files: written } of publications) {
    asked += 1
    for (const { name, octets } of written) files.write(name, octets)
    const store = await ports.trustStore.current()
    if (store === undefined) throw new Error('the trust store has no anchor')
    checkTaken(store, at, written.filter(({ name }) => name.startsWith('crl/')).length)
    snapshots.push({ at, store })
  }
  return snapshots
}

/** Longer than any snapshot may be used. */
const askAgainMs = 366 * 86_400_000

/** Lists are published together, the complete ones or the deltas: each has to be there, and be of then. */
function checkTaken(store: TrustStore, at: Instant, written: number): void {
  const lists = [...store.crlsByIssuer.values()].flat()
  const taken = lists.filter(({ thisUpdate }) => thisUpdate === Math.floor(at / 1000) * 1000)
  if (written > 0 && taken.length === written) return
  throw new Error(`the edge did not take the lists that were published at ${isoFromInstant(at)}`)
}
