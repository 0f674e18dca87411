import type { Bytes } from '#shared/bytes.ts'
import { readOid } from '#shared/der/oid.ts'
import { parseDer, tag, type DerReader } from '#shared/der/reader.ts'
import { readPublicKey, type PublicKey } from '#shared/x509/algorithms.ts'

/** A key as its SubjectPublicKeyInfo tells it, with what the core does not keep of it. */
export interface DeviceKey {
  readonly spki: Bytes
  /** As the core reads it; undefined where it is of no kind, or no size, that the core takes. */
  readonly known: PublicKey | undefined
  /** Dotted identifiers of algorithm and curve; undefined where the SPKI is no DER. */
  readonly algorithm: KeyAlgorithm | undefined
  /** The BIT STRING's octets. */
  readonly octets: Bytes
  readonly rsa: RsaNumbers | undefined
}

interface KeyAlgorithm {
  readonly oid: string
  readonly curve: string | undefined
}

/** Content octets of two INTEGERs (RFC 8017 A.1.1), signs included, of any size. */
export interface RsaNumbers {
  readonly modulus: Bytes
  readonly exponent: Bytes
}

export const rsaEncryption = '1.2.840.113549.1.1.1'
const rsassaPss = '1.2.840.113549.1.1.10'

/** What can be told of a key, sound or not. */
export function readKey(spki: Bytes): DeviceKey {
  const parsed = parseDer(spki, readSpki)
  const { algorithm, octets } = parsed.ok ? parsed.value : unreadable
  const isRsa = algorithm?.oid === rsaEncryption || algorithm?.oid === rsassaPss
  const rsa = isRsa ? readRsaNumbers(octets) : undefined
  return { spki, known: readPublicKey(spki), algorithm, octets, rsa }
}

const unreadable = { algorithm: undefined, octets: new Uint8Array(0) }

function readSpki(reader: DerReader): { readonly algorithm: KeyAlgorithm; readonly octets: Bytes } {
  const outer = reader.open(tag.sequence, 'SubjectPublicKeyInfo')
  const inner = reader.open(tag.sequence, 'algorithm')
  const oid = readOid(reader, 'algorithm')
  const curve = reader.nextTag === tag.oid ? readOid(reader, 'namedCurve') : undefined
  while (!reader.done) reader.skip('parameters')
  reader.close(inner)
  const octets = reader.octetAlignedBits('subjectPublicKey')
  reader.close(outer)
  return { algorithm: { oid, curve }, octets }
}

function readRsaNumbers(octets: Bytes): RsaNumbers | undefined {
  const parsed = parseDer(octets, (reader) => {
    const outer = reader.open(tag.sequence, 'RSAPublicKey')
    const modulus = reader.integer('modulus')
    const exponent = reader.integer('publicExponent')
    reader.close(outer)
    return { modulus, exponent }
  })
  return parsed.ok ? parsed.value : undefined
}
