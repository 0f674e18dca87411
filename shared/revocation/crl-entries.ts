import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { tag, type DerReader } from '#shared/der/reader.ts'
import { nameKey } from '#shared/x509/name.ts'
import { readCrlEntry } from './crl-entry.ts'
import { hashAt, type EntryPlaces } from './crl-index.ts'
import { serialHash } from './serial-hash.ts'
import { entryOctetsMin, usualEntryEnd, usualOctetsBeside, usualSerialAt } from './usual-entry.ts'

/** Where the entries of a list start, by the issuer of the certificates they are of. */
export interface ListedEntries {
  /** Those of the CRL issuer's own certificates. */
  readonly own: EntryPlaces
  /** Those of others', by `nameKey` of the issuer (indirect CRLs, RFC 5280 5.3.3). */
  readonly others: ReadonlyMap<string, EntryPlaces>
}

/**
 * Reads `revokedCertificates` (RFC 5280 5.1.2.6), every entry strictly, where the list has any.
 *
 * @param ownKey `nameKey` of the CRL's issuer, whose entries are until one names another
 */
export function readCrlEntries(reader: DerReader, ownKey: string): ListedEntries {
  // RFC 5280 5.1.2.6: when nothing is revoked the list MUST be absent; seen empty in the field.
  const outer = reader.openOptional(tag.sequence, 'revokedCertificates')
  if (outer === -1) return { own: joined([]), others: new Map() }
  const { places, runs } = readEach(reader, ownKey)
  reader.close(outer)
  return byIssuer(places, runs, ownKey)
}

/** From `from` on entries are of one issuer, until the next run. */
interface Run {
  readonly issuerKey: string
  readonly from: number
}

interface Listed {
  readonly places: EntryPlaces
  readonly runs: readonly Run[]
}

/** The entries of a list while they are read. */
interface List extends EntryPlaces {
  readonly bytes: Bytes
  readonly view: DataView
  /** Where the last entry ends. */
  readonly end: number
}

function readEach(reader: DerReader, ownKey: string): Listed {
  const { bytes, end } = reader
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const list = { bytes, view, end, ...roomFor(end - reader.at) }
  const runs: Run[] = [{ issuerKey: ownKey, from: 0 }]
  let named: Bytes | undefined
  let count = passUsual(list, 0, reader.at)
  for (;;) {
    const at = list.offsets[count] ?? end
    if (at === end) break
    reader.at = at
    const { certificateIssuer } = readCrlEntry(reader)
    list.hashes[count] = hashAt(bytes, at)
    if (certificateIssuer !== undefined && !isSame(named, certificateIssuer)) {
      named = certificateIssuer
      runs.push({ issuerKey: nameKey(certificateIssuer), from: count })
    }
    count = passUsual(list, count + 1, reader.at)
  }
  reader.at = end
  return { places: partOf(list, 0, count), runs }
}

/**
 * For as many entries as so many octets could hold, and the end of the last: a fifth of their size
 * each, of which only what is written is ever paged in.
 */
function roomFor(octets: number): EntryPlaces {
  const count = Math.floor(octets / entryOctetsMin) + 1
  return { offsets: new Uint32Array(count), hashes: new Uint32Array(count) }
}

/** Notes entries of the usual shape from `at` on. The place after the last is that of the first other one, or `end`. */
function passUsual(list: List, from: number, start: number): number {
  const { view, bytes, end, offsets, hashes } = list
  let count = from
  let at = start
  for (;;) {
    offsets[count] = at
    const next = usualEntryEnd(view, at, end)
    if (next === -1) return count
    hashes[count] = serialHash(bytes, at + usualSerialAt, next - at - usualOctetsBeside)
    count += 1
    at = next
  }
}

function isSame(before: Bytes | undefined, name: Bytes): boolean {
  return before !== undefined && equalBytes(before, name)
}

function byIssuer(places: EntryPlaces, runs: readonly Run[], ownKey: string): ListedEntries {
  if (runs.length === 1) return { own: places, others: new Map() }
  const parts = new Map<string, EntryPlaces[]>([[ownKey, []]])
  for (const [index, { issuerKey, from }] of runs.entries()) {
    const part = partOf(places, from, runs[index + 1]?.from)
    const ofIssuer = parts.get(issuerKey)
    if (ofIssuer === undefined) parts.set(issuerKey, [part])
    else ofIssuer.push(part)
  }
  const own = joined(parts.get(ownKey) ?? [])
  parts.delete(ownKey)
  return { own, others: new Map([...parts].map(([key, each]) => [key, joined(each)])) }
}

function partOf(
  { offsets, hashes }: EntryPlaces,
  from: number,
  to: number | undefined,
): EntryPlaces {
  return { offsets: offsets.subarray(from, to), hashes: hashes.subarray(from, to) }
}

function joined(parts: readonly EntryPlaces[]): EntryPlaces {
  const size = parts.reduce((total, { offsets }) => total + offsets.length, 0)
  const whole = { offsets: new Uint32Array(size), hashes: new Uint32Array(size) }
  let at = 0
  for (const { offsets, hashes } of parts) {
    whole.offsets.set(offsets, at)
    whole.hashes.set(hashes, at)
    at += offsets.length
  }
  return whole
}
