import type { Bytes } from '#shared/bytes.ts'
import type { Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'

/** Where a device stands with us. Only an `active` one is let in, enrolled or renewed. */
export type DeviceStatus = 'pending' | 'active' | 'suspended' | 'revoked' | 'retired'

/** Who asks for a certificate, as the edge has verified it. */
export type Claimant =
  /** A certificate of ours, current or (on the renewal route alone) expired: its serial is looked up. */
  | { readonly kind: 'own_certificate'; readonly issuerKeyId: string; readonly serial: string }
  /** A factory's certificate below a CA that is registered for enrolment. */
  | { readonly kind: 'factory_certificate'; readonly leafSha256: string; readonly ca: string }
  /** A one-time token or a claim with a quota; only its digest is kept. */
  | { readonly kind: 'claim'; readonly secretSha256: string }

/** One request for a certificate, as it reaches the registry: checked and found good. */
export interface EnrolmentAttempt {
  readonly claimant: Claimant
  /** SHA-256 of the request's DER, hex: the same request is answered with the same certificate. */
  readonly requestSha256: string
  /** SHA-256 of the request's SubjectPublicKeyInfo, hex. */
  readonly keySha256: string
  /** The name that the request's subject bears. */
  readonly device: string
  readonly kind: 'enroll' | 'renew'
}

/** What the registry says to an attempt. */
export type Admission =
  /** Sign it with this serial and this validity; written down before it is said. */
  | {
      readonly kind: 'sign'
      readonly enrolment: string
      readonly serial: string
      readonly notBefore: Instant
      readonly notAfter: Instant
    }
  /** It was signed before. */
  | { readonly kind: 'issued'; readonly certificate: Bytes }
  /** 202: waits for an approval. */
  | { readonly kind: 'pending'; readonly retryAfterMs: number }

export interface EnrolmentRefusal {
  /** Stable: `claim_unknown`, `claim_used`, `claim_expired`, `quota_exceeded`, `key_reuse`, `device_suspended`, … */
  readonly code: string
  readonly because: string
}

/** The registry as enrolment uses it. Strongly consistent for each device. */
export interface EnrolmentRegistry {
  admit(attempt: EnrolmentAttempt): Promise<Result<Admission, EnrolmentRefusal>>
  /** Writes the certificate down, before it leaves the house. */
  issued(enrolment: string, certificate: Bytes): Promise<void>
  /** The signer will never sign it: the enrolment ends, and what it used up of a claim is given back. */
  failed(enrolment: string, because: string): Promise<void>
}
