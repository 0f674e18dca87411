import type { Presented } from '#shared/verdict/presented.ts'

/** The part of a request that platforms read; a Worker's `Request` has it, and so has a plain one. */
export interface PlatformRequest {
  /** A value of several lines is joined by `, `, as Fetch joins it. */
  readonly headers: { get(name: string): string | null }
  /** Cloudflare's facts about the connection. Unchecked here: whoever reads it checks its shape. */
  readonly cf?: unknown
  /**
   * What other runtimes know of the connection outside its headers: Node's TLS socket, Fastly's
   * `event.client`, API Gateway's `requestContext`. Unchecked here as well.
   */
  readonly connection?: unknown
}

/** One TLS terminator and its spelling of the facts. */
export interface Platform {
  readonly name: string
  /**
   * Lower-case names of the client-certificate headers that this platform itself sets and so
   * overwrites: the only ones that `foreignHeaders` leaves.
   */
  readonly ownHeaders: readonly string[]
  /**
   * Lower-case names of the listener's own choice under which facts of a certificate go on to targets:
   * a client's copy is as much a forgery as one of a known name.
   */
  readonly written?: readonly string[]
  /**
   * Reads what was presented, and decides nothing: no chain is built and no date compared here. A
   * promise where a fingerprint has to be held against a certificate.
   */
  read(request: PlatformRequest): Presented | Promise<Presented>
}
