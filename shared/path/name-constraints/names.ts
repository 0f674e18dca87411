import type { Bytes } from '#shared/bytes.ts'
import { readName } from '#shared/wire/name-reader.ts'
import { textOf } from '#shared/wire/name-text.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { GeneralName } from '#shared/x509/general-name.ts'

/** PKCS #9 (RFC 2985 5.2.1). */
const emailAddress = '1.2.840.113549.1.9.1'

/** DER of a Name of no RDN. */
const emptyNameOctets = 2

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

function subjectNames(subject: Bytes): readonly GeneralName[] {
  return subject.length === emptyNameOctets ? [] : [{ form: 'directory', name: subject }]
}

/** A subject that cannot be read has the mailbox '', which lies in no subtree. */
function mailboxesOf(subject: Bytes): readonly GeneralName[] {
  const read = readName(subject)
  if (!read.ok) return [{ form: 'email', text: '' }]
  return read.value
    .flat()
    .filter(({ oid }) => oid === emailAddress)
    .map((attribute) => ({ form: 'email', text: textOf(attribute) ?? '' }))
}
