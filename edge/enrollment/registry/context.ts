import type { Clock } from '#shared/time.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Approve, ClaimAlarm } from './admit.ts'
import { classesMax, isClassName, type Device } from './device.ts'
import type { DeviceRefusal } from './devices.ts'
import type { EnrolmentRules } from './enrolments.ts'
import type { RegistryParts } from './parts.ts'
import type { Published, PublishTarget } from './publish.ts'
import type { RemotePart } from './remote-part.ts'

/** Why something is not done, with a word for programs and a sentence for people. */
export interface RegistryRefusal {
  readonly code: RegistryRefusalCode
  readonly because: string
}

export type RegistryRefusalCode =
  | DeviceRefusal['code']
  | 'class_malformed'
  | 'claim_not_found'
  | 'claim_malformed'
  | 'ca_not_proven'
  | 'ca_not_found'
  | 'too_many_cas'
  | 'certificate_not_found'
  | 'binding_not_found'
  | 'ca_unknown'
  | 'ca_disabled'
  | 'first_connection_refused'
  | 'first_connections_used'
  | 'certificate_revoked'
  | 'device_of_another'

export interface DeviceRegistryOptions {
  /** Opens a part by its name. */
  readonly part: (name: string) => RemotePart
  /** 1 to 64; settled when the registry is made. */
  readonly shards: number
  readonly clock: Clock
  readonly random: RandomOctets
  readonly verifier: SignatureVerifier
  readonly rules?: Partial<EnrolmentRules & { readonly validityMs: number }>
  readonly approve?: Approve | undefined
  readonly alarm?: (alarm: ClaimAlarm) => void
  /** Trust stores that refuse whom the registry refuses; none: the registry alone knows. */
  readonly publish?: PublishTarget
}

/** What the registry's functions share. */
export interface Context extends DeviceRegistryOptions {
  readonly parts: RegistryParts
  readonly publishNow: () => Promise<readonly Published[]>
  /** Comes before whatever writes: throws where the registry was made with another number of parts. */
  readonly settled: () => Promise<void>
}

/** What became of a change, and what the trust stores say of it. */
export interface StatusAnswer {
  readonly device: Device
  readonly published: readonly Published[]
}

/** Why classes are not taken; undefined where they are. */
export function malformedClass(classes: readonly string[]): RegistryRefusal | undefined {
  const wrong = classes.find((each) => !isClassName(each))
  if (wrong !== undefined) {
    const because = `the class "${wrong}" is not 1 to 64 letters, digits and . _ : = / -`
    return { code: 'class_malformed', because }
  }
  if (classes.length <= classesMax) return undefined
  return {
    code: 'class_malformed',
    because: `a device has at most ${classesMax} classes, and not ${classes.length}`,
  }
}
