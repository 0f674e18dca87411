import { toHex, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Crl } from '#shared/revocation/crl.ts'
import {
  checkCrlUpdate,
  defaultShrink,
  type ListKind,
  type UpdateRefusal,
} from '#shared/revocation/update.ts'
import { isoFromInstant } from '#shared/time.ts'
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
  /** Text of the file `shrinkWordName` names, where there is one: the digest of a list that may shrink. */
  readonly shrinkWord?: string | undefined
}

/**
 * The gate every file passes before it counts. What is refused changes nothing: the caller keeps
 * the version it had. Refused are what cannot be read, and lists that `checkCrlUpdate` refuses:
 * rolled back, forged, of another issuer or scope, or shrunk beyond what lists lose.
 *
 * @returns the part, or a sentence that says what is wrong with the file
 */
export async function readTrustPart(
  name: string,
  octets: Bytes,
  context: GateContext,
): Promise<Result<TrustPart, string>> {
  if (name === 'anchors.pem') return readBundle('anchors', octets)
  if (name === 'intermediates.pem') return readBundle('intermediates', octets)
  return readUpdate(name, octets, context)
}

function readBundle(kind: 'anchors' | 'intermediates', octets: Bytes): Result<TrustPart, string> {
  const certificates = readCertificates(octets)
  return certificates.ok ? ok({ kind, certificates: certificates.value }) : certificates
}

async function readUpdate(
  name: string,
  octets: Bytes,
  { held, issuers, verifier, shrinkWord }: GateContext,
): Promise<Result<TrustPart, string>> {
  const der = crlDer(octets)
  if (!der.ok) return der
  const isMeant = shrinkWord !== undefined && (await isDigestOf(shrinkWord, octets))
  const crl = await checkCrlUpdate(der.value, {
    held: held?.kind === 'crl' ? held.crl : undefined,
    issuers,
    verifier,
    shrink: isMeant ? 'accept' : defaultShrink,
  })
  if (crl.ok) return ok({ kind: 'crl', crl: crl.value })
  const word = `, unless ${shrinkWordName(name)} holds the file’s SHA-256 in hexadecimal`
  return err(updateSentence(crl.error) + (crl.error.code === 'shrunk' ? word : ''))
}

/**
 * Where an operator says that a list may shrink: a file beside it whose text is the SHA-256 of just
 * that list's file, so that the word holds for no other list, before it or after it.
 */
export function shrinkWordName(crlName: string): string {
  return `${crlName}.accept-shrink`
}

/** Whether a file is such a word, and no list. */
export function isShrinkWord(name: string): boolean {
  return name.startsWith('crl/') && name.endsWith('.accept-shrink')
}

/** As `sha256sum` writes it: the digest comes first. */
async function isDigestOf(word: string, octets: Bytes): Promise<boolean> {
  const digest = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', octets)))
  return word.trim().split(/\s/)[0]?.toLowerCase() === digest
}

/** Whether a name is one that trust stores know; others are left alone. */
export function isTrustFileName(name: string): boolean {
  return name === 'anchors.pem' || name === 'intermediates.pem' || /^crl\/[^/]+$/.test(name)
}

/** The certificates of a PEM file, at least one; a sentence that names the line or byte at fault otherwise. */
export function readCertificates(octets: Bytes): Result<readonly Certificate[], string> {
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
  return ok(certificates)
}

/** What is wrong with a list, for people: where the core has facts, here are the words. */
export function updateSentence(refusal: UpdateRefusal): string {
  switch (refusal.code) {
    case 'malformed_crl':
      return `byte ${refusal.offset}: expected ${refusal.expected}`
    case 'issuer_changed':
      return 'it is of another issuer than the list it replaces'
    case 'scope_changed':
      return `it is ${kindText(refusal.offered)}, and the list it replaces is ${kindText(refusal.held)}`
    case 'number_not_advanced':
      return `CRL number ${refusal.offered ?? 'none'} does not follow ${refusal.held ?? 'none'}`
    case 'time_not_advanced':
      return `its thisUpdate ${isoFromInstant(refusal.offered)} does not follow ${isoFromInstant(refusal.held)}`
    case 'not_signed_by_issuer':
      return 'its issuer has not signed it'
    case 'shrunk':
      return `it has shrunk from ${refusal.held} entries to ${refusal.offered}: fewer than ${refusal.least} are not taken`
  }
}

function kindText({ kind, scope }: ListKind): string {
  return `a ${kind} list ${scope === undefined ? 'of all certificates' : `of the scope ${toHex(scope)}`}`
}

/** A CRL comes as DER, whose first octet is that of a SEQUENCE, or as one PEM block. */
export function crlDer(octets: Bytes): Result<Bytes, string> {
  if (octets[0] === 0x30) return ok(octets)
  const ders = decodePem(new TextDecoder().decode(octets), 'X509 CRL')
  if (!ders.ok) return err(`line ${ders.error.line}: expected ${ders.error.expected}`)
  const [only, ...more] = ders.value
  return only === undefined || more.length > 0 ? err('expected one CRL') : ok(only)
}
