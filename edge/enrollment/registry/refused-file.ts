import { concatBytes, equalBytes, toHex, toUtf8, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { serialHash } from '#shared/revocation/serial-hash.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import type { RevokedMany } from '#shared/trust-store/trust-store.ts'

/** A certificate that is refused, as it is written. */
export interface RefusedCertificate {
  /** As `albSerial` writes it: positive, at most 20 octets. */
  readonly serial: string
  readonly since: Instant
}

/** The last octet is the version. */
const magic: Bytes = toUtf8('sallyDR\u0001')

/** RFC 5280 4.1.2.2. */
const serialOctets = 20
const hashOctets = 4
const sinceOctets = 4
const recordOctets = hashOctets + serialOctets + sinceOctets

/** An issuer's Name and how many records follow it. */
const nameLengthOctets = 2
const countOctets = 4

/**
 * One file of refused certificates, made to be asked as it lies in memory: for each issuer its Name,
 * the number of records and the records, sorted. A record is 28 octets: `serialHash` of the serial,
 * the serial with zeros before it, and the seconds since 1970 since when it is refused.
 */
export function encodeRefused(
  issuers: readonly {
    readonly issuer: Bytes
    readonly certificates: readonly RefusedCertificate[]
  }[],
): Bytes {
  const parts = issuers.map(({ issuer, certificates }) => {
    const head = new DataView(new ArrayBuffer(nameLengthOctets))
    head.setUint16(0, issuer.length)
    const count = new DataView(new ArrayBuffer(countOctets))
    count.setUint32(0, certificates.length)
    return concatBytes(
      new Uint8Array(head.buffer),
      issuer,
      new Uint8Array(count.buffer),
      recordsOf(certificates),
    )
  })
  return concatBytes(magic, ...parts)
}

function recordsOf(certificates: readonly RefusedCertificate[]): Bytes {
  const keyed = certificates
    .map(({ serial, since }) => {
      const octets = serialOf(serial)
      if (octets === undefined) throw new Error(`the serial ${serial} is none that a CA may give`)
      return { octets, hash: serialHash(octets, 0, serialOctets), since }
    })
    .toSorted((a, b) => a.hash - b.hash)
  const records = new Uint8Array(keyed.length * recordOctets)
  const view = new DataView(records.buffer)
  for (const [index, { octets, hash, since }] of keyed.entries()) {
    const at = index * recordOctets
    view.setUint32(at, hash)
    records.set(octets, at + hashOctets)
    view.setUint32(at + hashOctets + serialOctets, Math.max(0, Math.floor(since / 1000)))
  }
  return records
}

/** Twenty octets; undefined for what is negative, too long or no hexadecimal. */
function serialOf(serial: string): Uint8Array | undefined {
  const digits = serial.length
  if (digits === 0 || digits % 2 === 1 || digits > 2 * serialOctets) return undefined
  const octets = new Uint8Array(serialOctets)
  const start = serialOctets - digits / 2
  for (let index = 0; index < digits; index += 2) {
    const [high, low] = [digitOf(serial, index), digitOf(serial, index + 1)]
    if (high === -1 || low === -1) return undefined
    octets[start + index / 2] = high * 16 + low
  }
  return octets
}

/** An upper-case hexadecimal digit, as `albSerial` writes it; -1 for anything else. */
function digitOf(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  return code >= 0x41 && code <= 0x46 ? code - 0x37 : -1
}

/** The refused certificates of one issuer, as they lie in a file. */
export interface RefusedRecords {
  /** DER of the issuer's Name. */
  readonly issuer: Bytes
  readonly size: number
  readonly records: DataView
}

/** Reads a file of refused certificates that was loaded by its digest, or says what is wrong with it. */
export function readRefused(octets: Bytes): Result<readonly RefusedRecords[], string> {
  if (!equalBytes(octets.subarray(0, magic.length), magic)) return err('it is of another form')
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  const issuers: RefusedRecords[] = []
  let at = magic.length
  while (at < octets.length) {
    const start = at + nameLengthOctets
    if (start > octets.length) return err(`it ends within an issuer at octet ${at}`)
    const end = start + view.getUint16(at)
    if (end + countOctets > octets.length) return err(`it ends within an issuer at octet ${at}`)
    const first = end + countOctets
    const size = view.getUint32(end)
    at = first + size * recordOctets
    if (at > octets.length) return err(`it ends within the records at octet ${first}`)
    const records = new DataView(octets.buffer, octets.byteOffset + first, size * recordOctets)
    issuers.push({ issuer: octets.slice(start, end), size, records })
  }
  return ok(issuers)
}

/**
 * What several files say, by issuer, ready to be asked: a serial is read and hashed once, and then
 * looked for in each of them.
 */
export function refusedBySerial(all: readonly RefusedRecords[]): readonly RevokedMany[] {
  const issuers = new Map<string, RefusedRecords[]>()
  for (const each of all) {
    const key = toHex(each.issuer)
    const group = issuers.get(key)
    if (group === undefined) issuers.set(key, [each])
    else group.push(each)
  }
  return [...issuers.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const size = group.reduce((sum, each) => sum + each.size, 0)
    const filter = filterOf(group, size)
    return [{ issuer: first.issuer, size, get: (serial: string) => findIn(group, filter, serial) }]
  })
}

