import { createCaches } from '#shared/caches.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { instantFromMs, type Clock } from '#shared/time.ts'
import { createRememberingVerifier } from '#shared/x509/remembering-verifier.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import type { Ports } from './context.ts'
import type { Listener } from './listener.ts'
import { createMetrics } from './observe/metrics.ts'
import { createHeldTrustStore } from './trust-stores/held-trust-store.ts'
import type { TrustFiles } from './trust-stores/trust-files.ts'

/** What an entry has to bring; the rest is the web platform's. */
export interface PortsOptions {
  readonly trustFiles: TrustFiles
  /** Undefined where the app answers by itself. */
  readonly target?: Ports['target']
  readonly addressAtTarget?: Ports['addressAtTarget']
  /** Verifies signatures: WebCrypto unless the runtime has something cheaper. */
  readonly verifier?: SignatureVerifier
  /** The runtime's own clock unless a test brings one. */
  readonly clock?: Clock
  /** Takes a line of the connection log: standard output unless given. */
  readonly log?: Ports['log']
}

/** The clock of every production entry. */
export const runtimeClock: Clock = { now: () => instantFromMs(Date.now()) }

/** The ports of one listener in a runtime with WebCrypto; trust store files not taken are logged. */
export function createPorts(
  listener: Pick<Listener, 'limits' | 'maxStalenessMs'>,
  { trustFiles, target, addressAtTarget, verifier: given, clock = runtimeClock, log }: PortsOptions,
): Ports {
  const verifier = createRememberingVerifier(given ?? createWebCryptoVerifier())
  return {
    clock,
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log: log ?? ((line) => console.log(line)),
    metrics: createMetrics(),
    verifier,
    crls: createAuthenticatedCrls(verifier),
    caches: createCaches(),
    trustStore: createHeldTrustStore({
      files: trustFiles,
      limits: listener.limits,
      maxStalenessMs: listener.maxStalenessMs,
      clock,
      verifier,
      report: ({ name, because }) =>
        console.error(`trust store file ${name} was not taken: ${because}`),
    }),
    target,
    addressAtTarget,
    mqtt: undefined,
  }
}
