import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { DerReader, parseDer, tag, type DerFault } from '#shared/der/reader.ts'
import { err, type Result } from '#shared/result.ts'
import { parseCrl, type Crl } from '../crl.ts'
import { element, unsigned } from '../der-element.ts'

/** What a compiled list says of itself; its compiler signs these very octets. */
export interface Manifest {
  /** What the list says beside its entries, read by the parser of lists itself. */
  readonly facts: Omit<Crl, 'index' | 'indexOfOthers' | 'entries' | 'signature' | 'der'>
  /** DER of the SubjectPublicKeyInfo whose signature over the list the compiler has verified. */
  readonly signerSpki: Bytes
  /** SHA-256 of the list it was made from. */
  readonly crlSha256: Bytes
  /** DER Names of other issuers whose certificates are listed (indirect CRLs, RFC 5280 5.3.3). */
  readonly otherIssuers: readonly Bytes[]
  /** At least one: a serial is in that of its `serialHash` modulo their number. */
  readonly shards: readonly ShardEntry[]
}

/** One shard, as the manifest knows it. */
export interface ShardEntry {
  readonly sha256: Bytes
  readonly octets: number
  readonly entries: number
}

const sha256Octets = 32

/** Shards of one list: at their default size there is room for a quarter of a milliard entries. */
export const shardsMax = 16_384

/**
 * DER of a manifest: `SEQUENCE { hollow CertificateList, signer SubjectPublicKeyInfo, crlSha256
 * OCTET STRING, otherIssuers SEQUENCE OF Name, shards SEQUENCE OF SEQUENCE { sha256 OCTET STRING,
 * octets INTEGER, entries INTEGER } }`. Hollow is the list without its entries.
 */
export function encodeManifest(crl: Crl, manifest: Omit<Manifest, 'facts'>): Bytes {
  const shards = manifest.shards.map(({ sha256, octets, entries }) =>
    element(tag.sequence, element(tag.octetString, sha256), unsigned(octets), unsigned(entries)),
  )
  return element(
    tag.sequence,
    hollow(crl),
    manifest.signerSpki,
    element(tag.octetString, manifest.crlSha256),
    element(tag.sequence, ...manifest.otherIssuers),
    element(tag.sequence, ...shards),
  )
}

/** The list with nobody on it. Its signature is the whole list's, and holds for this one no more. */
function hollow({ der, tbs }: Crl): Bytes {
  const reader = new DerReader(tbs)
  reader.open(tag.sequence, 'tbsCertList')
  const start = reader.at
  for (const field of ['version', 'signature', 'issuer', 'thisUpdate', 'nextUpdate']) {
    reader.skip(field)
  }
  const before = tbs.subarray(start, reader.at)
  // A list of entries without one is a fault of the list's own (RFC 5280 5.1.2.6): it stays seen.
  const hasEntries = reader.nextTag === tag.sequence && tbs[reader.at + 1] !== 0
  if (hasEntries) reader.skip('revokedCertificates')
  const behind = tbs.subarray(reader.at)
  const signature = der.subarray(tbs.byteOffset + tbs.length - der.byteOffset)
  return element(tag.sequence, element(tag.sequence, concatBytes(before, behind)), signature)
}

/** The manifest of octets whose signature has been verified, or the octet at fault. */
export function decodeManifest(octets: Bytes): Result<Manifest, DerFault> {
  const read = parseDer(octets, readManifest)
  if (!read.ok) return read
  const facts = parseCrl(read.value.hollowCrl)
  if (!facts.ok) return err(facts.error)
  const { hollowCrl: _, ...manifest } = read.value
  return { ok: true, value: { facts: facts.value, ...manifest } }
}

function readManifest(reader: DerReader): Omit<Manifest, 'facts'> & { readonly hollowCrl: Bytes } {
  const outer = reader.open(tag.sequence, 'manifest')
  const hollowCrl = reader.element(tag.sequence, 'hollow CertificateList')
  const signerSpki = reader.element(tag.sequence, 'signer')
  const crlSha256 = readDigest(reader, 'crlSha256')
  const otherIssuers = readEach(reader, 'otherIssuers', () =>
    reader.element(tag.sequence, 'otherIssuers'),
  )
  const start = reader.at
  const shards = readEach(reader, 'shards', () => readShardEntry(reader))
  if (shards.length === 0 || shards.length > shardsMax) {
    reader.fail(`1 to ${shardsMax} shards`, start)
  }
  reader.close(outer)
  return { hollowCrl, signerSpki, crlSha256, otherIssuers, shards }
}

function readShardEntry(reader: DerReader): ShardEntry {
  const outer = reader.open(tag.sequence, 'shard')
  const sha256 = readDigest(reader, 'sha256 of a shard')
  const octets = reader.smallInteger('octets of a shard')
  const entries = reader.smallInteger('entries of a shard')
  reader.close(outer)
  return { sha256, octets, entries }
}

function readDigest(reader: DerReader, what: string): Bytes {
  const start = reader.at
  const digest = reader.content(tag.octetString, what)
  return digest.length === sha256Octets ? digest : reader.fail(`${what} of 32 octets`, start)
}

function readEach<Each>(reader: DerReader, what: string, read: () => Each): readonly Each[] {
  const outer = reader.open(tag.sequence, what)
  const all: Each[] = []
  while (!reader.done) all.push(read())
  reader.close(outer)
  return all
}
