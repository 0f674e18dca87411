import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { tag } from '#shared/der/reader.ts'
import { element, unsigned } from '#shared/revocation/der-element.ts'
import type { SigningOrder } from '../signer.ts'
import type { Authority } from './authority.ts'
import { extension, objectIdentifier, positiveInteger, sequence, time } from './der-write.ts'

/** What a CA puts into certificates beside what the order says. */
export interface Template {
  /** Dotted identifiers of purposes (RFC 5280 4.2.1.12), at least one. */
  readonly purposes: readonly string[]
  /** Where this CA's list lies (RFC 5280 4.2.1.13): an http: URL, or nowhere. */
  readonly crlUrl: string | undefined
}

/**
 * DER of one end entity's certificate (RFC 5280 section 4.1), signed. Of the request it takes the key
 * alone: names, dates and serial are the order's, and everything else this template's.
 *
 * @param spki DER of the SubjectPublicKeyInfo to be certified
 */
export async function issueCertificate(
  authority: Authority,
  template: Template,
  order: Omit<SigningOrder, 'request' | 'lifetimeMaxMs'>,
  spki: Bytes,
): Promise<Bytes> {
  const keyId = await keyIdentifierOf(spki)
  return authority.sign((algorithm) =>
    sequence(
      element(tag.contextConstructed(0), unsigned(2)),
      positiveInteger(order.serial),
      algorithm,
      authority.certificate.subject,
      sequence(time(order.notBefore), time(order.notAfter)),
      order.subject,
      spki,
      element(
        tag.contextConstructed(3),
        sequence(...extensions(authority, template, order, keyId)),
      ),
    ),
  )
}

function extensions(
  { certificate }: Authority,
  { purposes, crlUrl }: Template,
  { subject, subjectAltName }: Pick<SigningOrder, 'subject' | 'subjectAltName'>,
  keyId: Bytes,
): readonly Bytes[] {
  const authorityKeyId = certificate.extensions.subjectKeyIdentifier
  return [
    // RFC 5280 4.2.1.9: cA FALSE is the default, which DER does not write.
    extension('2.5.29.19', 'critical', sequence()),
    // 4.2.1.3: digitalSignature, the one bit that TLS needs of a client's key (RFC 8446 4.4.2.4).
    extension('2.5.29.15', 'critical', element(tag.bitString, Uint8Array.of(7, 0x80))),
    extension('2.5.29.37', 'not critical', sequence(...purposes.map(objectIdentifier))),
    extension('2.5.29.14', 'not critical', element(tag.octetString, keyId)),
    ...(authorityKeyId === undefined ? [] : [authorityKeyIdentifier(authorityKeyId)]),
    ...(subjectAltName === undefined ? [] : [altName(subject, subjectAltName)]),
    ...(crlUrl === undefined ? [] : [crlDistributionPoint(crlUrl)]),
  ]
}

/** RFC 5280 4.2.1.1: keyIdentifier [0], as the issuer's own certificate names its key. */
export function authorityKeyIdentifier(keyId: Bytes): Bytes {
  return extension('2.5.29.35', 'not critical', sequence(element(tag.context(0), keyId)))
}

/** RFC 5280 4.2.1.6: critical where the subject is empty. */
function altName(subject: Bytes, names: Bytes): Bytes {
  const isNameless = subject.length === 2
  return extension('2.5.29.17', isNameless ? 'critical' : 'not critical', names)
}

/** RFC 5280 4.2.1.13: one point, its fullName one URI. */
function crlDistributionPoint(url: string): Bytes {
  const fullName = element(tag.contextConstructed(0), element(tag.context(6), toUtf8(url)))
  const point = sequence(element(tag.contextConstructed(0), fullName))
  return extension('2.5.29.31', 'not critical', sequence(point))
}

/** RFC 7093 section 2 (4): of the whole SubjectPublicKeyInfo, cut to the 160 bits that are usual. */
async function keyIdentifierOf(spki: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', spki)).slice(0, 20)
}
