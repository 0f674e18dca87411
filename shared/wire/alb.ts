import { err, ok, type Result } from '#shared/result.ts'
import type { Bytes } from '#shared/bytes.ts'
import type { AttestedFields } from '#shared/verdict/presented.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { readAlbValidity, writeAlbValidity } from './dates.ts'
import type { WireFault } from './fault.ts'
import { rfc2253Name } from './names.ts'
import { albSerial, readSerial } from './serial.ts'
import { decodeUrlPem, encodeUrlPem } from './url-pem.ts'

/** The eight headers that ALB sets and a listener attribute can rename. */
export interface AlbNames {
  /** Passthrough: the whole chain. */
  readonly chain: string
  /** Verify: the next five, always together. */
  readonly serialNumber: string
  readonly issuer: string
  readonly subject: string
  readonly validity: string
  readonly leaf: string
  /** Set in both modes when the load balancer's attribute for TLS headers is on. */
  readonly tlsVersion: string
  readonly tlsCipherSuite: string
}

/**
 * ALB's names of its headers, or the same under another prefix. Names changed one by one are
 * written `{ ...albNames(), leaf: 'X-Fleet-Leaf' }`.
 */
export function albNames(prefix = 'X-Amzn-'): AlbNames {
  return {
    chain: `${prefix}Mtls-Clientcert`,
    serialNumber: `${prefix}Mtls-Clientcert-Serial-Number`,
    issuer: `${prefix}Mtls-Clientcert-Issuer`,
    subject: `${prefix}Mtls-Clientcert-Subject`,
    validity: `${prefix}Mtls-Clientcert-Validity`,
    leaf: `${prefix}Mtls-Clientcert-Leaf`,
    tlsVersion: `${prefix}Tls-Version`,
    tlsCipherSuite: `${prefix}Tls-Cipher-Suite`,
  }
}

export const albVerifyHeaders = [
  'serialNumber',
  'issuer',
  'subject',
  'validity',
  'leaf',
] as const satisfies readonly (keyof AlbNames)[]

type AlbVerifyHeader = (typeof albVerifyHeaders)[number]

/** A header line: name and value. */
export type HeaderLine = readonly [name: string, value: string]

/** Which header is not as ALB writes it, and what it should be. */
export interface AlbFault {
  readonly field: string
  readonly expected: string
}

/** What the verify headers say: the fields, and the leaf's DER. */
export interface AlbVerified {
  readonly fields: AttestedFields
  readonly leaf: Bytes
}

/** ALB's five headers of verify mode for a leaf; a fault where a name in it cannot be written. */
export function writeAlbVerify(
  certificate: Certificate,
  names: AlbNames = albNames(),
): Result<HeaderLine[], AlbFault> {
  const issuer = rfc2253Name(certificate.issuer)
  if (!issuer.ok) return err({ field: 'issuer', expected: issuer.error.expected })
  const subject = rfc2253Name(certificate.subject)
  if (!subject.ok) return err({ field: 'subject', expected: subject.error.expected })
  return ok([
    [names.serialNumber, albSerial(certificate.serial)],
    [names.issuer, issuer.value],
    [names.subject, subject.value],
    [names.validity, writeAlbValidity(certificate.validity)],
    [names.leaf, encodeUrlPem([certificate.der])],
  ])
}

/** ALB's header of passthrough mode: the chain as presented, leaf first. No certificate, no header. */
export function writeAlbPassthrough(
  chain: readonly Uint8Array[],
  names: AlbNames = albNames(),
): HeaderLine[] {
  return chain.length === 0 ? [] : [[names.chain, encodeUrlPem(chain)]]
}

/** How a header is looked up: its value, repeated lines joined by `, `, or null. */
export type HeaderLookup = (name: string) => string | null

/**
 * The verify headers of a request; undefined where there is none of them. Some without the others,
 * and repeated ones, are faults: ALB writes all five, once.
 */
export function readAlbVerify(
  lookup: HeaderLookup,
  names: AlbNames = albNames(),
): Result<AlbVerified | undefined, AlbFault> {
  const values = albVerifyHeaders.map((header) => [header, lookup(names[header])] as const)
  if (values.every(([, value]) => value === null)) return ok(undefined)
  const texts = new Map<AlbVerifyHeader, string>()
  for (const [header, value] of values) {
    if (value === null)
      return err({ field: names[header], expected: 'the header, beside the others' })
    texts.set(header, value)
  }
  return readVerifyTexts((header) => texts.get(header) ?? '', names)
}

function readVerifyTexts(
  text: (header: AlbVerifyHeader) => string,
  names: AlbNames,
): Result<AlbVerified, AlbFault> {
  const serial = named(names.serialNumber, readSerial(text('serialNumber')))
  if (!serial.ok) return serial
  const issuer = readNameText(names.issuer, text('issuer'))
  if (!issuer.ok) return issuer
  const subject = readNameText(names.subject, text('subject'))
  if (!subject.ok) return subject
  const validity = named(names.validity, readAlbValidity(text('validity')))
  if (!validity.ok) return validity
  const leaf = readLeaf(names.leaf, text('leaf'))
  if (!leaf.ok) return leaf
  return ok({
    fields: {
      serial: serial.value,
      issuer: issuer.value,
      subject: subject.value,
      ...validity.value,
    },
    leaf: leaf.value,
  })
}

/** The chain of the passthrough header, leaf first; undefined where the header is missing. */
export function readAlbPassthrough(
  lookup: HeaderLookup,
  names: AlbNames = albNames(),
): Result<readonly Bytes[] | undefined, AlbFault> {
  const text = lookup(names.chain)
  return text === null ? ok(undefined) : named(names.chain, decodeUrlPem(text))
}

function readLeaf(field: string, text: string): Result<Bytes, AlbFault> {
  const read = named(field, decodeUrlPem(text))
  if (!read.ok) return read
  const [leaf, ...more] = read.value
  if (leaf === undefined || more.length > 0) return err({ field, expected: 'one certificate' })
  return ok(leaf)
}

/**
 * A name's text, passed on as it is: for people and logs, never to decide by, because a client copy
 * that ends in a backslash hides its seam. OpenSSL never writes a space behind a separating comma (a
 * value's own leading space is escaped behind the `=`), so `, ` is the seam of a repeated header.
 */
function readNameText(field: string, text: string): Result<string, AlbFault> {
  if (hasSeam(text)) return err({ field, expected: 'the header once' })
  const printable = /^[\x20-\x7e]*$/.test(text)
  return printable ? ok(text) : err({ field, expected: 'printable ASCII' })
}

function hasSeam(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === ',' && text[at + 1] === ' ') return true
  }
  return false
}

function named<Value>(field: string, result: Result<Value, WireFault>): Result<Value, AlbFault> {
  return result.ok ? result : err({ field, expected: result.error.expected })
}
