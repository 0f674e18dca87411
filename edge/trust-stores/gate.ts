import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { isCrlSignedBy } from '#shared/revocation/crl-signature.ts'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import { isNewer } from '#shared/revocation/status.ts'
import { decodePem } from '#shared/wire/pem.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'

/** A trust-store file after it was read. */
export type TrustPart =
  | { readonly kind: 'anchors' | 'intermediates'; readonly certificates: readonly Certificate[] }
  | { readonly kind: 'crl'; readonly crl: Crl }

/** What the gate knows when a file comes to it. */
export interface GateContext {
  /** The part that this file's name stood for until now. */
  readonly held: TrustPart | undefined
  /** Anchors and intermediates of the same store. */
  readonly issuers: readonly Certificate[]
  readonly verifier: SignatureVerifier
}

/**
 * The gate every file passes before it counts. What is refused changes nothing: the caller keeps
 * the version it had. Refused are a list older than the one held (a rollback), a list of another
 * issuer in its place, one that a known issuer has not signed, and what cannot be read.
 *
 * @returns the part, or a sentence that says what is wrong with the file
 */
export async function readTrustPart(
  name: string,
  octets: Bytes,
  { held, issuers, verifier }: GateContext,
): Promise<Result<TrustPart, string>> {
  if (name === 'anchors.pem') return readCertificates('anchors', octets)
  if (name === 'intermediates.pem') return readCertificates('intermediates', octets)
  const crl = readCrl(octets)
  if (!crl.ok) return crl
  const fault =
    checkSuccession(crl.value, held?.kind === 'crl' ? held.crl : undefined) ??
    (await checkSignature(crl.value, issuers, verifier))
  return fault === undefined ? ok({ kind: 'crl', crl: crl.value }) : err(fault)
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
    if (!parsed.ok)
      return err(
        `certificate ${index + 1}, byte ${parsed.error.offset}: expected ${parsed.error.expected}`,
      )
    certificates.push(parsed.value)
  }
  return ok({ kind, certificates })
}

function readCrl(octets: Bytes): Result<Crl, string> {
  const der = crlDer(octets)
  if (!der.ok) return der
  const parsed = parseCrl(der.value)
  if (!parsed.ok) return err(`byte ${parsed.error.offset}: expected ${parsed.error.expected}`)
  return parsed
}

/** RFC 5280 5.2.3: numbers grow. The same list, written once more, takes its own place. */
function checkSuccession(crl: Crl, held: Crl | undefined): string | undefined {
  if (held === undefined || equalBytes(crl.der, held.der)) return undefined
  if (!equalBytes(crl.issuer, held.issuer))
    return 'it is of another issuer than the list it replaces'
  if (isNewer(crl, held)) return undefined
  return `CRL number ${crl.number ?? 'none'} does not follow ${held.number ?? 'none'}`
}

/**
 * A list in the name of an issuer that is known here must bear its signature: taken without, it
 * would push out the last good one. Of an issuer that devices alone present, the decision asks.
 */
async function checkSignature(
  crl: Crl,
  issuers: readonly Certificate[],
  verifier: SignatureVerifier,
): Promise<string | undefined> {
  const named = issuers.filter(({ subject }) => equalBytes(subject, crl.issuer))
  if (named.length === 0) return undefined
  for (const { spki } of named) if (await isCrlSignedBy(crl, spki, verifier)) return undefined
  return 'its issuer has not signed it'
}

/** A CRL comes as DER, whose first octet is that of a SEQUENCE, or as one PEM block. */
function crlDer(octets: Bytes): Result<Bytes, string> {
  if (octets[0] === 0x30) return ok(octets)
  const ders = decodePem(new TextDecoder().decode(octets), 'X509 CRL')
  if (!ders.ok) return err(`line ${ders.error.line}: expected ${ders.error.expected}`)
  const [only, ...more] = ders.value
  return only === undefined || more.length > 0 ? err('expected one CRL') : ok(only)
}
