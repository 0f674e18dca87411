import { emptyNameOctets } from '#shared/x509/name-syntax.ts'
import type { Bytes } from '#shared/bytes.ts'
import { readName } from '#shared/wire/name-reader.ts'
import { textOf } from '#shared/wire/name-text.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { GeneralName } from '#shared/x509/general-name.ts'

/** id-at-commonName (RFC 5280 appendix A.1). */
const commonName = '2.5.4.3'

/** PKCS #9 (RFC 2985 5.2.1). */
const emailAddress = '1.2.840.113549.1.9.1'

/**
 * RFC 5280 6.1.3 (b) and (c): the names of a certificate that constraints apply to: its subject,
 * where it is not empty, and all of its subjectAltName. Mailboxes in the subject, where they stood
 * in former times, are bound beside mailboxes of the subjectAltName too: 4.2.1.10 asks it of
 * certificates without one, and whoever reads a mailbox from the subject does not look for another.
 */
export function constrainedNames({ subject, extensions }: Certificate): readonly GeneralName[] {
  const alternatives = extensions.subjectAltNames?.all ?? []
  return [...subjectNames(subject), ...mailboxesOf(subject), ...alternatives]
}

/**
 * The leaf's names as well, where it has no dNSName, that its common names would be taken for: what
 * reads a device's host from the subject, as was usual before RFC 6125, is kept within the same
 * bounds. OpenSSL binds them so; RFC 5280 4.2.1.10 knows dNSName alone. A name with a NUL in it, where
 * it ends for some readers (CVE-2009-2408), lies in no subtree of hosts.
 */
export function hostsInSubject({ subject, extensions }: Certificate): readonly GeneralName[] {
  if ((extensions.subjectAltNames?.dns.length ?? 0) > 0) return []
  return attributesOf(subject, commonName)
    .filter((text) => hostLike.test(text) || text.includes('\0'))
    .map((text) => ({ form: 'dns', text }))
}

/** Two labels at least, none of them ending in a hyphen: "car-0001" is a name, and no host. */
const hostLike = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+$/i

function subjectNames(subject: Bytes): readonly GeneralName[] {
  return subject.length === emptyNameOctets ? [] : [{ form: 'directory', name: subject }]
}

/** A subject that cannot be read has the mailbox '', which lies in no subtree. */
function mailboxesOf(subject: Bytes): readonly GeneralName[] {
  return attributesOf(subject, emailAddress).map((text) => ({ form: 'email', text }))
}

/** Values of one type, '' where one is no text; of a subject that cannot be read one such. */
function attributesOf(subject: Bytes, type: string): readonly string[] {
  const read = readName(subject)
  if (!read.ok) return ['']
  return read.value
    .flat()
    .filter(({ oid }) => oid === type)
    .map((attribute) => textOf(attribute) ?? '')
}
