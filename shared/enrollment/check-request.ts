import { equalBytes, toHex, type Bytes } from '#shared/bytes.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificationRequest, type CertificationRequest } from '#shared/x509/request.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Instant } from '#shared/time.ts'
import { algorithmName } from './algorithm-name.ts'
import { altNamesOfCertificate, altNamesOfRequest, altNamesText } from './alt-names.ts'
import { finding } from './catalogue.ts'
import { explainFault } from './explain.ts'
import { checkFamiliesOfRequest } from './families/families.ts'
import type { Finding } from './finding.ts'
import { readIdentity } from './identity.ts'
import { checkKey, checkKeyRecords, type KeyRecords } from './keys/check-key.ts'
import { keySha256Of, type Sha256 } from './keys/key-hash.ts'
import { readKey, type DeviceKey } from './keys/read-key.ts'
import { unfitUsages } from './keys/unfit-usages.ts'
import { checkNames } from './names.ts'
import type { DeviceProfile } from './profile.ts'
import { settle } from './settle.ts'
import { subjectOf, type Subject } from './subject.ts'

/** What a request is held against. */
export interface RequestWanted extends KeyRecords {
  readonly profile: DeviceProfile
  /** The device that asks, as whoever authenticated it says; undefined where nobody did. */
  readonly device?: string | undefined
  /** At re-enrolment: the certificate whose names the request must have (RFC 7030 4.2.2). */
  readonly current?: Certificate | undefined
  readonly now: Instant
  readonly verifier: SignatureVerifier
  /** WebCrypto's by default. */
  readonly sha256?: Sha256 | undefined
}

/** A request with everything that is to be objected to. */
export interface CheckedRequest {
  /** Undefined where the bytes are none: then a finding says why. */
  readonly request: CertificationRequest | undefined
  /** SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal; empty without a request. */
  readonly keySha256: string
  /** The identifier that the request asks for, by the profile's rule. */
  readonly device: string | undefined
  /** The gravest first. */
  readonly findings: readonly Finding[]
}

/** Larger than any request of a device: 8192 bits of RSA with 512 names. Parsing stays cheap below. */
const requestOctetsMax = 128 * 1024

/**
 * Every check of a certification request. Never throws for bad input, and costs at most one signature.
 *
 * @param der PKCS #10 (RFC 2986), without base64
 */
export async function checkRequest(der: Bytes, wanted: RequestWanted): Promise<CheckedRequest> {
  if (der.length > requestOctetsMax) {
    return unreadable(
      finding('der.malformed', path, `${der.length} octets`, `at most ${requestOctetsMax}`),
    )
  }
  const parsed = parseCertificationRequest(der)
  if (!parsed.ok) return unreadable(explainFault(path, parsed.error))
  const request = parsed.value
  const subject = subjectOf(path, request.subject, request.extensions.subjectAltNames)
  const key = readKey(request.spki)
  const keySha256 = await keySha256Of(request, wanted.sha256)
  const identity = readIdentity(subject, wanted.profile.identity, wanted.device)
  const keyFindings = checkKey(`${path}.key`, key, wanted.profile.keys)
  const device = wanted.device ?? identity.device
  const findings = [
    ...(await checkPossession(request, key, keyFindings, wanted.verifier)),
    ...keyFindings,
    ...checkKeyRecords(`${path}.key`, keySha256, device, wanted),
    ...identity.findings,
    ...checkNames(subject, wanted.profile.names),
    ...checkWishes(request, subject, key, wanted),
    ...checkFamiliesOfRequest(request, subject, wanted.profile),
  ]
  return {
    request,
    keySha256,
    device: identity.device,
    findings: settle(findings, wanted.profile),
  }
}

const path = 'request'

function unreadable(only: Finding): CheckedRequest {
  return { request: undefined, keySha256: '', device: undefined, findings: [only] }
}

/** RFC 7030 4.2.1, RFC 2986 4.2: whoever asks has shown that they hold the key. */
async function checkPossession(
  request: CertificationRequest,
  { known }: DeviceKey,
  keyFindings: readonly Finding[],
  verifier: SignatureVerifier,
): Promise<readonly Finding[]> {
  const where = `${path}.signature`
  const algorithm = signatureAlgorithmOf(request.signatureAlgorithm)
  if (algorithm === undefined) {
    const found = algorithmName(request.signatureAlgorithm)
    return [finding('csr.algorithm', where, found, 'ECDSA or RSA with SHA-2, or Ed25519')]
  }
  // A key that is objected to may be of any size: its signature would say nothing more.
  if (known === undefined || keyFindings.some(({ code }) => unverifiable.has(code))) return []
  const { tbs: signed, signature, spki } = request
  const { kind } = known
  const question = { algorithm, kind, spki, signature, signed, comesOnce: true }
  const answer = verifier.verify(question)
  // Some runtimes answer at once: waiting for them all the same costs a turn.
  if (typeof answer === 'boolean' ? answer : await answer) return []
  return [finding('csr.pop', where, 'one that its key did not make', 'one by the requested key')]
}

const unverifiable: ReadonlySet<string> = new Set(['key.size', 'key.type', 'key.point'])

/** What the request asks to have in its certificate. */
function checkWishes(
  request: CertificationRequest,
  subject: Subject,
  key: DeviceKey,
  { profile, current }: RequestWanted,
): readonly Finding[] {
  return [
    ...checkAuthorityWish(request),
    ...checkPurposeWish(request, profile),
    ...checkUsageWish(request, key),
    ...checkAttributes(request),
    ...checkUnknown(request),
    ...(current === undefined ? [] : checkSameSubject(request, subject, current)),
  ]
}

