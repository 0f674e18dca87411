import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import { isReasonCode, type CrlEntry } from '../crl-entry.ts'

/*
 * A shard, all numbers big-endian, of 32 bits unless said otherwise:
 *
 *   count of groups
 *   for each group: issuer (0 is the CRL's own, then otherIssuers of the manifest),
 *                   octets of a serial, entries
 *   for each group: the serials, rising; for each its revocation date in seconds since
 *                   1950-01-01T00:00:00Z; for each its reason, one octet
 *
 * A serial lies in one place of one group: found by bisection, nothing is read beforehand.
 */

/** Serials of one issuer and one length. */
export interface Group {
  readonly issuer: number
  readonly serialOctets: number
  readonly entries: number
  /** Where in the shard its serials, dates and reasons start. */
  readonly serialsAt: number
  readonly datesAt: number
  readonly reasonsAt: number
}

/** A shard whose every number has been found within its bounds. */
export interface Shard {
  readonly octets: Bytes
  /** By `groupKey`. */
  readonly groups: ReadonlyMap<number, Group>
  readonly entries: number
}

/** Why octets are no shard. */
export type ShardFault = 'truncated' | 'trailing_octets' | 'issuer_unknown' | 'group_twice'

/** Why the entries of a shard are not to be asked. */
export type EntriesFault = 'entries_unsorted' | 'reason_unknown'

/** RFC 5280 5.1.2.6: dates are UTCTime through 2049, which begins in 1950. */
export const dateEpochMs = Date.UTC(1950, 0, 1)
export const dateSecondsMax = 0xffff_ffff

export const groupHeaderOctets = 12
/** Of one entry, beside its serial. */
export const octetsBesideSerial = 4 + 1

/**
 * Reads the groups of a shard and checks that each lies within the octets. Of the entries nothing is
 * read: `checkEntries` has been asked by whoever vouches for these octets, or they are of no worth.
 *
 * @param issuers how many issuers the manifest knows
 */
export function readShard(octets: Bytes, issuers: number): Result<Shard, ShardFault> {
  const groups = readGroups(octets, issuers)
  if (!groups.ok) return groups
  let entries = 0
  for (const group of groups.value.values()) entries += group.entries
  return ok({ octets, groups: groups.value, entries })
}

/**
 * Checks what lookups rely on: that serials rise, and that reasons are ones there are. The compiler
 * asks before it signs, once for every loader: a bent octet is told by the digest, and whoever signs
 * for a shard out of order could as well have left the entry out. A process that has just started
 * took half of its time over a million entries for it.
 */
export function checkEntries({ octets, groups }: Shard): Result<void, EntriesFault> {
  for (const group of groups.values()) {
    if (!isRising(octets, group)) return err('entries_unsorted')
    if (!areReasons(octets, group)) return err('reason_unknown')
  }
  return ok(undefined)
}

function readGroups(
  octets: Bytes,
  issuers: number,
): Result<ReadonlyMap<number, Group>, ShardFault> {
  const view = viewOf(octets)
  if (octets.length < 4) return err('truncated')
  const count = view.getUint32(0)
  let at = 4 + count * groupHeaderOctets
  if (at > octets.length) return err('truncated')
  const groups = new Map<number, Group>()
  for (let header = 4; header < 4 + count * groupHeaderOctets; header += groupHeaderOctets) {
    const group = groupAt(view, header, at)
    const key = groupKey(group.issuer, group.serialOctets)
    if (group.issuer >= issuers) return err('issuer_unknown')
    if (groups.has(key)) return err('group_twice')
    at = group.reasonsAt + group.entries
    if (at > octets.length) return err('truncated')
    groups.set(key, group)
  }
  return at === octets.length ? ok(groups) : err('trailing_octets')
}

/** One number of two of 32 bits, of which the first is at most as many as a manifest has names. */
export function groupKey(issuer: number, serialOctets: number): number {
  return issuer * 2 ** 32 + serialOctets
}

function groupAt(view: DataView, header: number, serialsAt: number): Group {
  const issuer = view.getUint32(header)
  const serialOctets = view.getUint32(header + 4)
  const entries = view.getUint32(header + 8)
  const datesAt = serialsAt + entries * serialOctets
  return { issuer, serialOctets, entries, serialsAt, datesAt, reasonsAt: datesAt + 4 * entries }
}

/** Whether each serial is greater than the one before it: none twice, none out of its place. */
function isRising(octets: Bytes, { serialOctets, entries, serialsAt }: Group): boolean {
  const view = viewOf(octets)
  const hasWord = serialOctets >= 4
  for (let index = 1; index < entries; index += 1) {
    const at = serialsAt + index * serialOctets
    const before = at - serialOctets
    // Most differ in their first octets.
    const order = hasWord ? view.getUint32(at) - view.getUint32(before) : 0
    if (order < 0 || (order === 0 && compareAt(octets, before, at, serialOctets) >= 0)) return false
  }
  return true
}

function compareAt(octets: Bytes, a: number, b: number, length: number): number {
  for (let index = 0; index < length; index += 1) {
    const difference = (octets[a + index] ?? 0) - (octets[b + index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function areReasons(octets: Bytes, { entries, reasonsAt }: Group): boolean {
  for (let at = reasonsAt; at < reasonsAt + entries; at += 1) {
    if (!isReasonCode(octets[at] ?? 0)) return false
  }
  return true
}

/**
 * The entry of a serial of one issuer; undefined where the shard has none. Its reason is told as it
 * stands: one that there is not takes nobody off a list.
 */
export function findInShard(shard: Shard, issuer: number, serial: Bytes): CrlEntry | undefined {
  const group = shard.groups.get(groupKey(issuer, serial.length))
  if (group === undefined) return undefined
  const place = placeOf(shard.octets, group, serial)
  return place === -1 ? undefined : entryAt(shard, group, place)
}

/** Every entry of one issuer. */
export function* entriesInShard(shard: Shard, issuer: number): Generator<CrlEntry> {
  for (const group of shard.groups.values()) {
    if (group.issuer !== issuer) continue
    for (let place = 0; place < group.entries; place += 1) yield entryAt(shard, group, place)
  }
}

function placeOf(
  octets: Bytes,
  { serialOctets, entries, serialsAt }: Group,
  serial: Bytes,
): number {
  let low = 0
  let high = entries
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = orderAt(octets, serialsAt + middle * serialOctets, serial)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle
  }
  return -1
}

/** How the octets at a place compare with as many others: <0, 0 or >0. */
function orderAt(octets: Bytes, at: number, others: Bytes): number {
  for (let index = 0; index < others.length; index += 1) {
    const difference = (octets[at + index] ?? 0) - (others[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function entryAt({ octets }: Shard, group: Group, place: number): CrlEntry {
  const at = group.serialsAt + place * group.serialOctets
  return {
    serial: octets.subarray(at, at + group.serialOctets),
    since: dateFromSeconds(viewOf(octets).getUint32(group.datesAt + 4 * place)),
    reason: octets[group.reasonsAt + place] ?? 0,
    certificateIssuer: undefined,
  }
}

function dateFromSeconds(seconds: number): Instant {
  return instantFromMs(dateEpochMs + 1000 * seconds)
}

/** A view of just these octets, whatever buffer they lie in. */
export function viewOf(octets: Bytes): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
}
