import type { RevokedCertificates } from './crl-of-registry.ts'
import type { DeviceRegistry } from './registry/device-registry.ts'
import type { EnrolmentRegistry } from './registry/registry.ts'
import type { AskCa } from './signers/ask-ca.ts'

/** What an EST server needs from the runtime beside the app's ports. */
export interface EnrolmentPorts {
  readonly registry: EnrolmentRegistry &
    RevokedCertificates &
    Pick<DeviceRegistry, 'firstConnection'>
  /** Asks CAs elsewhere. */
  readonly askCa: AskCa
  /** Told in a sentence of requests that were refused, and of CAs and a registry that did not answer. */
  readonly report: (sentence: string) => void
  /** Lets work go on behind an answer, where the runtime ends it with the request otherwise. */
  readonly background?: (work: Promise<unknown>) => void
}
