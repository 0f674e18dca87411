import type { VerificationPolicy } from '#shared/path/policy.ts'
import type { Instant } from '#shared/time.ts'
import type { DeriveCredential } from '../../ca/derive-credential.ts'
import type { LedgerCertificate } from '../../ca/ledger.ts'
import type { PlannedAttack, PlannedRevocation } from '../../device/plan.ts'
import type { DeviceProfile } from '../../device/profile.ts'
import type { PlacedPhase } from '../../scenario/phases.ts'
import type { Party } from '../attacks.ts'
import type { Surroundings } from '../device-agent.ts'
import type { OpenSession } from '../../device/state.ts'
import type { Door, HttpsLine, MqttLine } from '../door.ts'
import type { Carried, CoreDecisions } from './core-decisions.ts'
import type { ListsDue } from './publications.ts'

/** What every life of a shard is lived among: functions of time, and of nobody else's life. */
export interface LifeStage {
  readonly seed: number
  readonly start: Instant
  /** The end of the run; nothing happens from here on. */
  readonly end: Instant
  readonly phases: readonly PlacedPhase[]
  /** By what the edge decides in a phase. */
  readonly policyOf: (phase: PlacedPhase) => VerificationPolicy
  readonly core: CoreDecisions
  readonly derive: DeriveCredential
  /** The whole app as it is deployed in a phase, its clock at an instant. */
  readonly appAt: (phase: PlacedPhase, at: Instant) => Door
  /** Of so many decisions of the core one is asked of the whole app as well. */
  readonly appEvery: number
  /** Lists that are published, in order. */
  readonly published: readonly ListsDue[]
  /** When the edge is started anew, in order. */
  readonly restarts: readonly Instant[]
  readonly authority: Surroundings['authority']
  /** Another device as it is at an instant: lived up to it once more, and told to nobody. */
  readonly ghost: (device: string, at: Instant) => Promise<Ghost | undefined>
}

/** What befalls one device beside its own life. */
export interface Fate {
  readonly profile: DeviceProfile
  readonly revocation: PlannedRevocation | undefined
  /** Attacks on it, in order, each with its place among all attacks of the run. */
  readonly attacks: readonly { readonly plan: PlannedAttack; readonly ordinal: number }[]
}

/** A device that lends itself to an attack on another. */
export interface Ghost extends Party {
  /** The certificate that it holds, as the ledger has it. */
  readonly held: LedgerCertificate | undefined
}

/** A session that stays open over ticks. */
export interface HeldSession {
  readonly effect: OpenSession
  readonly carried: Carried
  /** Where the whole app is asked; the core needs no line. */
  readonly line: HttpsLine | MqttLine | undefined
  ticksLeft: number
  nextTickAt: Instant
}

/** The sessions that are held when one of them has ended. */
export function without(sessions: readonly HeldSession[], ended: HeldSession): HeldSession[] {
  return sessions.filter((each) => each !== ended)
}

/** One phase by its place; throws a RangeError where the scenario has no such one. */
export function phaseOf({ phases }: Pick<LifeStage, 'phases'>, place: number): PlacedPhase {
  const phase = phases[place]
  if (phase === undefined) throw new RangeError('the scenario has no phase then')
  return phase
}
