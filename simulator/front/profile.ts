import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'

/**
 * What the platform itself thinks of a presented chain. A `failed` verdict names the first thing
 * that the platform would stop at: `expired` is said only of a chain that is good in all else,
 * because a listener that allows expired certificates lets it in on that word alone.
 */
export type PlatformVerdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'success' }
  | { readonly kind: 'failed'; readonly rejection: Rejection }

/** The platform's verdict, or that this profile's platform never forms one. */
export type ConnectionVerdict = PlatformVerdict | { readonly kind: 'unasked' }

/** Asks the platform's verdict on a chain (DER, leaf first, as sent) at an instant. */
export type Judge = (chain: readonly Bytes[], at: Instant) => Promise<PlatformVerdict>

/** One TLS connection as its terminator knows it. */
export interface TerminatedConnection {
  /** DER as the client sent it, leaf first, unverified; empty where it sent none. */
  readonly chain: readonly Bytes[]
  readonly verdict: ConnectionVerdict
  readonly clientAddress: string
  /** The port the client connected to. */
  readonly port: number
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly tlsVersion: string
}

/** The part of one request that a profile may look at. */
export interface TerminatedRequest {
  readonly at: Instant
  /** Counts the requests of this front, from 1: stands in for chance in trace ids. */
  readonly ordinal: number
  /** The client's header of this lower-case name; copies joined with `, `. */
  readonly header: (name: string) => string | undefined
}

/**
 * Lower-case names with their values. A name listed here replaces every copy the client sent; where
 * the value is undefined the platform takes those copies away and sets none.
 */
export type HeaderList = readonly (readonly [name: string, value: string | undefined])[]

/** What the platform tells the worker of a connection: the same for each of its requests. */
export interface ConnectionFacts {
  /** Becomes `request.cf`. Plain JSON. */
  readonly cf?: Readonly<Record<string, unknown>>
  /**
   * What the platform's runtime says outside of the request's headers: Fastly's `event.client`, API
   * Gateway's `requestContext`. Plain JSON, but for octets.
   */
  readonly connection?: Readonly<Record<string, unknown>>
  readonly headers: HeaderList
}

/** How one TLS terminator hands client certificates over. Plain values and pure functions. */
export interface FrontProfile {
  readonly name: string
  /** Whether the platform verifies what is presented: the front asks its judge only then. */
  readonly verification: 'asked' | 'unasked'
  /** Whether a connection of this verdict may carry requests; if not, it is closed unanswered. */
  readonly admits: (verdict: ConnectionVerdict) => boolean
  readonly connectionFacts: (
    connection: TerminatedConnection,
  ) => ConnectionFacts | Promise<ConnectionFacts>
  readonly requestHeaders: (
    connection: TerminatedConnection,
    request: TerminatedRequest,
  ) => HeaderList
}
