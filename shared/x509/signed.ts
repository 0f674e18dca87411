import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { tag, type DerReader } from '#shared/der/reader.ts'

/** What certificates and CRLs have in common (RFC 5280 4.1.1 and 5.1.1): a signed part and its signature. */
export interface Signed {
  readonly der: Bytes
  /** The signed part, header included. */
  readonly tbs: Bytes
  /** DER of the AlgorithmIdentifier, header included. */
  readonly signatureAlgorithm: Bytes
  /** The BIT STRING's octets. */
  readonly signature: Bytes
}

/**
 * Reads `SEQUENCE { tbs, signatureAlgorithm, signature }` around what `readTbs` reads.
 *
 * @param what the structure's name, for faults
 */
export function readSigned<Tbs extends { readonly signatureAlgorithm: Bytes }>(
  reader: DerReader,
  what: string,
  readTbs: (reader: DerReader) => Tbs,
): Tbs & Signed {
  const outer = reader.open(tag.sequence, what)
  const start = reader.at
  const fields = readTbs(reader)
  const tbs = reader.bytes.subarray(start, reader.at)
  const signatureAlgorithm = reader.element(tag.sequence, 'signatureAlgorithm')
  // RFC 5280 4.1.1.2 and 5.1.1.2: the unsigned copy must say what the signed one says.
  if (!equalBytes(signatureAlgorithm, fields.signatureAlgorithm)) {
    reader.fail('signatureAlgorithm equal to the signed one')
  }
  const signature = reader.octetAlignedBits('signature')
  reader.close(outer)
  return { ...fields, der: reader.bytes, tbs, signature }
}
