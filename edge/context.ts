import type { Authorization } from '#shared/authorization/authorize.ts'
import type { Caches } from '#shared/caches.ts'
import type { AuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import type { Clock } from '#shared/time.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Claims } from './authorization/tokens.ts'
import type { EnrolmentPorts } from './enrollment/ports.ts'
import type { ListenerPolicy } from './listener.ts'
import type { RequestHeaders } from './middleware/request-headers.ts'
import type { Analytics } from './observe/analytics.ts'
import type { MetricFamily } from '#shared/metrics-text.ts'
import type { Metrics } from './observe/metrics.ts'
import type { Problem } from './observe/problem.ts'
import type { After } from './routing/deadline.ts'
import type { ChosenTarget, OpenTarget, SendToTarget } from './routing/target.ts'
import type { HeldTrustStore } from './trust-stores/held-trust-store.ts'
import type { MessageSocket } from './websocket/message-socket.ts'
import type { Repeat } from './websocket/repeat.ts'

/** What an edge app needs from the runtime it is in: every effect and all time and chance. */
export interface Ports {
  readonly clock: Clock
  readonly random: RandomOctets
  readonly verifier: SignatureVerifier
  readonly crls: AuthenticatedCrls
  /** What this isolate remembers of verifications; without them each path is built anew. */
  readonly caches?: Caches
  readonly trustStore: HeldTrustStore
  /** Takes a line of the connection log, without its end. */
  readonly log: (line: string) => void
  /** What this isolate counted: made once, beside the app. */
  readonly metrics: Metrics
  /** The same counts for all isolates together, where somebody keeps them. */
  readonly analytics?: Analytics | undefined
  /** What the page of counters shows of things outside this isolate. */
  readonly figures?: (() => Promise<readonly MetricFamily[]>) | undefined
  /** The target behind this listener; undefined where the app answers by itself. */
  readonly target: SendToTarget | undefined
  /** The address that the target sees of a request; without it, the one that it was sent to. */
  readonly addressAtTarget?: ((requested: string) => URL) | undefined
  /** Opens the targets of the listener's groups; needed where it has some. */
  readonly openTarget?: OpenTarget | undefined
  /** Ends waiting for targets: the runtime's own timer unless a test brings one. */
  readonly after?: After | undefined
  /** When open WebSockets that carry nothing are asked about; without it they stay until they carry something. */
  readonly repeat?: Repeat | undefined
  /** MQTT over WebSocket; undefined where there is no broker. */
  readonly mqtt: MqttPorts | undefined
  /** What the EST server needs; needed where the listener has one. */
  readonly enrolment?: EnrolmentPorts | undefined
}

export interface MqttPorts {
  readonly openBroker: () => BrokerConnection
  /** Agrees to a WebSocket upgrade: the device's socket, and the response that says so. */
  readonly acceptWebSocket: () => { readonly socket: MessageSocket; readonly response: Response }
}

/** A byte stream to a broker. */
export interface BrokerConnection {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  close(): Promise<void>
}

/** What the middlewares of one request hand on. */
export interface Variables {
  /** The request's headers without any that a client may not say. */
  headers: RequestHeaders
  presented: Presented
  /** Chosen by host and path; the listener's own until then. */
  listenerPolicy: ListenerPolicy
  /** As policies are asked about it, normalised; undefined where nobody asks. */
  path: string | undefined
  /** As it was answered; undefined where nothing is decided here. */
  decision: Decision | undefined
  session: 'none' | 'issued' | 'used'
  /** The header line that gives a token of the session that begins with this request: to its device alone. */
  tokenLine: readonly [name: string, value: string] | undefined
  /** Of the request's token, which was verified; undefined where it bears none, or nobody asks. */
  claims: Claims | undefined
  /** What the policies said; undefined where none were asked. */
  authorization: Authorization | undefined
  /** Where the request goes on to, where its path was normalised; undefined: as it was sent. */
  address: string | undefined
  /** Undefined where the request went to none. */
  target: ChosenTarget | undefined
  /** What was answered in place of a success. */
  problem: Problem | undefined
}

export interface AppEnv {
  Variables: Variables
}
