import { compareBytes, type Bytes } from '#shared/bytes.ts'
import { contentAt, lengthAt } from '#shared/der/element.ts'
import { DerReader } from '#shared/der/reader.ts'
import type { Soon } from '#shared/soon.ts'
import { removeFromCrl, readCrlEntry, type CrlEntry } from './crl-entry.ts'
import { serialHash } from './serial-hash.ts'

/** In place of an entry: the part of a list that would tell of a serial cannot be had. It clears nobody. */
export type NotAtHand = 'not_at_hand'

/** Entries of one issuer's certificates, asked by serial wherever they lie: at once where they are at hand. */
export interface EntryIndex {
  find(serial: Bytes): Soon<CrlEntry | NotAtHand | undefined>
}

/** The entries of one issuer's certificates in a list that is in memory. */
export interface CrlIndex extends EntryIndex {
  readonly size: number
  /**
   * The entry for a certificate serial (INTEGER content octets), or undefined where there is none.
   * Of several for one serial the first that revokes counts, so that none can hide another.
   */
  find(serial: Bytes): CrlEntry | undefined
  /** Every entry, in no order that means anything but that of one serial's: theirs is the list's. */
  entries(): Iterable<CrlEntry>
}

/** Entries that lie in the list's own octets: any of them is read by its place alone. */
export interface PlacedIndex extends CrlIndex {
  /** One of `entries()`, by its place in their order. */
  entryAt(place: number): CrlEntry
  /** `serialHash` of its serial, without reading the rest. */
  hashOf(place: number): number
}

type Words = Uint32Array<ArrayBuffer>

/** Entries of one issuer, in the order of the list. Each has been read once without a fault. */
export interface EntryPlaces {
  /** Where each entry's SEQUENCE starts in the CRL. */
  readonly offsets: Words
  /** `serialHash` of each one's serial. */
  readonly hashes: Words
}

/**
 * Buckets of offsets by the hash of the serial: four octets an entry, and two to four for the
 * directory. Entries stay in the CRL's own bytes.
 */
interface Buckets {
  readonly der: Bytes
  /** Bucket after bucket; in one of up to `scannedMax` as they are listed, in a larger one by serial. */
  readonly offsets: Words
  /** Where each bucket starts, and at the end where the last one ends. */
  readonly starts: Words
  /** Bits of the hash, from the right, that do not choose the bucket. */
  readonly hashShift: number
}

/**
 * A bucket of more is sorted and then bisected. Of one to two entries on average, random serials
 * fill fewer than one bucket in four thousand further (Poisson); serials chosen to collide fill one
 * as far as they like, and then cost a logarithm and no more.
 */
const scannedMax = 8

/**
 * Indexes entries by their serials.
 *
 * @param der the whole CRL, which the index keeps looking into
 */
export function buildCrlIndex(der: Bytes, places: EntryPlaces): PlacedIndex {
  const buckets = distribute(der, places)
  return {
    size: places.offsets.length,
    find: (serial) => findEntry(buckets, serial),
    entries: () => entriesOf(buckets),
    entryAt: (place) => readCrlEntry(new DerReader(der, offsetOf(buckets, place))),
    hashOf: (place) => hashAt(der, offsetOf(buckets, place)),
  }
}

function distribute(der: Bytes, places: EntryPlaces): Buckets {
  const bits = bucketBits(places.offsets.length)
  // First by a few bits, so that every later step stays within the processor's cache.
  const nearby = bits > coarseBits ? sortedByHash(places, coarseBits) : places
  const { offsets, starts } = sortedByHash(nearby, bits)
  const buckets = { der, offsets, starts, hashShift: 32 - bits }
  sortLargeBuckets(buckets)
  return buckets
}

/** 256 places written to side by side; a million entries then lie in runs of a few thousand. */
const coarseBits = 8

/** Sorts by the upper bits of the hashes: a stable counting sort, and where each value starts. */
function sortedByHash(
  { offsets, hashes }: EntryPlaces,
  bits: number,
): EntryPlaces & Pick<Buckets, 'starts'> {
  const hashShift = 32 - bits
  const size = offsets.length
  const starts = countedEnds(hashes, bits)
  const sorted = { offsets: new Uint32Array(size), hashes: new Uint32Array(size), starts }
  // From behind, each end moves down to where its bucket starts.
  for (let index = size - 1; index >= 0; index -= 1) {
    const hash = hashes[index] ?? 0
    const bucket = hash >>> hashShift
    const place = (starts[bucket] ?? 0) - 1
    starts[bucket] = place
    sorted.offsets[place] = offsets[index] ?? 0
    sorted.hashes[place] = hash
  }
  return sorted
}

