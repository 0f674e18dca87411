import type { AuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import type { Clock } from '#shared/time.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { HeldTrustStore } from './trust-stores/held-trust-store.ts'

/** What an edge app needs from the runtime it is in: every effect and all time and chance. */
export interface Ports {
  readonly clock: Clock
  readonly random: RandomOctets
  readonly verifier: SignatureVerifier
  readonly crls: AuthenticatedCrls
  readonly trustStore: HeldTrustStore
  /** The target behind this listener; undefined where the app answers by itself. */
  readonly target: ((request: Request) => Promise<Response>) | undefined
  /** Opens a connection to the MQTT broker; undefined where there is none. */
  readonly openBroker: (() => BrokerConnection) | undefined
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
  headers: Headers
  /** Names of client-certificate headers that a client sent: taken away. */
  forged: readonly string[]
  presented: Presented
  /** Set in verify mode, and accepted: a refusal never gets this far. */
  decision: Extract<Decision, { outcome: 'accepted' }> | undefined
  session: 'none' | 'issued' | 'used'
}

export interface AppEnv {
  Variables: Variables
}
