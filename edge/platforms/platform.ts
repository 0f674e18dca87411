import type { Presented } from '#shared/verdict/presented.ts'

/** The part of a request that platforms read; a Worker's `Request` has it, and so has a plain one. */
export interface PlatformRequest {
  readonly headers: { get(name: string): string | null }
  /** Cloudflare's facts about the connection. Unchecked here: whoever reads it checks its shape. */
  readonly cf?: unknown
}

/** One TLS terminator and its spelling of the facts. */
export interface Platform {
  readonly name: string
  /**
   * Lower-case names of the client-certificate headers that this platform itself sets and so
   * overwrites: the only ones that `stripForeign` leaves.
   */
  readonly ownHeaders: readonly string[]
  /** Reads what was presented, and decides nothing: no chain is built and no date compared here. */
  read(request: PlatformRequest): Presented
}
