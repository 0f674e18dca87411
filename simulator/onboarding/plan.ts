/** How a rehearsed fleet lives, and what goes wrong around it. Times in milliseconds, rates in 0 to 1. */
export interface Plan {
  readonly seed: number
  readonly devices: number
  /** How long certificates live. */
  readonly validityMs: number
  /** First enrolments are spread over so long. */
  readonly enrolOverMs: number
  /** Renewals begin at this fraction of a certificate's life (SPIRE, Istio: the half) … */
  readonly renewAt: number
  /** … and up to so much of its life later. */
  readonly jitter: number
  /** Full-jitter back-off: up to `baseMs`, twice that, …, `maxMs`, after what the server asks for. */
  readonly backOff: { readonly baseMs: number; readonly maxMs: number }
  /** So many answers at most are lost to a device that asks for one certificate. */
  readonly lostInARow: number
  readonly outage: { readonly fromMs: number; readonly forMs: number }
  /** Until when the service of devices that are not away is looked at. */
  readonly watchMs: number
  readonly rates: Readonly<Record<Rate, number>>
}

export type Rate =
  /** Of devices: those with a claim; the others show a factory certificate. */
  | 'claim'
  | 'rekey'
  | 'away'
  /** Of those away: for longer than a certificate may renew itself after its end. */
  | 'lapse'
  | 'wipe'
  /** Of requests. */
  | 'lostAnswer'
  | 'duplicate'
  | 'crossed'
  /** Of devices: each is imitated, or sends something hostile, once. */
  | 'hostile'

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/**
 * A CA away for 12 hours while two thirds of the fleet are due, with certificates of 45 hours, the
 * shortest for which the safe outage is longer than that. Service is looked at until the last of the
 * first certificates would have ended.
 */
export function planOf(seed: number, devices: number): Plan {
  return {
    seed,
    devices,
    validityMs: 45 * hourMs,
    enrolOverMs: 12 * hourMs,
    renewAt: 0.5,
    jitter: 0.05,
    backOff: { baseMs: 2 * hourMs, maxMs: 4 * hourMs },
    lostInARow: 1,
    outage: { fromMs: 20 * hourMs, forMs: 12 * hourMs },
    watchMs: 58 * hourMs,
    rates: {
      claim: 0.4,
      rekey: 0.3,
      away: 0.1,
      lapse: 0.3,
      wipe: 0.06,
      lostAnswer: 0.04,
      duplicate: 0.04,
      crossed: 0.04,
      hostile: 0.2,
    },
  }
}

/** What the EST server asks a device to wait where its CA does not answer, at most (edge: 30 s). */
const retryAfterMaxMs = 60_000

/**
 * How long a CA may be away before the first device is without a good certificate: (1 − r − j) · TTL,
 * less what a device waits in the worst case before it asks again, which is once more for each answer
 * that it never sees.
 */
export function safeOutageMs({ renewAt, jitter, validityMs, backOff, lostInARow }: Plan): number {
  return (1 - renewAt - jitter) * validityMs - (1 + lostInARow) * backOff.maxMs - retryAfterMaxMs
}

/** What has to happen in a run, or it has shown nothing. */
export const eventKinds = [
  'enrolled_by_factory_certificate',
  'enrolled_by_claim',
  'renewed_same_key',
  'renewed_new_key',
  'renewed_after_expiry_by_handshake',
  'renewed_after_expiry_by_token',
  'lapsed_and_enrolled_again',
  'wiped_and_enrolled_again',
  'told_later',
  'answer_lost',
  'duplicate',
  'crossed',
  'hostile',
] as const

export type EventKind = (typeof eventKinds)[number]

/** Below this a rate of the plan happens by accident or not at all. */
const perThousand: Readonly<Record<EventKind, number>> = {
  enrolled_by_factory_certificate: 450,
  enrolled_by_claim: 300,
  renewed_same_key: 450,
  renewed_new_key: 150,
  renewed_after_expiry_by_handshake: 5,
  renewed_after_expiry_by_token: 5,
  lapsed_and_enrolled_again: 4,
  wiped_and_enrolled_again: 15,
  told_later: 300,
  answer_lost: 40,
  duplicate: 40,
  crossed: 40,
  hostile: 120,
}

/** The least of each kind of event that a run of so many devices has to have seen; one at least. */
export const minimumOf = (kind: EventKind, devices: number): number =>
  Math.max(1, Math.floor((perThousand[kind] * devices) / 1000))
