import { concatBytes, toHex, type Bytes } from '#shared/bytes.ts'
import { parseDer, tag, type DerReader } from '#shared/der/reader.ts'

/**
 * The hashes of this core, by what one hash's digest, and so its salt, has in octets. SHA-1 is one
 * that tests of old worlds alone ask for, and never with RSASSA-PSS.
 */
export const hashOctets = { 'SHA-1': 20, 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 } as const

export type Hash = keyof typeof hashOctets

/** RFC 4055 2.1: by AlgorithmIdentifier; a verifier MUST take the parameters as NULL and left out. */
const hashes: Readonly<Record<string, Hash>> = {
  '300d06096086480165030402010500': 'SHA-256',
  '300d06096086480165030402020500': 'SHA-384',
  '300d06096086480165030402030500': 'SHA-512',
  '300b0609608648016503040201': 'SHA-256',
  '300b0609608648016503040202': 'SHA-384',
  '300b0609608648016503040203': 'SHA-512',
}

/** OBJECT IDENTIFIERs, header included: id-RSASSA-PSS (RFC 4055 3.1) and id-mgf1 (2.2). */
const idRsassaPss = '06092a864886f70d01010a'
const idMgf1 = '06092a864886f70d010108'

/** RFC 4055 3.1: trailerFieldBC, the only trailer there is. */
const trailerFieldBc = 1

/**
 * The one hash of an RSASSA-PSS AlgorithmIdentifier (RFC 4055 3.1): of the text, of MGF1, and by its
 * length of the salt.
 *
 * @returns the hash; `any` where there are no parameters at all, which only a key may say (3.1: it
 *   then is bound to none); undefined for what is not RSASSA-PSS, and for parameters of another
 *   make, the defaults (SHA-1 and a salt of 20 octets) among them
 */
export function pssHashOf(algorithmIdentifier: Bytes): Hash | 'any' | undefined {
  const parsed = parseDer(algorithmIdentifier, (reader) => {
    const outer = reader.open(tag.sequence, 'AlgorithmIdentifier')
    if (toHex(reader.element(tag.oid, 'algorithm')) !== idRsassaPss) reader.fail('id-RSASSA-PSS')
    const hash = reader.done ? 'any' : readParameters(reader)
    reader.close(outer)
    return hash
  })
  return parsed.ok ? parsed.value : undefined
}

function readParameters(reader: DerReader): Hash {
  const outer = reader.open(tag.sequence, 'RSASSA-PSS-params')
  const hash = readTagged(reader, 0, 'hashAlgorithm', readHash)
  if (readTagged(reader, 1, 'maskGenAlgorithm', readMgf1) !== hash) reader.fail('one hash')
  const salt = readTagged(reader, 2, 'saltLength', (inner) => inner.smallInteger('saltLength'))
  if (salt !== hashOctets[hash]) reader.fail('a salt as long as the digest')
  if (!reader.done) readTagged(reader, 3, 'trailerField', readTrailer)
  reader.close(outer)
  return hash
}

function readTagged<Value>(
  reader: DerReader,
  number: number,
  expected: string,
  read: (reader: DerReader) => Value,
): Value {
  const outer = reader.open(tag.contextConstructed(number), expected)
  const value = read(reader)
  reader.close(outer)
  return value
}

function readHash(reader: DerReader): Hash {
  const hash = hashes[toHex(reader.element(tag.sequence, 'hash'))]
  return hash ?? reader.fail('SHA-256, SHA-384 or SHA-512')
}

/** RFC 4055 2.2: MGF1, whose parameter is the hash it is made of. */
function readMgf1(reader: DerReader): Hash {
  const outer = reader.open(tag.sequence, 'maskGenAlgorithm')
  if (toHex(reader.element(tag.oid, 'mask generation function')) !== idMgf1) reader.fail('id-mgf1')
  const hash = readHash(reader)
  reader.close(outer)
  return hash
}

/** RFC 4055 3.1: a verifier MUST take the trailer field written out as well, though DER leaves it out. */
function readTrailer(reader: DerReader): void {
  if (reader.smallInteger('trailerField') !== trailerFieldBc) reader.fail('trailerField 1')
}

/** AlgorithmIdentifier of rsaEncryption with NULL (RFC 3279 2.3.1). */
const rsaEncryption = Uint8Array.from([
  0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
])

/**
 * The same RSA key under the name rsaEncryption, as WebCrypto takes it.
 *
 * @param spki of a key of at least 2048 bits, so that lengths take two octets and no fewer
 * @returns undefined where it is no SubjectPublicKeyInfo, or too long for two octets of length
 */
export function plainRsaSpki(spki: Bytes): Bytes | undefined {
  const parsed = parseDer(spki, (reader) => {
    const outer = reader.open(tag.sequence, 'SubjectPublicKeyInfo')
    reader.element(tag.sequence, 'algorithm')
    const key = reader.element(tag.bitString, 'subjectPublicKey')
    reader.close(outer)
    return key
  })
  if (!parsed.ok) return undefined
  const length = rsaEncryption.length + parsed.value.length
  if (length < 0x100 || length > 0xffff) return undefined
  const header = Uint8Array.of(tag.sequence, 0x82, length >> 8, length & 0xff)
  return concatBytes(header, rsaEncryption, parsed.value)
}
