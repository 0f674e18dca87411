import { toHex, type Bytes } from '#shared/bytes.ts'
import { altNamesOfRequest } from '#shared/enrollment/alt-names.ts'
import { checkRequest } from '#shared/enrollment/check-request.ts'
import type { Finding } from '#shared/enrollment/finding.ts'
import { commonName, serialNumber, subjectOf, textsOf } from '#shared/enrollment/subject.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { CertificationRequest } from '#shared/x509/request.ts'
import { checkAltNames } from '../granted-names.ts'
import type {
  Admission,
  Claimant,
  EnrolmentAttempt,
  EnrolmentRegistry,
} from '../registry/registry.ts'
import type { EnrolmentLabel } from '../label-settings.ts'
import type { Signer, SigningOrder } from '../signer.ts'
import { serialOctets } from '../signers/crl.ts'
import type { EstRefusal } from './answers.ts'
import type { Asking, Identified, Identifying } from './claimant.ts'

/** What became of one request for a certificate. */
export type Enrolled =
  | { readonly kind: 'certificate'; readonly certificate: Bytes }
  /** The same request is to be made again. */
  | { readonly kind: 'later'; readonly retryAfterMs: number; readonly because: string }

export interface Enrolling extends Pick<Identifying, 'label' | 'ports'> {
  readonly registry: EnrolmentRegistry
  readonly signer: Signer
  /** Told of what went wrong at a CA: for people who look after it, and without secrets. */
  readonly report: (sentence: string) => void
}

/** A request that was found good, of a device that was authenticated. */
interface Agreed {
  readonly request: CertificationRequest
  readonly attempt: EnrolmentAttempt
}

/** A CA that does not answer is asked again by the device: after this long, in milliseconds. */
const caRetryMs = 30_000

/**
 * Enrolment of one request of one device (RFC 7030 4.2): what is asked is checked, then who asks for
 * what is agreed with the registry, and only then signed; a certificate is written down before it
 * leaves. The same request again is answered with the same certificate.
 */
export async function enroll(
  { operation, request: der }: Asking,
  identified: Identified,
  enrolling: Enrolling,
): Promise<Result<Enrolled, EstRefusal>> {
  const agreed = await agree(operation, der, identified, enrolling)
  if (!agreed.ok) return agreed
  const admission = await enrolling.registry.admit(agreed.value.attempt)
  if (!admission.ok) return err(refusalOf(admission.error))
  switch (admission.value.kind) {
    case 'issued':
      return ok({ kind: 'certificate', certificate: admission.value.certificate })
    case 'pending': {
      const { retryAfterMs } = admission.value
      return ok({ kind: 'later', retryAfterMs, because: 'the request waits for an approval' })
    }
    case 'sign':
      return sign(agreed.value, admission.value, enrolling)
  }
}

/** Everything that can be said of a request without the registry. */
async function agree(
  operation: Asking['operation'],
  der: Bytes,
  identified: Identified,
  { label, ports }: Enrolling,
): Promise<Result<Agreed, EstRefusal>> {
  const { claimant, certificate, user } = identified
  const checked = await checkRequest(der, {
    profile: label.profile,
    device: user === undefined || user === '' ? undefined : user,
    current: operation === 'simplereenroll' ? certificate : undefined,
    now: ports.clock.now(),
    verifier: ports.verifier,
  })
  const { request, device, keySha256 } = checked
  const worst = checked.findings.filter(({ severity }) => severity === 'error')
  if (request === undefined || worst.length > 0) return err(findingsRefusal(worst))
  // Where a profile does not ask for an identifier, the registry still knows devices by one.
  if (device === undefined) return err(noDevice)
  const namesOf = operation === 'simplereenroll' ? certificate : undefined
  const names = namesOf === undefined ? checkGranted(request, device, label) : []
  if (names.length > 0) return err(findingsRefusal(names))
  const speaker = operation === 'simplereenroll' ? ok(claimant) : speakerFor(device, identified)
  if (!speaker.ok) return speaker
  const requestSha256 = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', der)))
  const kind = operation === 'simplereenroll' ? 'renew' : 'enroll'
  const attempt = { claimant: speaker.value, requestSha256, keySha256, device, kind } as const
  const { validityMs } = label
  return ok({ request, attempt: { ...attempt, ...(validityMs !== undefined && { validityMs }) } })
}

