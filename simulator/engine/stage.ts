import type { Phase } from '../scenario/scenario.ts'
import type { DoorAddress } from './door.ts'

/** What a scenario is played on: a door to knock at, and a trust store to write to. */
export interface Stage {
  readonly address: DoorAddress
  /** Puts a phase's listener policy in force. */
  enterPhase(phase: Phase): Promise<void>
  /** Writes one object of the trust store: `anchors.pem`, `crl/….crl`. */
  publish(name: string, octets: Uint8Array): Promise<void>
  /** Writes an object as no publisher would, into the edge's trust store alone: a fault. */
  damage(name: string, octets: Uint8Array): Promise<void>
  /** What its broker counts, where it has one of its own. */
  brokerCounts?(): { readonly retained: number; readonly wills: number }
  close(): Promise<void>
}
