import { compareBytes, type Bytes } from '#shared/bytes.ts'
import { DerReader, tag } from '#shared/der/reader.ts'
import { readCrlEntry, type CrlEntry } from './crl-entry.ts'

/** A CRL's entries, sorted by serial: offsets into the CRL's own bytes, four octets an entry. */
export interface CrlIndex {
  readonly size: number
  /** The entry for a certificate serial (INTEGER content octets), or undefined where there is none. */
  find(serial: Bytes): CrlEntry | undefined
}

/**
 * Sorts entries by the octets of their serials.
 *
 * @param der the whole CRL, which the index keeps looking into
 * @param offsets where each entry's SEQUENCE starts; every one has been read once without a fault
 */
export function buildCrlIndex(der: Bytes, offsets: readonly number[]): CrlIndex {
  const sorted = Uint32Array.from(offsets)
  sorted.sort((a, b) => compareBytes(serialAt(der, a), serialAt(der, b)))
  return {
    size: sorted.length,
    find: (serial) => findEntry(der, sorted, serial),
  }
}

function findEntry(der: Bytes, sorted: Uint32Array, serial: Bytes): CrlEntry | undefined {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const offset = sorted[middle] ?? 0
    const order = compareBytes(serialAt(der, offset), serial)
    if (order === 0) return readCrlEntry(new DerReader(der, offset))
    if (order < 0) low = middle + 1
    else high = middle
  }
  return undefined
}

function serialAt(der: Bytes, offset: number): Bytes {
  const reader = new DerReader(der, offset)
  reader.open(tag.sequence, 'revoked certificate')
  return reader.content(tag.integer, 'userCertificate')
}
