import type { Instant } from '#shared/time.ts'

/** The certificate that a device holds, as it knows it. */
export interface HeldCertificate {
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** Drawn when it was issued: from here on the device renews as soon as it is online. */
  readonly renewAt: Instant
}

/** Where a device stands. `wakeAt` is its one live alarm: a wake at any other instant is void. */
export type DeviceState = { readonly wakeAt: Instant | undefined } & (
  | { readonly kind: 'unenrolled' }
  | {
      /** With an alarm: waits for the CA, which is slow, or for its own next try. */
      readonly kind: 'enrolling'
      readonly asking: Asking
    }
  | {
      readonly kind: 'active'
      readonly certificate: HeldCertificate
      readonly nextSessionAt: Instant
      /** The back-off of a renewal that failed; undefined where none is due or none has failed. */
      readonly retry: Retry | undefined
    }
  | {
      /** With an alarm: waits for the CA, which is slow. */
      readonly kind: 'renewing'
      readonly certificate: HeldCertificate
      readonly nextSessionAt: Instant
      readonly asking: Asking
    }
  | {
      /** Found its certificate expired. */
      readonly kind: 'lapsed'
      readonly certificate: HeldCertificate
      readonly nextSessionAt: Instant
      /** `running`: tries once with the expired certificate. `refused`: waits to be enrolled anew. */
      readonly trial: 'running' | 'refused'
    }
  | {
      readonly kind: 'revoked'
      /** Instants of the tries that are planned, in order; the first may open a long session. */
      readonly tries: readonly RevokedTry[]
    }
)

/** Where a device stands with the CA. */
export interface Asking {
  /** Tries that failed before this one. */
  readonly failed: number
  /** `sent`: the CA has taken the request and has not answered yet. */
  readonly stage: 'due' | 'sent'
}

/** So many tries have failed; the next one is not before `at`. */
export interface Retry {
  readonly failed: number
  readonly at: Instant
}

/** One try of a revoked key. `held`: a session that spans the publication. `probe`: one request. */
export interface RevokedTry {
  readonly at: Instant
  readonly form: 'held' | 'probe' | 'usual'
}

export type SessionPurpose = 'regular' | 'lapsed_trial' | 'revoked_goes_on'

export interface OpenSession {
  readonly kind: 'open_session'
  readonly purpose: SessionPurpose
  readonly protocol: 'https' | 'mqtt'
  /** Requests or messages at each tick, from the tick of the step on. */
  readonly requests: number
  /** Ticks for which the connection is held: 1 is closed at once. */
  readonly ticks: number
}

/** What the engine has to do for a device, in order. */
export type Effect =
  /** Issue a certificate with these bounds, then tell `issued`. */
  | { readonly kind: 'enroll' | 'renew'; readonly notBefore: Instant; readonly notAfter: Instant }
  /** Asked for a certificate and got none; the back-off is set. Only to be counted. */
  | { readonly kind: 'issuance_failed' }
  /** Connect with the certificate held now; when the session is over, tell `session_ended`. */
  | OpenSession
  /** Step again then. It takes the place of an earlier wake of the same device. */
  | { readonly kind: 'wake'; readonly at: Instant }

/** What the engine tells a device. */
export type DeviceEvent =
  | {
      readonly kind: 'issued'
      readonly serial: string
      readonly notBefore: Instant
      readonly notAfter: Instant
    }
  /** It has lost key and certificate, and begins again. */
  | { readonly kind: 'wiped' }
  /** The CA turned the request away, because more came than it can serve (`IssuanceService`). */
  | { readonly kind: 'turned_away' }
  | {
      readonly kind: 'session_ended'
      /** The effect that opened it. */
      readonly session: OpenSession
      /** The answer to its last request. */
      readonly outcome: 'accepted' | 'refused' | 'broken'
    }
  | {
      readonly kind: 'revoked'
      readonly goesOn: boolean
      /** When the CRL that says so will lie in the bucket. */
      readonly publishesAt: Instant
      /** Instants close after it at which a key that goes on is tried, off the grid too. */
      readonly probesAt: readonly Instant[]
    }

/** The next state and what is to be done. */
export type Step = readonly [DeviceState, readonly Effect[]]
