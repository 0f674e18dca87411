import type { Bytes } from '#shared/bytes.ts'
import { instantFromIso, type Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import {
  bitString,
  boolean,
  explicit,
  integer,
  nothing,
  octets,
  octetString,
  oid,
  sequence,
  set,
  time,
  utf8String,
} from './der/writer.ts'
import { newKeys, type Keys } from './keys.ts'

/** The instant that every certificate and CRL of the tests is made around. */
export const noon = instantFromIso('2026-06-15T12:00:00Z')
export const at = instantFromIso

/** Whoever has a certificate and the key to it. */
export interface Entity {
  readonly name: Bytes
  readonly keys: Keys
  readonly der: Bytes
}

/** Encoded extensions by a name of the test's own; undefined takes one of the defaults away. */
export type Extensions = Readonly<Record<string, Bytes | undefined>>

/** The encoded parts of a certificate: each can be bent by itself. */
export interface Parts {
  readonly version: Bytes
  readonly serial: Bytes
  readonly signatureAlgorithm: Bytes
  readonly issuer: Bytes
  readonly validity: Bytes
  readonly subject: Bytes
  readonly spki: Bytes
  readonly uniqueIdentifiers: Bytes
  readonly extensions: Bytes
  /** Beside the signed part. */
  readonly outerAlgorithm: Bytes
}

export interface Overrides {
  /** The common name; `name` makes what stands in the certificate of it. */
  readonly subject?: string
  /** Content octets. */
  readonly serial?: readonly number[]
  readonly notBefore?: Instant
  readonly notAfter?: Instant
  readonly keys?: Keys
  /** The key that signs, where it is another than the issuer's. */
  readonly signedWith?: Keys
  readonly extensions?: Extensions
  readonly parts?: Partial<Parts>
}

/** A Name of one common name. */
export function name(commonName: string): Bytes {
  return sequence(set(sequence(oid('2.5.4.3'), utf8String(commonName))))
}

export function extension(type: string, value: Uint8Array, weight?: 'critical'): Bytes {
  const critical = weight === 'critical' ? boolean(0xff) : nothing
  return sequence(oid(type), critical, octetString(value))
}

export function basicConstraints(pathLength?: number): Bytes {
  const limit = pathLength === undefined ? nothing : integer(pathLength)
  return extension('2.5.29.19', sequence(boolean(0xff), limit), 'critical')
}

/** First octet of the named bits (RFC 5280 4.2.1.3), and how many of its bits do not count. */
const usages = {
  digitalSignature: bitString(octets(0x80), 7),
  keyEncipherment: bitString(octets(0x20), 5),
  keyCertSign: bitString(octets(0x04), 2),
  cRLSign: bitString(octets(0x02), 1),
  keyCertSignAndCRLSign: bitString(octets(0x06), 1),
}

export function keyUsage(usage: keyof typeof usages): Bytes {
  return extension('2.5.29.15', usages[usage], 'critical')
}

export const clientAuth = '1.3.6.1.5.5.7.3.2'
export const serverAuth = '1.3.6.1.5.5.7.3.1'
export const anyPurpose = '2.5.29.37.0'

export function purposes(...types: readonly string[]): Bytes {
  return extension('2.5.29.37', sequence(...types.map(oid)))
}

/** [n] of a subjectAltName made by `context(n, …)` of the writer. */
export function altNames(...names: readonly Bytes[]): Bytes {
  return extension('2.5.29.17', sequence(...names))
}

/** GeneralNames by `context(n, …)` and `explicit(4, …)` of the writer. */
export interface Subtrees {
  readonly permitted?: readonly Bytes[]
  readonly excluded?: readonly Bytes[]
}

/** RFC 5280 4.2.1.10: each list is left out where it is empty. */
export function nameConstraints({ permitted = [], excluded = [] }: Subtrees): Bytes {
  const lists = sequence(subtrees(0, permitted), subtrees(1, excluded))
  return extension('2.5.29.30', lists, 'critical')
}

function subtrees(number: number, bases: readonly Bytes[]): Bytes {
  return bases.length === 0 ? nothing : explicit(number, ...bases.map((base) => sequence(base)))
}

const caExtensions: Extensions = {
  basicConstraints: basicConstraints(),
  keyUsage: keyUsage('keyCertSignAndCRLSign'),
}

const leafExtensions: Extensions = {
  keyUsage: keyUsage('digitalSignature'),
  purposes: purposes(clientAuth),
}

/** A CA that signs itself. */
export async function createCa(overrides: Overrides = {}): Promise<Entity> {
  const keys = overrides.keys ?? (await newKeys())
  const self = { name: name(overrides.subject ?? 'Root'), keys, der: nothing }
  return certify(self, caExtensions, { subject: 'Root', ...overrides, keys })
}

/** A CA below another. */
export function issueCa(issuer: Entity, overrides: Overrides = {}): Promise<Entity> {
  return certify(issuer, caExtensions, { subject: 'Issuing', ...overrides })
}

/** A device. */
export function issue(issuer: Entity, overrides: Overrides = {}): Promise<Entity> {
  return certify(issuer, leafExtensions, overrides)
}

async function certify(
  issuer: Entity,
  defaults: Extensions,
  overrides: Overrides,
): Promise<Entity> {
  const keys = overrides.keys ?? (await newKeys())
  const signer = overrides.signedWith ?? issuer.keys
  const parts = partsOf(issuer.name, keys, signer, {
    ...overrides,
    extensions: { ...defaults, ...overrides.extensions },
  })
  const tbs = tbsOf(parts)
  const der = sequence(tbs, parts.outerAlgorithm, bitString(await signer.sign(tbs)))
  return { name: parts.subject, keys, der }
}

function partsOf(issuer: Bytes, keys: Keys, signer: Keys, overrides: Overrides): Parts {
  const extensions = Object.values(overrides.extensions ?? {}).filter((each) => each !== undefined)
  const { notBefore = at('2026-01-01T00:00:00Z'), notAfter = at('2026-12-31T23:59:59Z') } =
    overrides
  return {
    version: explicit(0, integer(2)),
    serial: integer(...(overrides.serial ?? [0x2a])),
    signatureAlgorithm: signer.algorithm,
    issuer,
    validity: sequence(time(notBefore), time(notAfter)),
    subject: name(overrides.subject ?? 'car-0001'),
    spki: keys.spki,
    uniqueIdentifiers: nothing,
    extensions: extensions.length === 0 ? nothing : explicit(3, sequence(...extensions)),
    outerAlgorithm: signer.algorithm,
    ...overrides.parts,
  }
}

function tbsOf(parts: Parts): Bytes {
  return sequence(
    parts.version,
    parts.serial,
    parts.signatureAlgorithm,
    parts.issuer,
    parts.validity,
    parts.subject,
    parts.spki,
    parts.uniqueIdentifiers,
    parts.extensions,
  )
}

/** What the parser reads of an entity's certificate; the test is wrong where it reads nothing. */
export function certificateOf({ der }: Pick<Entity, 'der'>): Certificate {
  const parsed = parseCertificate(der)
  if (!parsed.ok) throw new Error(`${parsed.error.expected} at ${parsed.error.offset}`)
  return parsed.value
}