/** RFC 5280 4.2.1.9 and 4.2.1.3: `openssl x509 -req -copy_extensions copy` makes a CA of who asks. */
function checkAuthorityWish({ extensions }: CertificationRequest): readonly Finding[] {
  const findings: Finding[] = []
  if (extensions.basicConstraints?.ca === true) {
    findings.push(finding('csr.ca', `${path}.basicConstraints`, 'cA true', 'cA false or none'))
  }
  if (
    extensions.basicConstraints?.ca === false &&
    extensions.basicConstraints.pathLength !== undefined
  ) {
    findings.push(finding('csr.ca', `${path}.basicConstraints`, 'a path length', 'none'))
  }
  const usage = extensions.keyUsage?.[0] ?? 0
  // RFC 5280 4.2.1.3: keyCertSign is bit 5, cRLSign bit 6.
  const asked = [
    ...((usage & 0x04) === 0 ? [] : ['keyCertSign']),
    ...((usage & 0x02) === 0 ? [] : ['cRLSign']),
  ]
  if (asked.length > 0) {
    findings.push(finding('csr.ca', `${path}.keyUsage`, asked.join(', '), 'neither'))
  }
  for (const name of authorityExtensions.filter((each) => extensions[each] !== undefined)) {
    findings.push(finding('csr.ca', `${path}.${name}`, 'an extension of CAs', 'none'))
  }
  return findings
}

/** RFC 5280 4.2.1.5, 4.2.1.10, 4.2.1.11 and 4.2.1.14: what is in the certificates of CAs alone. */
const authorityExtensions = [
  'nameConstraints',
  'policyMappings',
  'policyConstraints',
  'inhibitAnyPolicy',
] as const

/** RFC 5280 4.2.1.12: what else a certificate could be used for is the CA's to give. */
function checkPurposeWish(
  { extensions }: CertificationRequest,
  { purposes }: DeviceProfile,
): readonly Finding[] {
  const asked = extensions.extendedKeyUsage
  if (asked === undefined) return []
  const where = `${path}.extKeyUsage`
  const other = asked.filter((oid) => !purposes.allowed.includes(oid))
  const isAny = asked.includes(anyPurpose)
  const missing = isAny ? [] : purposes.required.filter((oid) => !asked.includes(oid))
  return [
    ...(other.length > 0
      ? [finding('csr.purpose', where, other.join(', '), purposes.allowed.join(', '))]
      : []),
    ...(missing.length > 0
      ? [finding('csr.purposeAbsent', where, asked.join(', '), missing.join(', '))]
      : []),
  ]
}

const anyPurpose = '2.5.29.37.0'

/** RFC 8446 4.4.2.2: a client signs in the handshake. RFC 5480 3: and does nothing that its key cannot. */
function checkUsageWish(
  { extensions: { keyUsage } }: CertificationRequest,
  key: DeviceKey,
): readonly Finding[] {
  if (keyUsage === undefined) return []
  const where = `${path}.keyUsage`
  const odd = unfitUsages(keyUsage, key)
  const isSigning = ((keyUsage[0] ?? 0) & 0x80) !== 0
  return [
    ...(isSigning ? [] : [finding('csr.keyUsage', where, 'none', 'digitalSignature')]),
    ...(odd.length === 0
      ? []
      : [finding('csr.keyUsage', where, odd.join(', '), `uses of a ${key.known?.kind.name} key`)]),
  ]
}

const challengePassword = '1.2.840.113549.1.9.7'
const pkcs9ExtensionRequest = '1.2.840.113549.1.9.14'

function checkAttributes({ attributes }: CertificationRequest): readonly Finding[] {
  return attributes.flatMap(({ type }) => {
    if (type === pkcs9ExtensionRequest) return []
    const where = `${path}.attributes.${type}`
    // RFC 7030 3.5: it binds the request to tls-unique, which TLS 1.3 and edges do not have.
    if (type === challengePassword) {
      return [finding('csr.challenge', where, 'a challengePassword', 'none')]
    }
    return [finding('csr.attribute', where, type, 'extensionRequest alone')]
  })
}

function checkUnknown({ extensions }: CertificationRequest): readonly Finding[] {
  return extensions.criticalUnknown.map((oid) =>
    finding(
      'csr.unknownCritical',
      `${path}.extensions.${oid}`,
      'critical',
      'not critical, or none',
    ),
  )
}

/** RFC 7030 4.2.2: subject and subjectAltName identical to the current certificate's, octet for octet. */
function checkSameSubject(
  request: CertificationRequest,
  subject: Subject,
  current: Certificate,
): readonly Finding[] {
  const findings: Finding[] = []
  if (!equalBytes(subject.der, current.subject)) {
    const [found, wanted] = [request.subject, current.subject].map(nameText)
    findings.push(finding('csr.sameSubject', `${path}.subject`, found ?? '', wanted ?? ''))
  }
  const [asked, has] = [altNamesOfRequest(request), altNamesOfCertificate(current)]
  if (!equalBytes(asked ?? noOctets, has ?? noOctets)) {
    const [found, wanted] = [request.extensions, current.extensions].map(altNamesText)
    findings.push(finding('csr.sameSubject', `${path}.subjectAltName`, found ?? '', wanted ?? ''))
  }
  return findings
}

const noOctets = new Uint8Array(0)

function nameText(name: Bytes): string {
  const text = rfc2253Name(name)
  return text.ok ? text.value : toHex(name)
}
