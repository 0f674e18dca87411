import type { Instant } from '#shared/time.ts'
import type { ChangeRefusal } from '../managed/changes.ts'
import type { ObjectName } from '../managed/objects.ts'

/** Where a trust store fetches a revocation list from, again and again. */
export interface Source {
  /** Grows by one with each source of a store, and is never given again. */
  readonly id: number
  /** `url`: http or https. `bucket`: an object, as `bucket/key`, of the buckets bound to the control plane. */
  readonly kind: SourceKind
  readonly location: string
  /** How long after an answer it is asked again. */
  readonly everyMs: number
  /** Hosts beside its own that it may be redirected to. */
  readonly allowedHosts: readonly string[]
  readonly addedBy: string
  readonly addedAt: Instant
  /** Validators of the last answer (RFC 9110 8.8), for conditional requests. */
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  /** When it is asked next. */
  readonly nextAt: Instant
  /** How often in a row nothing came of it. */
  readonly failures: number
  /** The file that came last. */
  readonly file: ObjectName | undefined
  /** How far its clock is ahead of ours, by its last `Date`; undefined where it told none. */
  readonly aheadMs: number | undefined
  /** What the gate said to that file; undefined before there was one. */
  readonly lastOutcome: SourceOutcome | undefined
  /** Why it could not be fetched the last time; undefined where it could. */
  readonly lastFailure: SourceFailure | undefined
}

export type SourceKind = 'url' | 'bucket'

export type SourceOutcome =
  /** In force, at the latest by this epoch. */
  | { readonly kind: 'taken'; readonly at: Instant; readonly epoch: number }
  /** The gate did not take it; the file stays for inspection. `epoch`: of the store that refused it. */
  | {
      readonly kind: 'refused'
      readonly at: Instant
      readonly epoch: number
      readonly refusal: Pick<ChangeRefusal, 'code' | 'because'>
    }

export interface SourceFailure {
  readonly at: Instant
  /** For people. */
  readonly because: string
}

/** A source to be. */
export interface NewSource {
  readonly kind: SourceKind
  readonly location: string
  readonly everyMs?: number
  readonly allowedHosts?: readonly string[]
}

/** What the audit log says of a source: without what may be a secret in its address. */
export interface SourceChange {
  readonly kind: 'add_source' | 'remove_source'
  readonly source: number
  readonly location: string
}

export type SourceRefusalCode =
  | 'source_malformed'
  | 'source_known'
  | 'source_not_found'
  | 'too_many_sources'
  | 'store_not_found'

export interface SourceRefusal {
  readonly code: SourceRefusalCode
  /** For people: which field, and what was expected. */
  readonly because: string
}

/** A CRL is published by the hour or the day; an hour late is soon enough by default. */
export const defaultEveryMs = 3_600_000

/** More often than once a minute no CA publishes, and seldomer than once a week nobody should look. */
export const everyMsRange = { least: 60_000, most: 7 * 24 * 3_600_000 } as const

/** A store's lists are at most a thousand; a hierarchy of a hundred shards is a large one. */
export const sourcesMax = 100

/** A publisher and the mirrors it redirects to. */
export const allowedHostsMax = 8

/**
 * Of one list, decoded. The list lies in memory twice while it is joined, and a Durable Object has
 * 128 MB: some 800,000 entries of 49 octets.
 */
export const sourceOctetsMax = 40 * 1024 * 1024
