import type { Bytes } from '#shared/bytes.ts'
import { tag, type DerReader } from '#shared/der/reader.ts'
import { readTime } from '#shared/der/time.ts'
import type { Instant } from '#shared/time.ts'
import { readGeneralNames } from '#shared/x509/distribution-points.ts'
import { readExtensionFrame, readerInside } from '#shared/x509/extensions.ts'
import { directoryName } from './point-names.ts'

/** One revoked certificate of a CRL (RFC 5280 5.1.2.6 and 5.3). */
export interface CrlEntry {
  readonly serial: Bytes
  readonly since: Instant
  /** RFC 5280 5.3.1; 0 (unspecified) where the entry gives none. */
  readonly reason: number
  /** RFC 5280 5.3.3: Name of the issuer that this entry and those after it are of; indirect CRLs only. */
  readonly certificateIssuer: Bytes | undefined
}

/** RFC 5280 5.3.1: the reason of an entry that takes a certificate off the list again; in delta CRLs. */
export const removeFromCrl = 8

/** Entry extensions whose meaning this core applies or may pass over: reason code, invalidity date. */
const processed: ReadonlySet<string> = new Set(['2.5.29.21', '2.5.29.24'])

/** RFC 5280 5.3.1: codes 0 to 10 without 7. */
const reasonCodeMax = 10

/** Reads one entry and moves past it. A critical entry extension that is not processed is a fault (5.3). */
export function readCrlEntry(reader: DerReader): CrlEntry {
  const outer = reader.open(tag.sequence, 'revoked certificate')
  const serial = reader.integer('userCertificate')
  const since = readTime(reader, 'revocationDate')
  const extensions = reader.done ? noExtensions : readEntryExtensions(reader)
  reader.close(outer)
  return { serial, since, ...extensions }
}

type EntryExtensions = Pick<CrlEntry, 'reason' | 'certificateIssuer'>

const noExtensions: EntryExtensions = { reason: 0, certificateIssuer: undefined }

function readEntryExtensions(reader: DerReader): EntryExtensions {
  const outer = reader.open(tag.sequence, 'crlEntryExtensions')
  const seen = new Set<string>()
  let { reason, certificateIssuer } = noExtensions
  while (!reader.done) {
    const { oid, critical, value } = readExtensionFrame(reader, seen)
    if (oid === '2.5.29.21') reason = readReason(readerInside(reader, value))
    else if (oid === '2.5.29.29') certificateIssuer = readIssuer(readerInside(reader, value))
    else if (critical && !processed.has(oid)) reader.fail(`no critical entry extension ${oid}`)
  }
  reader.close(outer)
  return { reason, certificateIssuer }
}

/** RFC 5280 5.3.3: one of the names is the issuer's, as it stands in the certificate. */
function readIssuer(reader: DerReader): Bytes {
  const start = reader.at
  const names = readGeneralNames(reader, tag.sequence, 'certificateIssuer')
  reader.close(reader.end)
  const [name] = names.flatMap((each) => directoryName(each) ?? [])
  return name ?? reader.fail('certificateIssuer with a directoryName', start)
}

function readReason(reader: DerReader): number {
  const start = reader.at
  const content = reader.integer('reasonCode', tag.enumerated)
  reader.close(reader.end)
  const code = content[0] ?? 0
  if (content.length === 1 && isReasonCode(code)) return code
  return reader.fail('reasonCode 0 to 6 or 8 to 10', start)
}

/** Whether a CRLReason is one of RFC 5280 5.3.1: 0 to 10 without 7. */
export function isReasonCode(code: number): boolean {
  return code <= reasonCodeMax && code !== 7
}
