import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import { isNewer } from '#shared/revocation/status.ts'
import { decodePem } from '#shared/wire/pem.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificate } from '#shared/x509/parse.ts'

/** A trust-store file after it was read. */
export type TrustPart =
  | { readonly kind: 'anchors' | 'intermediates'; readonly certificates: readonly Certificate[] }
  | { readonly kind: 'crl'; readonly crl: Crl }

/**
 * The gate every file passes before it counts. What is refused changes nothing: the caller keeps
 * the version it had. A list that is older than the one held is refused (a rollback), and so is
 * what cannot be read.
 *
 * @param held the part that this file's name stood for until now
 * @returns the part, or a sentence that says what is wrong with the file
 */
export function readTrustPart(
  name: string,
  octets: Bytes,
  held: TrustPart | undefined,
): Result<TrustPart, string> {
  if (name === 'anchors.pem') return readCertificates('anchors', octets)
  if (name === 'intermediates.pem') return readCertificates('intermediates', octets)
  return readCrl(octets, held?.kind === 'crl' ? held.crl : undefined)
}

/** Whether a name is one that trust stores know; others are left alone. */
export function isTrustFileName(name: string): boolean {
  return name === 'anchors.pem' || name === 'intermediates.pem' || /^crl\/[^/]+$/.test(name)
}

function readCertificates(
  kind: 'anchors' | 'intermediates',
  octets: Bytes,
): Result<TrustPart, string> {
  const ders = decodePem(new TextDecoder().decode(octets), 'CERTIFICATE')
  if (!ders.ok) return err(`line ${ders.error.line}: expected ${ders.error.expected}`)
  if (ders.value.length === 0) return err('it holds no certificate')
  const certificates: Certificate[] = []
  for (const [index, der] of ders.value.entries()) {
    const parsed = parseCertificate(der)
    if (!parsed.ok) return err(`certificate ${index + 1}, byte ${parsed.error.offset}: expected ${parsed.error.expected}`)
    certificates.push(parsed.value)
  }
  return ok({ kind, certificates })
}

function readCrl(octets: Bytes, held: Crl | undefined): Result<TrustPart, string> {
  const der = crlDer(octets)
  if (!der.ok) return der
  const parsed = parseCrl(der.value)
  if (!parsed.ok) return err(`byte ${parsed.error.offset}: expected ${parsed.error.expected}`)
  if (held !== undefined && !isNewer(parsed.value, held)) {
    return err(`CRL number ${parsed.value.number ?? 'none'} does not follow ${held.number ?? 'none'}`)
  }
  return ok({ kind: 'crl', crl: parsed.value })
}

/** A CRL comes as DER, whose first octet is that of a SEQUENCE, or as one PEM block. */
function crlDer(octets: Bytes): Result<Bytes, string> {
  if (octets[0] === 0x30) return ok(octets)
  const ders = decodePem(new TextDecoder().decode(octets), 'X509 CRL')
  if (!ders.ok) return err(`line ${ders.error.line}: expected ${ders.error.expected}`)
  const [only, ...more] = ders.value
  return only === undefined || more.length > 0 ? err('expected one CRL') : ok(only)
}
