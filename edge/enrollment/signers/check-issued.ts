import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { formatDuration } from '#shared/duration.ts'
import { isoFromInstant, shift } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { GeneralName } from '#shared/x509/general-name.ts'
import { equalNames } from '#shared/x509/name.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { CertificationRequest } from '#shared/x509/request.ts'
import type { SigningOrder } from '../signer.ts'

/**
 * What a CA elsewhere signed, held against what was ordered: its templates may drop a name, add one
 * or take other dates, and a device's registry would then know another certificate than the device has.
 *
 * @returns its DER, or a sentence on the first thing that differs
 */
export function checkIssued(
  der: Bytes,
  order: SigningOrder,
  request: CertificationRequest,
): Result<Bytes, string> {
  const parsed = parseCertificate(der)
  if (!parsed.ok) return err(`byte ${parsed.error.offset}: expected ${parsed.error.expected}`)
  const certificate = parsed.value
  const objection =
    checkKey(certificate, request) ??
    checkSubject(certificate, order) ??
    checkNames(certificate, request) ??
    checkEnd(certificate, order) ??
    checkLife(certificate, order) ??
    checkNoCa(certificate)
  return objection === undefined ? ok(der) : err(objection)
}

function checkKey({ spki }: Certificate, request: CertificationRequest): string | undefined {
  return equalBytes(spki, request.spki) ? undefined : 'it is for another key than the request'
}

function checkSubject({ subject }: Certificate, order: SigningOrder): string | undefined {
  return equalNames(subject, order.subject) ? undefined : 'its subject is not the one ordered'
}

/** The same names in any order: relying parties know none. */
function checkNames(
  { extensions }: Certificate,
  { extensions: asked }: CertificationRequest,
): string | undefined {
  const issued = spellingsOf(extensions.subjectAltNames?.all)
  const ordered = spellingsOf(asked.subjectAltNames?.all)
  if (issued === ordered) return undefined
  return `its subjectAltName is ${issued || 'none'}, and ${ordered || 'none'} was ordered`
}

function spellingsOf(names: readonly GeneralName[] = []): string {
  return names
    .map((name) =>
      'text' in name ? `${name.form}:${name.text}` : `${name.form}:${octetsOf(name)}`,
    )
    .toSorted()
    .join(', ')
}

function octetsOf(name: GeneralName): string {
  if ('octets' in name) return name.octets.join('.')
  return 'name' in name ? name.name.join('.') : ''
}

/**
 * A CA that gives its own dates counts from its own clock, which may be ahead of this one: as much as
 * the profiles allow CAs (`skewMs`). It has twenty seconds of that to answer (`ask-ca.ts`).
 */
const clockToleranceMs = 300_000

/** The order's end is counted from now; what is granted is the length. */
function checkEnd({ validity }: Certificate, { notAfter }: SigningOrder): string | undefined {
  if (validity.notAfter <= shift(notAfter, clockToleranceMs)) return undefined
  const [is, most] = [validity.notAfter, notAfter].map(isoFromInstant)
  return `it ends at ${is}, and was ordered until ${most}`
}

/** Whatever was ordered, and whatever clocks say: no certificate lives for longer than its profile knows. */
function checkLife({ validity }: Certificate, { lifetimeMaxMs }: SigningOrder): string | undefined {
  const lifeMs = validity.notAfter - validity.notBefore
  if (lifeMs <= lifetimeMaxMs) return undefined
  return `it lives for ${formatDuration(lifeMs)}, and its profile allows ${formatDuration(lifetimeMaxMs)}`
}

function checkNoCa({ extensions }: Certificate): string | undefined {
  return extensions.basicConstraints?.ca === true ? 'it is a CA’s' : undefined
}
