import type { Instant } from '#shared/time.ts'
import type { HostileKind } from '../scenario/scenario.ts'

/** What really stood behind one attempt to get in. The world knows; the edge has to find out. */
export interface Attempt {
  /** Counts up over the run: names the attempt in reports. */
  readonly id: number
  readonly at: Instant
  readonly phase: string
  /** The device that acts, or the name of the attacker. */
  readonly actor: string
  readonly intent: Intent
  readonly protocol: 'https' | 'mqtt'
  /** Serial of the certificate whose key the actor really holds and used in TLS; undefined when none was sent. */
  readonly serial: string | undefined
  /** The serial a session cookie was minted for, when one was sent along. */
  readonly cookieSerial: string | undefined
  /** Whether the TLS connection was opened by this very attempt, resumed by it from an earlier one, or held. */
  readonly connection: 'fresh' | 'resumed' | 'held'
  /** Of a `hostile_request`: what it may be refused for. */
  readonly codes?: readonly string[]
  /** Of an `enrolment`: the serial of the certificate that is renewed; undefined where it is a first one. */
  readonly renews?: string | undefined
}

/** Why the actor tries. `regular` devices go about their business. */
export type Intent =
  | 'regular'
  | 'revoked_goes_on'
  /** A good request for a certificate, where certificates come from the edge. */
  | 'enrolment'
  /** A request for a certificate that must not be served. */
  | 'hostile_request'
  | HostileKind

/** What the actor saw: acceptance is the first application byte, never the end of a TLS handshake. */
export type Observation =
  | {
      readonly outcome: 'accepted'
      /** The serial the target says it let in. */
      readonly identitySerial: string | undefined
      readonly session: 'none' | 'issued' | 'used'
      readonly latencyMs: number
    }
  | {
      readonly outcome: 'refused'
      /** The problem document's code; `connection_closed` where the terminator closes without a word. */
      readonly code: string
      readonly latencyMs: number
    }
  /** Neither: the infrastructure failed (time-out, reset, 5xx that is no decision). */
  | { readonly outcome: 'broken'; readonly detail: string; readonly latencyMs: number }

/** The oracle's word on one attempt. */
export type Verdict =
  | { readonly verdict: 'right'; readonly because: string }
  /** Both answers were right: inside a bound that the scenario grants. Counted, so that no bound widens quietly. */
  | { readonly verdict: 'either'; readonly because: string }
  | { readonly verdict: 'wrong_accept'; readonly because: string }
  | { readonly verdict: 'unexplained_refusal'; readonly because: string }
  | { readonly verdict: 'broken'; readonly because: string }

/** One line of the event log. */
export interface JudgedAttempt {
  readonly attempt: Attempt
  readonly observation: Observation
  readonly verdict: Verdict
}
