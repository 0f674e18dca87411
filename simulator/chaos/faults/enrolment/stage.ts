import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { WorldCa } from '../../../onboarding/authorities.ts'
import type { Answer, Credential, Question } from '../../../onboarding/door.ts'
import type { Desk } from '../../../onboarding/edge.ts'
import type { WorldKeys } from '../../../onboarding/keys.ts'
import type { Ledger } from '../../../onboarding/ledger.ts'
import type { Enrolled } from './questions.ts'

/** One question to the EST server, or one connection, as the world wanted it and as it came out. */
export interface EnrolmentCheck {
  /** `C27` */
  readonly fault: string
  /** Who did what: `a second device with the same token`. */
  readonly subject: string
  /** `403 key_reuse`; of several, one. */
  readonly wanted: readonly string[]
  readonly said: string
  readonly holds: boolean
  /** What was done and what came back, up to this. */
  readonly story: readonly string[]
}

/** What a real program did with the same, for comparison: nothing that has to hold. */
export interface Beside {
  readonly fault: string
  readonly sentence: string
}

/** What playing a fault came to. */
export interface PlayedEnrolment {
  readonly checks: readonly EnrolmentCheck[]
  readonly beside: readonly Beside[]
}

/** How the fleet's CA answers the edge. */
export type AskCa = (request: Request) => Promise<Response>

/** An EST server with its registry under faults, and all that was seen of it. */
export interface EnrolmentStage {
  readonly seed: number
  readonly fleet: WorldCa
  readonly factory: WorldCa
  readonly desk: Desk
  readonly ledger: Ledger
  /** So far. */
  readonly checks: readonly EnrolmentCheck[]
  /** Claims that the registry said have leaked. */
  readonly alarms: readonly string[]
  now(): Instant
  /** Time goes on for devices, edge and CA, by so many milliseconds. */
  pass(ms: number): void
  /** What the edge's clock says, beside the time that it really is: a verifier whose clock is wrong. */
  skewEdge(ms: number): void
  tell(line: string): void
  /** What somebody else's program does with the same; undefined: it is not installed. */
  beside(sentence: string | undefined): void
  /** The CA answers through this from now on; undefined: as it is. */
  bendCa(bend: ((ask: AskCa) => AskCa) | undefined): void
  /** The trust store's files, beside the lists. */
  trust(files: ReadonlyMap<string, Bytes>): void
  /** The CA publishes a list that names these certificates. */
  publish(revoked: readonly Bytes[]): void
  /** A token for the device of this name, or for `quota` of any. */
  claim(order: {
    readonly device?: string
    readonly quota?: number
    readonly forMs?: number
  }): Promise<string>
  keysOf(device: string, nth?: number): WorldKeys
  /** A certification request of this device by this key. */
  requestOf(device: string, keys: WorldKeys): Bytes
  /** Enrols by a claim of its own. Throws an Error where that is refused: nothing can be shown then. */
  enrol(device: string): Promise<Enrolled>
  /** Asks; judged by nobody. */
  ask(question: Question): Promise<Answer>
  /** Asks, and the answer has to be one of `wanted`. */
  asks(subject: string, question: Question, ...wanted: readonly string[]): Promise<Answer>
  /** Connects as a device does to the service itself: `200`, or the code of the refusal. */
  connects(subject: string, credential: Credential, ...wanted: readonly string[]): Promise<void>
  /** The certificates that `cacerts` hands out. */
  caCertificates(): Promise<readonly Bytes[]>
  /** Anything else that has to hold. */
  judge(subject: string, said: string, ...wanted: readonly string[]): void
  /** That so many of something did happen, without which a fault has shown nothing. */
  counted(what: string, seen: number, least: number): void
}
