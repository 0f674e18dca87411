import { randomBytes } from 'node:crypto'
import { concatBytes, toUtf8, type Bytes } from '#shared/bytes.ts'
import { shift, type Instant } from '#shared/time.ts'
import {
  bitString,
  boolean,
  element,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  taggedOctets,
  taggedText,
  time,
  utf8String,
} from '#simulator/ca/der.ts'
import { createHash } from 'node:crypto'
import type { CorpusKeys } from './keys.ts'
import { p256Keys } from './keys.ts'

/*
 * Requests and certificates of which every part can be bent. A general library refuses to write
 * most of what is wanted here.
 */

export const dayMs = 86_400_000
export const nothing = new Uint8Array(0)

/** One AttributeTypeAndValue in an RDN of its own. */
export function attribute(type: string, value: Bytes): Bytes {
  return set(sequence(objectIdentifier(type), value))
}

export const commonName = (text: string): Bytes => attribute('2.5.4.3', utf8String(text))
export const nameOf = (...attributes: readonly Bytes[]): Bytes => sequence(...attributes)

export function extension(type: string, value: Bytes, weight?: 'critical'): Bytes {
  const critical = weight === 'critical' ? boolean(true) : nothing
  return sequence(objectIdentifier(type), critical, octetString(value))
}

/** RFC 5280 4.2.1.3: named bits, the last octet's highest first. */
const usageBits = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyCertSign: 0x04,
  cRLSign: 0x02,
} as const

export function keyUsage(
  usages: readonly (keyof typeof usageBits)[],
  weight: 'critical' | 'not critical' = 'critical',
): Bytes {
  const bits = usages.reduce((all, usage) => all | usageBits[usage], 0)
  const unused = bits === 0 ? 0 : Math.clz32(bits & -bits) ^ 31
  const value = bits === 0 ? bitString(nothing) : bitString(Uint8Array.of(bits), unused)
  return extension('2.5.29.15', value, weight === 'critical' ? weight : undefined)
}

export function basicConstraints(ca: boolean, pathLength?: number): Bytes {
  const limit = pathLength === undefined ? nothing : integer(Uint8Array.of(pathLength))
  return extension('2.5.29.19', sequence(ca ? boolean(true) : nothing, limit), 'critical')
}

export const purposes = (...oids: readonly string[]): Bytes =>
  extension('2.5.29.37', sequence(...oids.map(objectIdentifier)))

export const altNames = (...names: readonly Bytes[]): Bytes =>
  extension('2.5.29.17', sequence(...names))

/** RFC 5280 4.2.1.10: what a CA permits, names of some forms. */
export const nameConstraints = (
  permitted: Bytes,
  weight: 'critical' | 'not critical' = 'critical',
): Bytes =>
  extension(
    '2.5.29.30',
    sequence(tagged(0, sequence(permitted))),
    weight === 'critical' ? weight : undefined,
  )

export const dns = (text: string): Bytes => taggedText(2, text)
export const uri = (text: string): Bytes => taggedText(6, text)
export const email = (text: string): Bytes => taggedText(1, text)

/** SHA-1 of the key, as everybody makes key identifiers (RFC 5280 4.2.1.2 (1)). */
export function keyIdentifier({ spki }: CorpusKeys): Bytes {
  return new Uint8Array(createHash('sha1').update(spki).digest())
}

export const subjectKeyIdentifier = (keys: CorpusKeys): Bytes =>
  extension('2.5.29.14', octetString(keyIdentifier(keys)))

export const authorityKeyIdentifier = (keys: CorpusKeys, weight?: 'critical'): Bytes =>
  extension('2.5.29.35', sequence(taggedOctets(0, keyIdentifier(keys))), weight)

export const distributionPoint = (): Bytes =>
  extension(
    '2.5.29.31',
    sequence(sequence(tagged(0, tagged(0, uri('http://crl.example/corpus.crl'))))),
  )

/** What stands in a request; each part can be another. */
export interface RequestParts {
  readonly keys?: CorpusKeys
  readonly version?: Bytes
  readonly subject?: Bytes
  readonly spki?: Bytes
  readonly extensions?: readonly Bytes[]
  /** In place of extensionRequest and its extensions. */
  readonly attributes?: readonly Bytes[]
  readonly signature?: (signature: Bytes) => Bytes
}

