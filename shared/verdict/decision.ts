import type { DeviceIdentity } from '#shared/identity/device-identity.ts'
import type { VerifiedPath } from '#shared/path/candidate-path.ts'
import type { Instant } from '#shared/time.ts'
import type { Rejection } from './rejection.ts'

/** What the decision rests on: verified bytes, or a platform's word that the policy accepts. */
export type Basis =
  | { readonly kind: 'path'; readonly path: VerifiedPath }
  | { readonly kind: 'attestation' }
  /** A session token stood for the path; validity and revocation were decided anew. */
  | { readonly kind: 'session' }

/** Which trust store was asked, and when. Goes to logs; holds no secret. */
export interface Evidence {
  readonly at: Instant
  readonly epoch: number
  readonly signaturesSpent: number
}

/** The outcome of one verification. */
export type Decision =
  | {
      readonly outcome: 'accepted'
      readonly identity: DeviceIdentity
      readonly basis: Basis
      readonly evidence: Evidence
    }
  | { readonly outcome: 'refused'; readonly rejection: Rejection; readonly evidence: Evidence }
