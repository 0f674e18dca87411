import { compareBytes, type Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { CrlEntry } from '../crl-entry.ts'
import type { CrlIndex } from '../crl-index.ts'
import {
  dateEpochMs,
  dateSecondsMax,
  groupHeaderOctets,
  groupKey,
  octetsBesideSerial,
  viewOf,
} from './shard.ts'

/** Entries of one issuer with serials of one length, one behind the other: serial, date, reason. */
interface Records {
  readonly issuer: number
  readonly serialOctets: number
  octets: Bytes
  entries: number
}

/** The groups of a shard while it is written, by `groupKey`. */
export interface ShardGroups {
  readonly byKey: ReadonlyMap<number, Records>
  add(issuer: number, entry: CrlEntry, dateSeconds: number): void
}

/**
 * Memory for one shard after the other: what the largest group of the last one filled, the first of the
 * next fills again. Made anew for each of sixty shards it came to ninety megabytes of garbage.
 */
export interface ShardMemory {
  /** For a shard; those made before are no longer to be looked at. */
  begin(): ShardGroups
}

export function createShardMemory(): ShardMemory {
  let spare: Bytes = new Uint8Array()
  let byKey = new Map<number, Records>()
  return {
    begin() {
      for (const { octets } of byKey.values()) if (octets.length > spare.length) spare = octets
      byKey = new Map()
      const groups = byKey
      return {
        byKey: groups,
        add(issuer, { serial, reason }, dateSeconds) {
          const key = groupKey(issuer, serial.length)
          const records = groups.get(key) ?? newRecords(issuer, serial.length, spare)
          if (records.octets === spare) spare = new Uint8Array()
          groups.set(key, records)
          addRecord(records, serial, dateSeconds, reason)
        },
      }
    },
  }
}

/** Seconds since 1950, or undefined where the format has no room for the date. */
export function dateSecondsOf(since: Instant): number | undefined {
  const seconds = (since - dateEpochMs) / 1000
  return seconds >= 0 && seconds <= dateSecondsMax ? seconds : undefined
}

/** Adds an entry at the end of its group; memory doubles as it fills. */
function addRecord(records: Records, serial: Bytes, dateSeconds: number, reason: number): void {
  const size = serial.length + octetsBesideSerial
  const at = records.entries * size
  if (at + size > records.octets.length) records.octets = doubled(records.octets, size)
  records.octets.set(serial, at)
  viewOf(records.octets).setUint32(at + serial.length, dateSeconds)
  records.octets[at + size - 1] = reason
  records.entries += 1
}

function newRecords(issuer: number, serialOctets: number, octets: Bytes): Records {
  return { issuer, serialOctets, octets, entries: 0 }
}

function doubled(octets: Bytes, least: number): Bytes {
  const larger = new Uint8Array(Math.max(2 * octets.length, 16 * least))
  larger.set(octets)
  return larger
}

/** Entries of a shard, and its octets as `readShard` takes them. */
export interface BuiltShard {
  readonly octets: Bytes
  readonly entries: number
}

/**
 * @param indexes what the list itself answers, by issuer: of a serial listed more than once its word counts
 */
export function buildShard(groups: ShardGroups, indexes: readonly CrlIndex[]): BuiltShard {
  const all = [...groups.byKey.values()].map((each) => withoutDoubles(each, indexes[each.issuer]))
  const headers = 4 + all.length * groupHeaderOctets
  const octets = new Uint8Array(all.reduce((total, each) => total + octetsOf(each), headers))
  const view = viewOf(octets)
  view.setUint32(0, all.length)
  let at = headers
  for (const [index, group] of all.entries()) {
    writeHeader(view, 4 + index * groupHeaderOctets, group)
    at = writeGroup(octets, at, group)
  }
  return { octets, entries: all.reduce((total, { order }) => total + order.length, 0) }
}

/** A group in its order: where each record starts. */
interface Ordered extends Records {
  readonly order: readonly number[]
}

function octetsOf({ serialOctets, order }: Ordered): number {
  return order.length * (serialOctets + octetsBesideSerial)
}

function withoutDoubles(records: Records, index: CrlIndex | undefined): Ordered {
  const size = records.serialOctets + octetsBesideSerial
  const serialAt = (at: number): Bytes => records.octets.subarray(at, at + records.serialOctets)
  const sorted = Array.from({ length: records.entries }, (_, place) => place * size)
  sorted.sort((a, b) => compareBytes(serialAt(a), serialAt(b)))
  const order: number[] = []
  for (const at of sorted) {
    const before = order.at(-1)
    if (before === undefined || compareBytes(serialAt(before), serialAt(at)) !== 0) order.push(at)
    else overwrite(records, before, index?.find(serialAt(before)))
  }
  return { ...records, order }
}

function overwrite({ octets, serialOctets }: Records, at: number, entry: CrlEntry | undefined) {
  if (entry === undefined) return
  const seconds = dateSecondsOf(entry.since) ?? dateSecondsMax
  viewOf(octets).setUint32(at + serialOctets, seconds)
  octets[at + serialOctets + 4] = entry.reason
}

function writeHeader(view: DataView, at: number, { issuer, serialOctets, order }: Ordered): void {
  view.setUint32(at, issuer)
  view.setUint32(at + 4, serialOctets)
  view.setUint32(at + 8, order.length)
}

/** Serials, then dates, then reasons; returns where they end. */
function writeGroup(octets: Bytes, start: number, group: Ordered): number {
  const { serialOctets, order, octets: records } = group
  const datesAt = start + order.length * serialOctets
  const reasonsAt = datesAt + 4 * order.length
  for (const [place, at] of order.entries()) {
    const dateAt = at + serialOctets
    octets.set(records.subarray(at, dateAt), start + place * serialOctets)
    octets.set(records.subarray(dateAt, dateAt + 4), datesAt + 4 * place)
    octets[reasonsAt + place] = records[dateAt + 4] ?? 0
  }
  return reasonsAt + order.length
}