/** A request (RFC 2986 4) of a device of this name. */
export function request(device: string, parts: RequestParts = {}): Bytes {
  const keys = parts.keys ?? p256Keys()
  const extensions = parts.extensions ?? []
  const wish = extensions.length === 0 ? [] : [extensionRequest(...extensions)]
  const info = sequence(
    parts.version ?? integer(nothing),
    parts.subject ?? nameOf(commonName(device)),
    parts.spki ?? keys.spki,
    tagged(0, ...(parts.attributes ?? wish)),
  )
  const signature = parts.signature?.(keys.sign(info)) ?? keys.sign(info)
  return sequence(info, keys.algorithm, bitString(signature))
}

export function extensionRequest(...extensions: readonly Bytes[]): Bytes {
  return requestAttribute('1.2.840.113549.1.9.14', sequence(...extensions))
}

/** One attribute (RFC 2986 4.1). */
export function requestAttribute(type: string, ...values: readonly Bytes[]): Bytes {
  return sequence(objectIdentifier(type), set(...values))
}

/** Whoever issues: a name and a key. */
export interface Issuer {
  readonly name: Bytes
  readonly keys: CorpusKeys
}

/** What stands in a certificate; each part can be another. */
export interface CertificateParts {
  readonly keys?: CorpusKeys
  readonly version?: Bytes
  readonly serial?: Bytes
  readonly innerAlgorithm?: Bytes
  readonly issuerName?: Bytes
  readonly notBefore?: Bytes
  readonly notAfter?: Bytes
  readonly subject?: Bytes
  readonly uniqueId?: Bytes
  /** By a name of its own; undefined takes one of the usual ones away. */
  readonly extensions?: Readonly<Record<string, Bytes | undefined>>
  /** In place of the whole field. */
  readonly extensionsField?: Bytes
}

const clientAuth = '1.3.6.1.5.5.7.3.2'

/** A device's certificate (RFC 5280 4.1), without fault but for its parts. */
export function certificate(
  device: string,
  issuer: Issuer,
  now: Instant,
  parts: CertificateParts = {},
): Bytes {
  const keys = parts.keys ?? p256Keys()
  const usual = {
    basicConstraints: basicConstraints(false),
    keyUsage: keyUsage(['digitalSignature']),
    purposes: purposes(clientAuth),
    subjectKeyIdentifier: subjectKeyIdentifier(keys),
    authorityKeyIdentifier: authorityKeyIdentifier(issuer.keys),
    distributionPoint: distributionPoint(),
  }
  return signedCertificate(keys, issuer, now, {
    subject: nameOf(commonName(device)),
    ...parts,
    extensions: { ...usual, ...parts.extensions },
  })
}

/** An issuer's certificate, without fault but for its parts. */
export function authority(
  subject: Issuer,
  issuer: Issuer,
  now: Instant,
  parts: CertificateParts = {},
): Bytes {
  const usual = {
    basicConstraints: basicConstraints(true),
    keyUsage: keyUsage(['keyCertSign', 'cRLSign']),
    subjectKeyIdentifier: subjectKeyIdentifier(subject.keys),
    authorityKeyIdentifier: authorityKeyIdentifier(issuer.keys),
    distributionPoint: distributionPoint(),
  }
  return signedCertificate(subject.keys, issuer, now, {
    subject: subject.name,
    notAfter: time(shift(now, 3650 * dayMs)),
    ...parts,
    extensions: { ...usual, ...parts.extensions },
  })
}

function signedCertificate(
  keys: CorpusKeys,
  issuer: Issuer,
  now: Instant,
  parts: CertificateParts & { readonly subject: Bytes },
): Bytes {
  const present = Object.values(parts.extensions ?? {}).filter((each) => each !== undefined)
  const tbs = sequence(
    parts.version ?? tagged(0, integer(Uint8Array.of(2))),
    parts.serial ?? integer(concatBytes(Uint8Array.of(0x40), randomBytes(15))),
    parts.innerAlgorithm ?? issuer.keys.algorithm,
    parts.issuerName ?? issuer.name,
    sequence(
      parts.notBefore ?? time(shift(now, -dayMs)),
      parts.notAfter ?? time(shift(now, 365 * dayMs)),
    ),
    parts.subject,
    keys.spki,
    parts.uniqueId ?? nothing,
    parts.extensionsField ?? tagged(3, sequence(...present)),
  )
  return sequence(tbs, issuer.keys.algorithm, bitString(issuer.keys.sign(tbs)))
}

/** Text in a string type of other days, or of few characters, as it stands. */
export const stringOf = (tag: number, text: string): Bytes => element(tag, toUtf8(text))
