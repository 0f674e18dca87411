import { createCaches } from '#shared/caches.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import { instantFromMs, type Clock } from '#shared/time.ts'
import { createRememberingVerifier } from '#shared/x509/remembering-verifier.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Ports } from './context.ts'
import type { EnrolmentPorts } from './enrollment/ports.ts'
import type { EnrolmentSettings } from './enrollment/settings.ts'
import type { Listener } from './listener.ts'
import { createMetrics } from './observe/metrics.ts'
import { createRuntimeVerifier } from './runtime-verifier.ts'
import { createHeldTrustStore, type HeldTrustStore } from './trust-stores/held-trust-store.ts'
import type { TrustFiles } from './trust-stores/trust-files.ts'
import { everyIdlePeriod, type Repeat } from './websocket/repeat.ts'

/** What an entry has to bring; the rest is the web platform's. */
export interface PortsOptions {
  readonly trustFiles: TrustFiles
  /** Undefined where the app answers by itself. */
  readonly target?: Ports['target']
  readonly addressAtTarget?: Ports['addressAtTarget']
  /** Needed where the listener has target groups. */
  readonly openTarget?: Ports['openTarget']
  readonly mqtt?: Ports['mqtt']
  /** Needed where the listener has an EST server. */
  readonly openEnrolment?: OpenEnrolment | undefined
  /** When idle WebSockets are asked about: by the listener's staleness unless given. */
  readonly repeat?: Repeat
  /** Verifies signatures: `createRuntimeVerifier` unless given; in Node `createNodeVerifier` is cheaper. */
  readonly verifier?: SignatureVerifier
  /** The runtime's own clock unless a test brings one. */
  readonly clock?: Clock
  /** Takes a line of the connection log: standard output unless given. */
  readonly log?: Ports['log']
}

/** What enrolment needs of the runtime, by how it is configured; undefined where nothing of it is bound. */
export type OpenEnrolment = (settings: EnrolmentSettings) => EnrolmentPorts | undefined

/** A trust store that is no files: what is bound to a control plane follows one. */
export type OpenTrustStore = (
  listener: Pick<Listener, 'limits' | 'maxStalenessMs'>,
) => HeldTrustStore

/** What brings its own trust store. */
export interface FollowingPortsOptions extends Omit<PortsOptions, 'trustFiles'> {
  readonly openTrustStore: OpenTrustStore
}

/** Files of a trust store, or one of a control plane: `followedTrustStore`. */
export type TrustStoreSource =
  | Pick<PortsOptions, 'trustFiles'>
  | Pick<FollowingPortsOptions, 'openTrustStore'>

/** The clock of every production entry. */
export const runtimeClock: Clock = { now: () => instantFromMs(Date.now()) }

/** The runtime's own source of random octets. */
export const runtimeRandom: RandomOctets = (count) => crypto.getRandomValues(new Uint8Array(count))

/** The ports of one listener in a runtime with WebCrypto; trust store files not taken are logged. */
export function createPorts(
  listener: Pick<Listener, 'limits' | 'maxStalenessMs' | 'enrolment'>,
  options: PortsOptions | FollowingPortsOptions,
): Ports {
  const { target, addressAtTarget, verifier: given, clock = runtimeClock, log } = options
  const verifier = createRememberingVerifier(given ?? createRuntimeVerifier())
  return {
    clock,
    random: runtimeRandom,
    log: log ?? ((line) => console.log(line)),
    metrics: createMetrics(),
    verifier,
    crls: createAuthenticatedCrls(verifier),
    caches: createCaches(),
    trustStore:
      'openTrustStore' in options
        ? options.openTrustStore(listener)
        : filesTrustStore(listener, options.trustFiles, { clock, verifier }),
    target,
    addressAtTarget,
    openTarget: options.openTarget,
    mqtt: options.mqtt,
    enrolment: listener.enrolment && options.openEnrolment?.(listener.enrolment),
    repeat: options.repeat ?? everyIdlePeriod(listener.maxStalenessMs),
  }
}

function filesTrustStore(
  { limits, maxStalenessMs }: Pick<Listener, 'limits' | 'maxStalenessMs'>,
  files: TrustFiles,
  { clock, verifier }: Pick<Ports, 'clock' | 'verifier'>,
): HeldTrustStore {
  return createHeldTrustStore({
    files,
    limits,
    maxStalenessMs,
    clock,
    verifier,
    report: ({ name, because }) =>
      console.error(`trust store file ${name} was not taken: ${because}`),
  })
}
