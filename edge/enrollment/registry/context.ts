import type { Clock } from '#shared/time.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Approve, ClaimAlarm } from './admit.ts'
import { classesMax, isClassName, type Device } from './device.ts'
import type { RegistryParts } from './parts.ts'
import type { Published, PublishTarget } from './publish.ts'
import type { EnrolmentRules } from './recall.ts'
import type { RegistryRefusal } from './refusal.ts'
import type { RemotePart } from './remote-part.ts'

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
