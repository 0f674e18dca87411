import { toHex, type Bytes } from '#shared/bytes.ts'
import { parseDer, tag } from '#shared/der/reader.ts'
import { listedExtensions } from '#shared/path/profile/listed-extensions.ts'
import type { Certificate, Extensions } from '#shared/x509/certificate.ts'
import { readExtensionFrame } from '#shared/x509/extensions.ts'
import { extensionRequests, type CertificationRequest } from '#shared/x509/request.ts'

const subjectAltName = '2.5.29.17'

/** The octets of a certificate's subjectAltName, names of every form among them; undefined without one. */
export function altNamesOfCertificate(certificate: Certificate): Bytes | undefined {
  const listed = listedExtensions(certificate)
  return listed.ok ? listed.value.get(subjectAltName)?.value : undefined
}

/** The same of what a request asks for (RFC 2985 5.4.2). */
export function altNamesOfRequest({ attributes }: CertificationRequest): Bytes | undefined {
  const wishes = attributes.find(({ type }) => extensionRequests.has(type))
  if (wishes === undefined) return undefined
  const read = parseDer(wishes.values, (reader) => {
    const seen = new Set<string>()
    let found: Bytes | undefined
    const outer = reader.open(tag.set, 'values')
    const inner = reader.open(tag.sequence, 'extensions')
    while (!reader.done) {
      const { oid, value } = readExtensionFrame(reader, seen)
      if (oid === subjectAltName) found = value
    }
    reader.close(inner)
    reader.close(outer)
    return found
  })
  return read.ok ? read.value : undefined
}

/** Names that are told of one certificate: the first say enough. */
const toldMax = 4

/** Names for people: what can be written of the first ones. */
export function altNamesText({ subjectAltNames }: Pick<Extensions, 'subjectAltNames'>): string {
  if (subjectAltNames === undefined) return 'none'
  const texts = subjectAltNames.all.slice(0, toldMax).map((name) => {
    if (name.form === 'dns' || name.form === 'uri' || name.form === 'email') {
      return `${name.form}:${name.text}`
    }
    return name.form === 'ip' ? `ip:${toHex(name.octets)}` : name.form
  })
  const more = subjectAltNames.all.length - texts.length
  return more > 0 ? `${texts.join(', ')} and ${more} more` : texts.join(', ')
}
