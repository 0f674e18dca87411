import { toHex, type Bytes } from '#shared/bytes.ts'
import { tag } from '#shared/der/reader.ts'
import { element, unsigned } from '#shared/revocation/der-element.ts'
import type { Instant } from '#shared/time.ts'
import type { Authority } from './authority.ts'
import { authorityKeyIdentifier } from './certificate.ts'
import { extension, positiveInteger, sequence, time } from './der-write.ts'

/** One revoked certificate. */
export interface CrlEntry {
  /** Hexadecimal of either case, whole bytes, as `albSerial` writes it. */
  readonly serial: string
  readonly revokedAt: Instant
  /** CRLReason (RFC 5280 5.3.1); without one the entry gives none. */
  readonly reason?: number | undefined
}

export interface CrlFields {
  readonly entries: readonly CrlEntry[]
  /** RFC 5280 5.2.3: greater than that of every list before. */
  readonly number: number
  readonly thisUpdate: Instant
  readonly nextUpdate: Instant
}

/** DER of a complete list of one CA (RFC 5280 section 5.1), signed. */
export async function issueCrl(authority: Authority, fields: CrlFields): Promise<Bytes> {
  const { entries, number, thisUpdate, nextUpdate } = fields
  const keyId = authority.certificate.extensions.subjectKeyIdentifier
  const extensions = [
    ...(keyId === undefined ? [] : [authorityKeyIdentifier(keyId)]),
    extension('2.5.29.20', 'not critical', unsigned(number)),
  ]
  return authority.sign((algorithm) =>
    sequence(
      unsigned(1),
      algorithm,
      authority.certificate.subject,
      time(thisUpdate),
      time(nextUpdate),
      // RFC 5280 5.1.2.6: absent where nothing is revoked.
      ...(entries.length === 0 ? [] : [sequence(...entries.map(entryOf))]),
      element(tag.contextConstructed(0), sequence(...extensions)),
    ),
  )
}

function entryOf({ serial, revokedAt, reason }: CrlEntry): Bytes {
  return sequence(
    positiveInteger(serialOctets(serial)),
    time(revokedAt),
    ...(reason === undefined ? [] : [sequence(reasonCode(reason))]),
  )
}

/** RFC 5280 5.3.1. */
function reasonCode(reason: number): Bytes {
  return extension('2.5.29.21', 'not critical', element(tag.enumerated, Uint8Array.of(reason)))
}

/** Octets of a serial in hexadecimal. Throws a RangeError that names what is none. */
export function serialOctets(serial: string): Bytes {
  const octets = Uint8Array.from(serial.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  if (serial === '' || toHex(octets) !== serial.toLowerCase()) {
    throw new RangeError(`"${serial}" is no serial in whole hexadecimal bytes`)
  }
  return octets
}