/**
 * Who vouches for a first certificate of this device: a certificate for the device that it names and
 * for no other. One of a factory's CAs that names another may be a claim that many devices share: the
 * registry knows it as that, or nobody does.
 */
function speakerFor(
  device: string,
  { claimant, certificate }: Identified,
): Result<Claimant, EstRefusal> {
  if (certificate === undefined || bears(certificate, device)) return ok(claimant)
  if (claimant.kind !== 'factory_certificate') return err(ofAnother(device))
  return ok({ kind: 'claim', secretSha256: claimant.leafSha256 })
}

const checkGranted = (
  { extensions }: CertificationRequest,
  device: string,
  { altNames }: EnrolmentLabel,
): readonly Finding[] => checkAltNames(extensions.subjectAltNames?.all ?? [], device, altNames)

function bears({ subject, extensions }: Certificate, device: string): boolean {
  const names = extensions.subjectAltNames
  const facts = subjectOf('certificate', subject, names)
  const texts = [
    ...textsOf(facts, commonName),
    ...textsOf(facts, serialNumber),
    ...(names?.uris ?? []),
    ...(names?.dns ?? []),
  ]
  return texts.includes(device)
}

const ofAnother = (device: string): EstRefusal => ({
  status: 403,
  code: 'csr.id',
  because: `the client certificate does not name ${device}`,
})

const noDevice: EstRefusal = {
  status: 400,
  code: 'csr.id',
  because: 'the request names no device',
}

/** Errors that are told: the first say enough, and a header of a proxy's log holds them. */
const findingsToldMax = 5

const told = ({ path, found, wanted }: Finding): string => `${path}: ${found}, wanted ${wanted}`

function findingsRefusal(findings: readonly Finding[]): EstRefusal {
  const [first, ...others] = findings.slice(0, findingsToldMax)
  const rest = others.map((each) => `; ${each.code} at ${told(each)}`)
  const because = first === undefined ? 'no request' : `at ${told(first)}${rest.join('')}`
  return { status: 400, code: first?.code ?? 'der.malformed', because }
}

/** Of a token that counts for nothing the device may have another one: RFC 9110 15.5.2. */
const tokenCodes: ReadonlySet<string> = new Set([
  'claim_unknown',
  'claim_used',
  'claim_expired',
  'claim_revoked',
])

function refusalOf({ code, because }: { readonly code: string; readonly because: string }) {
  return { status: tokenCodes.has(code) ? 401 : 403, code, because } as const
}

type ToSign = Extract<Admission, { kind: 'sign' }>

async function sign(
  agreed: Agreed,
  admission: ToSign,
  { label, signer, registry, report }: Enrolling,
): Promise<Result<Enrolled, EstRefusal>> {
  const { device } = agreed.attempt
  const signed = await signer.sign(orderOf(agreed, admission, label))
  if (signed.ok) {
    const certificate = await registry.issued(admission.enrolment, signed.value)
    return ok({ kind: 'certificate', certificate })
  }
  report(`the CA did not sign for ${device}: ${signed.error.because}`)
  if (signed.error.kind === 'unavailable') {
    return ok({ kind: 'later', retryAfterMs: caRetryMs, because: 'the CA is away at the moment' })
  }
  await registry.failed(admission.enrolment, signed.error.because)
  return err({ status: 403, code: 'ca_refused', because: 'the CA refused the request' })
}

/** Names are the request's, which were found to be the device's own; dates and serial the registry's. */
function orderOf(
  { request }: Agreed,
  { serial, notBefore, notAfter }: ToSign,
  { profile }: EnrolmentLabel,
): SigningOrder {
  return {
    request: request.der,
    subject: request.subject,
    subjectAltName: altNamesOfRequest(request),
    serial: serialOctets(serial),
    notBefore,
    notAfter,
    lifetimeMaxMs: profile.validity.lifetimeMaxMs,
  }
}
