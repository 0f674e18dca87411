import type { Routing } from './routing.ts'

/** How requests go on to targets. */
export interface Forwarding {
  /** Absent: to the one target there is. */
  readonly routing: Routing | undefined
  /** Milliseconds that a target may take to begin its answer, and between two parts of it. */
  readonly timeoutMs: number
  /** Octets of a request's body. */
  readonly bodyOctetsMax: number
  /** ALB's `routing.http.xff_header_processing.mode`. */
  readonly xff: XffMode
}

export type XffMode = 'append' | 'preserve' | 'remove'

/** What counts where nothing is set. */
export const defaultForwarding: Forwarding = {
  routing: undefined,
  // ALB's idle timeout.
  timeoutMs: 60_000,
  // What Cloudflare takes of a request on its smaller plans (100 MB).
  bodyOctetsMax: 100_000_000,
  xff: 'append',
}
