import { repeatsAt, type Bytes } from '#shared/bytes.ts'
import { readerAt, tag, type DerReader } from '#shared/der/reader.ts'

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
  const at = passSignature(reader, fields.signatureAlgorithm.byteOffset - reader.bytes.byteOffset)
  const signature = readerAt(reader.bytes, at).octetAlignedBits('signature')
  reader.close(outer)
  return { ...fields, der: reader.bytes, tbs, signature }
}

/**
 * Passes over signatureAlgorithm and signature, behind what is signed.
 *
 * @param signedCopy where the AlgorithmIdentifier inside of it starts
 * @returns where the signature's BIT STRING starts
 */
export function passSignature(reader: DerReader, signedCopy: number): number {
  const algorithm = reader.pass(tag.sequence, 'signatureAlgorithm')
  // RFC 5280 4.1.1.2 and 5.1.1.2: the unsigned copy must say what the signed one says. Each says its
  // own length, so that as many octets as the one has are enough to compare.
  if (!repeatsAt(reader.bytes, signedCopy, algorithm, reader.at - algorithm)) {
    reader.fail('signatureAlgorithm equal to the signed one')
  }
  const signature = reader.at
  reader.passOctetAlignedBits('signature')
  return signature
}
