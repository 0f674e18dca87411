import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { entriesPerShard } from '#shared/revocation/compiled/compile.ts'
import type { Instant } from '#shared/time.ts'
import type { ObjectName } from './objects.ts'

/**
 * Everything that a trust store says at one epoch. Written once, named by its hash and never
 * changed: an epoch is the name of such a document, and a roll-back is the name of an older one.
 */
export interface StoreDocument {
  /** Of this very shape: another one is another number. */
  readonly form: 1
  /** Trust anchors: the CA bundle. */
  readonly bundle: BundleEntry
  /** Certificates that devices do not send themselves; undefined where there are none. */
  readonly intermediates: BundleEntry | undefined
  /** In the order in which they were added. */
  readonly lists: readonly ListEntry[]
  /** Serials revoked one by one, by word of an operator, before any list says so. */
  readonly revoked: readonly RevokedSerial[]
  /**
   * What a device registry refuses, in its own files; without it none does. A follower that does not
   * know of it lets those devices in: followers are brought up to date first.
   */
  readonly refused?: readonly RefusedFile[]
}

/** Certificates whose devices are suspended, revoked or retired (`edge/enrollment/registry/refused-file.ts`). */
export interface RefusedFile {
  readonly file: ObjectName
  readonly entries: number
}

/** A PEM file of certificates. */
export interface BundleEntry {
  readonly file: ObjectName
  readonly certificates: number
  /** Of all their subjects: ALB has a quota on it, because they are advertised. */
  readonly subjectOctets: number
}

/** One revocation list, as its own octets say. */
export interface ListEntry {
  /** Grows by one with each list of a store, and is never given again. */
  readonly id: number
  readonly file: ObjectName
  readonly octets: number
  /** Where it came from: an address without its secrets, or `upload`. */
  readonly source: string
  /** DER of the issuer's Name, base64. */
  readonly issuer: string
  readonly kind: 'complete' | 'delta'
  /** DER of the issuing distribution point, base64; undefined where the list covers everything. */
  readonly scope: string | undefined
  /** Decimal. */
  readonly number: string | undefined
  readonly thisUpdate: Instant
  readonly nextUpdate: Instant
  readonly entries: number
  /**
   * The manifest of the list's compiled form, whose shards are objects by their digests in it;
   * undefined where the list is loaded whole. A follower that does not know of it loads the file.
   */
  readonly manifest?: ObjectName | undefined
  readonly addedAt: Instant
  /**
   * The list that took its place. It counts in quotas until it is removed, as ALB has it, and it is
   * never in force again: taking the newer one away must not bring an older one back.
   */
  readonly supersededBy: number | undefined
}

/** One certificate that is revoked by word. */
export interface RevokedSerial {
  /** DER of the issuer's Name, base64. */
  readonly issuer: string
  /** As `albSerial` writes it. */
  readonly serial: string
  readonly since: Instant
  /** RFC 5280 5.3.1, or words of the operator. */
  readonly reason: string
}

/** The lists that answer. */
export function listsInForce({ lists }: Pick<StoreDocument, 'lists'>): readonly ListEntry[] {
  return lists.filter(({ supersededBy }) => supersededBy === undefined)
}

/** Quotas of one store. */
export interface StoreLimits {
  readonly certificatesMax: number
  readonly subjectOctetsMax: number
  readonly listsMax: number
  readonly listOctetsMax: number
  readonly entriesMax: number
  /** A list of more entries is compiled, and looked up shard by shard. */
  readonly wholeEntriesMax: number
  readonly revokedSerialsMax: number
}

/**
 * Two shards. Up to here a worker reads one object of 1.6 MB and parses it in some milliseconds;
 * beyond it a single shard is the smaller thing to load.
 */
const wholeEntriesMax = 2 * entriesPerShard

/** Of a device registry: 28 octets each, which an isolate of 128 MB has room for beside its lists. */
export const refusedEntriesMax = 1_000_000

/** ALB's quotas page. It has no single serials: as many as fit a document of two megabytes. */
export const albStoreLimits: StoreLimits = {
  certificatesMax: 25,
  subjectOctetsMax: 10_000,
  listsMax: 30,
  listOctetsMax: 50 * 1024 * 1024,
  entriesMax: 500_000,
  wholeEntriesMax,
  revokedSerialsMax: 10_000,
}

/** ALB's quota of trust stores in an account and region. */
export const albStoresMax = 20

/** Room for every hierarchy met in the field; lists of a million and more, up to what a Worker reads at once. */
export const defaultStoreLimits: StoreLimits = {
  certificatesMax: 1_000,
  subjectOctetsMax: 100_000,
  listsMax: 1_000,
  listOctetsMax: 64 * 1024 * 1024,
  entriesMax: 2_000_000,
  wholeEntriesMax,
  revokedSerialsMax: 10_000,
}

/** By whose quotas a change is judged: the store's own, or ALB's where AWS's tools ask. */
export type LimitsWord = 'own' | 'alb'

/** The octets that a document is stored and named by. */
export function encodeDocument(document: StoreDocument): Bytes {
  return toUtf8(JSON.stringify(document))
}

/**
 * Reads a document that was loaded by its digest. Throws an Error where it is of another form: it
 * was written by a later version of this program.
 */
export function decodeDocument(octets: Bytes): StoreDocument {
  const document = JSON.parse(new TextDecoder().decode(octets)) as StoreDocument
  if (document.form === 1) return document
  throw new Error(
    `a trust store document of the form ${String(document.form)} was written by a later version`,
  )
}
