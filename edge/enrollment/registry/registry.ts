import type { Bytes } from '#shared/bytes.ts'
import type { Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'

/** Where a device stands with us. Only an `active` one is let in, enrolled or renewed. */
export type DeviceStatus = 'pending' | 'active' | 'suspended' | 'revoked' | 'retired'

/** Who asks for a certificate, as the edge has verified it. */
export type Claimant =
  /**
   * A certificate of ours, current or (on the renewal route alone) expired: it is looked up.
   * `issuerKeyId` as `issuerKeyIdOf` gives it, `serial` as `albSerial` does.
   */
  | { readonly kind: 'own_certificate'; readonly issuerKeyId: string; readonly serial: string }
  /**
   * A factory's certificate, verified below CAs that may be registered for enrolment: `cas` has the
   * SHA-256 (hex) of the SubjectPublicKeyInfo of each, the leaf's issuer first, the anchor last.
   */
  | {
      readonly kind: 'factory_certificate'
      readonly leafSha256: string
      readonly cas: readonly string[]
    }
  /** A one-time token or a claim with a quota; only its digest is kept. */
  | { readonly kind: 'claim'; readonly secretSha256: string }

/** One request for a certificate, as it reaches the registry: checked and found good. */
export interface EnrolmentAttempt {
  readonly claimant: Claimant
  /** SHA-256 of the request's DER, hex: the same one by the same claimant is answered with the same certificate. */
  readonly requestSha256: string
  /** SHA-256 of the request's SubjectPublicKeyInfo, hex. */
  readonly keySha256: string
  /** The name that the request's subject bears. */
  readonly device: string
  readonly kind: 'enroll' | 'renew'
  /** How long the certificate is to live; the registry's own word unless told. */
  readonly validityMs?: number
}

/** What the registry says to an attempt. */
export type Admission =
  /**
   * Sign it with this serial and this validity. The serial and the length are written down before they
   * are said, and never change; the length counts from when it is said.
   */
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

/** Why nothing is signed. `because` is for people, and holds no secret. */
export interface EnrolmentRefusal {
  readonly code: EnrolmentRefusalCode
  readonly because: string
}

export type EnrolmentRefusalCode =
  /** The name cannot be a device's, or differs from a known one's by the case of letters alone. */
  | 'device_malformed'
  | 'device_name_taken'
  /** A certificate of ours that the registry does not know, or knows as another device's. */
  | 'certificate_unknown'
  | 'certificate_of_another'
  | 'certificate_revoked'
  /** Expired, and this is no renewal, or it has been expired for too long. */
  | 'certificate_expired'
  | 'certificate_lapsed'
  | 'claim_unknown'
  | 'claim_used'
  | 'claim_expired'
  | 'claim_revoked'
  | 'claim_of_another'
  | 'quota_exceeded'
  | 'ca_unknown'
  | 'ca_disabled'
  /** The factory's certificate has enrolled another device before. */
  | 'factory_certificate_of_another'
  /** One key, two devices. */
  | 'key_reuse'
  /** A certificate of the key was revoked. */
  | 'key_revoked'
  /** A new certificate for a key that has one takes a renewal. */
  | 'key_certified'
  /** A later request of the same key took the place of this one. */
  | 'request_ended'
  | 'too_many_certificates'
  /** The name is enrolled with another key, and the claimant is not known to be that device. */
  | 'device_enrolled'
  | 'approval_refused'
  | 'device_suspended'
  | 'device_revoked'
  | 'device_retired'

/**
 * The registry as enrolment uses it. Strongly consistent for each device. Anything but a refusal
 * that keeps it from answering is thrown: answer 503 and let the device ask again.
 */
export interface EnrolmentRegistry {
  /** Asked twice, or by two at once, it says the same: one request, one serial, one length. */
  admit(attempt: EnrolmentAttempt): Promise<Result<Admission, EnrolmentRefusal>>
  /**
   * Writes the certificate down, before it leaves the house: hand out what comes back, which is the
   * one that was written down first where two signed at once. Throws where the enrolment has ended or
   * the certificate is not what was ordered: then nothing may be handed out.
   */
  issued(enrolment: string, certificate: Bytes): Promise<Bytes>
  /** The signer will never sign it: the enrolment ends, and what it used up of a claim is given back. */
  failed(enrolment: string, because: string): Promise<void>
}