/** One bit for the first bits of each hash: most of those that are not refused end there. */
interface Filter {
  readonly bits: Uint8Array
  /** How far a hash is shifted for its bit. */
  readonly shift: number
}

/** One serial in sixteen that is not refused is looked for all the same. */
const bitsPerEntry = 16

function filterOf(all: readonly RefusedRecords[], size: number): Filter {
  // Of a million entries two megabytes; at least one octet, at most as many bits as a hash has places.
  const length = Math.min(31, Math.max(3, Math.ceil(Math.log2(size * bitsPerEntry + 1))))
  const [bits, shift] = [new Uint8Array(2 ** (length - 3)), 32 - length]
  for (const { records } of all) {
    for (let at = 0; at < records.byteLength; at += recordOctets) {
      const place = records.getUint32(at) >>> shift
      bits[place >>> 3] = (bits[place >>> 3] ?? 0) | (1 << (place & 7))
    }
  }
  return { bits, shift }
}

function findIn(
  all: readonly RefusedRecords[],
  { bits, shift }: Filter,
  serial: string,
): Instant | undefined {
  const octets = serialOf(serial)
  if (octets === undefined) return undefined
  const hash = serialHash(octets, 0, serialOctets)
  const place = hash >>> shift
  if (((bits[place >>> 3] ?? 0) & (1 << (place & 7))) === 0) return undefined
  for (const { records, size } of all) {
    for (let index = firstOf(hash, records, size); index < size; index += 1) {
      const at = index * recordOctets
      if (records.getUint32(at) !== hash) break
      if (isSerialAt(records, at + hashOctets, octets)) {
        return instantFromMs(records.getUint32(at + hashOctets + serialOctets) * 1000)
      }
    }
  }
  return undefined
}

/**
 * The first record whose hash is not below. Looks where the hash lies between those of the ends, and
 * every second time in the middle, so that whoever picks serials cannot make it slow.
 */
function firstOf(hash: number, table: DataView, size: number): number {
  let [low, lowHash] = [0, 0]
  let [high, highHash] = [size, 2 ** 32]
  for (let look = 0; low < high; look += 1) {
    const part = look % 2 === 0 ? (hash - lowHash) / Math.max(1, highHash - lowHash) : 0.5
    const middle = Math.min(high - 1, low + Math.floor((high - low) * part))
    const found = table.getUint32(middle * recordOctets)
    if (found < hash) [low, lowHash] = [middle + 1, found]
    else [high, highHash] = [middle, found]
  }
  return low
}

function isSerialAt(table: DataView, at: number, serial: Uint8Array): boolean {
  for (const [index, octet] of serial.entries()) {
    if (table.getUint8(at + index) !== octet) return false
  }
  return true
}