/** Where each bucket ends, and the number of all once more. */
function countedEnds(hashes: Words, bits: number): Words {
  const hashShift = 32 - bits
  const ends = new Uint32Array(2 ** bits + 1)
  for (let index = 0; index < hashes.length; index += 1) {
    const bucket = (hashes[index] ?? 0) >>> hashShift
    ends[bucket] = (ends[bucket] ?? 0) + 1
  }
  let end = 0
  for (let bucket = 0; bucket < ends.length; bucket += 1) {
    end += ends[bucket] ?? 0
    ends[bucket] = end
  }
  return ends
}

/** As many buckets as the power of two below the number of entries: one to two entries a bucket. */
function bucketBits(size: number): number {
  return size < 4 ? 1 : 31 - Math.clz32(size)
}

function sortLargeBuckets({ der, offsets, starts }: Buckets): void {
  for (let bucket = 0; bucket + 1 < starts.length; bucket += 1) {
    const from = starts[bucket] ?? 0
    const to = starts[bucket + 1] ?? 0
    if (to - from <= scannedMax) continue
    // Of one serial in the order of the list.
    offsets.subarray(from, to).sort((a, b) => compareSerials(der, a, b) || a - b)
  }
}

function findEntry(buckets: Buckets, serial: Bytes): CrlEntry | undefined {
  const { der, offsets, starts, hashShift } = buckets
  // Lists of CAs nearly always are: nothing is worth a hash.
  if (offsets.length === 0) return undefined
  const bucket = serialHash(serial, 0, serial.length) >>> hashShift
  const to = starts[bucket + 1] ?? 0
  const isSorted = to - (starts[bucket] ?? 0) > scannedMax
  const from = isSorted ? firstNotBefore(buckets, bucket, serial) : (starts[bucket] ?? 0)
  let found: CrlEntry | undefined
  for (let place = from; place < to; place += 1) {
    const offset = offsets[place] ?? 0
    if (!isSerialAt(der, offset, serial)) {
      if (isSorted) break
      continue
    }
    const entry = readCrlEntry(new DerReader(der, offset))
    if (entry.reason !== removeFromCrl) return entry
    found ??= entry
  }
  return found
}

/** The first place of a sorted bucket whose serial is not before the one asked for. */
function firstNotBefore({ der, offsets, starts }: Buckets, bucket: number, serial: Bytes): number {
  let low = starts[bucket] ?? 0
  let high = starts[bucket + 1] ?? 0
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareSerialAt(der, offsets[middle] ?? 0, serial) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function offsetOf({ offsets }: Buckets, place: number): number {
  const offset = offsets[place]
  if (offset !== undefined) return offset
  throw new RangeError(`a list of ${offsets.length} entries has no place ${place}`)
}

function* entriesOf({ der, offsets }: Buckets): Generator<CrlEntry> {
  for (const offset of offsets) yield readCrlEntry(new DerReader(der, offset))
}

/** `serialHash` of the entry that starts at an offset and has been read without a fault. */
export function hashAt(der: Bytes, offset: number): number {
  const element = contentAt(der, offset)
  return serialHash(der, contentAt(der, element), lengthAt(der, element))
}

function isSerialAt(der: Bytes, offset: number, serial: Bytes): boolean {
  const element = contentAt(der, offset)
  if (lengthAt(der, element) !== serial.length) return false
  const start = contentAt(der, element)
  // From the end, where serials in a row and those with one beginning differ first.
  for (let index = serial.length - 1; index >= 0; index -= 1) {
    if (der[start + index] !== serial[index]) return false
  }
  return true
}

function compareSerials(der: Bytes, a: number, b: number): number {
  return compareSerialAt(der, a, serialAt(der, b))
}

function compareSerialAt(der: Bytes, offset: number, serial: Bytes): number {
  return compareBytes(serialAt(der, offset), serial)
}

function serialAt(der: Bytes, offset: number): Bytes {
  const element = contentAt(der, offset)
  const start = contentAt(der, element)
  return der.subarray(start, start + lengthAt(der, element))
}
