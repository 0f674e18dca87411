import { equalBytes, toHex, type Bytes } from '#shared/bytes.ts'
import { freshBudget } from '#shared/path/budget.ts'
import { isSelfIssued } from '#shared/path/checks/authority.ts'
import { checkNames as checkNameConstraints } from '#shared/path/name-constraints/check.ts'
import { isoFromInstant, shift, type Instant } from '#shared/time.ts'
import { encodeUrlPem } from '#shared/wire/url-pem.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { equalNames } from '#shared/x509/name.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { finding } from './catalogue.ts'
import { checkOne, factsOfCertificate } from './certificate/check-one.ts'
import type { CertificateFacts } from './certificate/certificate-facts.ts'
import { checkReferenceTo } from './certificate/issuer-reference.ts'
import {
  checkParsed,
  readCertificate,
  type CertificateWanted,
  type CheckedCertificate,
} from './check-certificate.ts'
import { checkFamiliesOfChain } from './families/families.ts'
import type { Finding } from './finding.ts'
import { checkKeyRecords } from './keys/check-key.ts'
import { keySha256Of } from './keys/key-hash.ts'
import { settle } from './settle.ts'

/** What a chain is held against. */
export interface ChainWanted extends CertificateWanted {
  readonly verifier: SignatureVerifier
}

/** A chain with everything that is to be objected to. */
export interface CheckedChain {
  readonly leaf: CheckedCertificate
  /** Those that could be read, leaf first. */
  readonly certificates: readonly Certificate[]
  /** Of every certificate and of the chain, the gravest first. */
  readonly findings: readonly Finding[]
}

/** Certificates that are looked at: each costs a signature. More than any profile allows. */
const examinedMax = 16

/**
 * Every check of a chain as a device presents it: the leaf first, each certificate issued by the
 * next. Never throws for bad input, and costs at most one signature a certificate.
 *
 * @param ders at least one
 */
export async function checkChain(
  ders: readonly Bytes[],
  wanted: ChainWanted,
): Promise<CheckedChain> {
  const read = ders.slice(0, examinedMax).map((der, at) => readCertificate(der, `chain[${at}]`))
  const unreadable = read.filter((each) => 'code' in each)
  const certificates = read.filter((each) => 'spki' in each)
  const [first] = read
  const at = instantOf(first, wanted)
  const leaf =
    first !== undefined && 'spki' in first ? await checkParsed(first, 'chain[0]', wanted, at) : none
  const authorities = read.flatMap((each, index) =>
    index > 0 && 'spki' in each
      ? [factsOfCertificate(each, `chain[${index}]`, 'authority', wanted.profile, at)]
      : [],
  )
  const findings = [
    ...unreadable,
    ...leaf.findings,
    ...authorities.flatMap(checkOne),
    ...(await checkAuthorityKeys(authorities, leaf.keySha256, wanted)),
    ...checkLength(ders.length, wanted),
    ...(unreadable.length === 0 ? await checkLinks(certificates, wanted) : []),
    ...checkHorizon(authorities, wanted),
    ...checkHeader(ders, wanted),
    ...checkFamiliesOfChain(certificates, wanted.profile),
  ]
  return { leaf, certificates, findings: settle(findings, wanted.profile) }
}

const none: CheckedCertificate = {
  certificate: undefined,
  keySha256: '',
  device: undefined,
  findings: [],
}

/** Matter Core 6.2.3.1: attestation is asked as of the device's making. */
function instantOf(
  first: Certificate | Finding | undefined,
  { profile, now }: ChainWanted,
): Instant {
  const isLeafsOwn = profile.chain.at === 'leafNotBefore'
  return isLeafsOwn && first !== undefined && 'spki' in first ? first.validity.notBefore : now
}

/** A published or denied key is worse in an issuer than in a device, and so is the device’s own. */
async function checkAuthorityKeys(
  authorities: readonly CertificateFacts[],
  leafKey: string,
  { isDenied, sha256 }: ChainWanted,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { path, certificate } of authorities) {
    const keySha256 = await keySha256Of(certificate, sha256)
    const isKnownKey = () => (keySha256 === leafKey ? 'the device below it' : undefined)
    findings.push(...checkKeyRecords(`${path}.key`, keySha256, undefined, { isDenied, isKnownKey }))
  }
  return findings
}

/** Depths are bounded against denial of service (ALB, SPIRE); Matter’s is exact. */
function checkLength(count: number, { profile }: ChainWanted): readonly Finding[] {
  const { lengthMin, lengthMax } = profile.chain
  if (count >= lengthMin && count <= lengthMax) return []
  const wanted = lengthMin === lengthMax ? `exactly ${lengthMin}` : `${lengthMin} to ${lengthMax}`
  return [finding('chain.length', 'chain', `${count} certificates`, wanted)]
}

async function checkLinks(
  certificates: readonly Certificate[],
  wanted: ChainWanted,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [...checkDuplicates(certificates)]
  for (const [at, certificate] of certificates.entries()) {
    const issuer = certificates[at + 1]
    if (issuer !== undefined) {
      findings.push(...checkLink(certificate, issuer, at, wanted))
      findings.push(...(await checkSignature(certificate, issuer, at, wanted)))
    }
    findings.push(...checkPathLength(certificates, at))
  }
  return [...findings, ...checkNamesBelow(certificates), ...checkRoot(certificates)]
}

/** RFC 8446 4.4.2, RFC 5280 4.2.1.1 and 4.1.2.5: name, key identifier and end of each lead to the next. */
function checkLink(
  certificate: Certificate,
  issuer: Certificate,
  at: number,
  { profile }: ChainWanted,
): readonly Finding[] {
  const path = `chain[${at}]`
  const findings: Finding[] = []
  if (!equalNames(certificate.issuer, issuer.subject)) {
    findings.push(
      finding('chain.order', `${path}.issuer`, 'another name', `the subject of chain[${at + 1}]`),
    )
  }
  const [asked, has] = [
    certificate.extensions.authorityKeyIdentifier,
    issuer.extensions.subjectKeyIdentifier,
  ]
  if (asked !== undefined && has !== undefined && !equalBytes(asked, has)) {
    findings.push(finding('cert.aki', `${path}.authorityKeyIdentifier`, toHex(asked), toHex(has)))
  }
  findings.push(...checkReferenceTo(issuer, path, certificate))
  const [end, issuersEnd] = [certificate.validity.notAfter, issuer.validity.notAfter]
  if (profile.chain.nesting === 'required' && end > issuersEnd) {
    const wanted = `${isoFromInstant(issuersEnd)} at the latest`
    findings.push(finding('cert.nesting', `${path}.validity.notAfter`, isoFromInstant(end), wanted))
  }
  return findings
}

/** RFC 5280 6.1.3 (a)(1). */
async function checkSignature(
  certificate: Certificate,
  issuer: Certificate,
  at: number,
  { verifier }: ChainWanted,
): Promise<readonly Finding[]> {
  const algorithm = signatureAlgorithmOf(certificate.signatureAlgorithm)
  const kind = publicKeyKindOf(issuer.spki)
  // Both were objected to by themselves.
  if (algorithm === undefined || kind === undefined) return []
  const { tbs: signed, signature } = certificate
  const { spki } = issuer
  const isRight = await verifier.verify({ algorithm, kind, spki, signature, signed })
  if (isRight) return []
  const wanted = `one by the key of chain[${at + 1}]`
  return [finding('chain.signature', `chain[${at}].signature`, 'one by another key', wanted)]
}

/** RFC 5280 4.2.1.9: self-issued certificates do not count. */
function checkPathLength(certificates: readonly Certificate[], at: number): readonly Finding[] {
  const most = certificates[at]?.extensions.basicConstraints?.pathLength
  if (most === undefined || at === 0) return []
  const below = certificates.slice(1, at).filter((each) => !isSelfIssued(each)).length
  if (below <= most) return []
  const path = `chain[${at}].basicConstraints.pathLenConstraint`
  return [finding('chain.pathLength', path, `${below} intermediates below it`, `at most ${most}`)]
}

/** RFC 5280 6.1.3 (b) and (c): names lie where every CA above permits them. The first of each pair is told. */
function checkNamesBelow(certificates: readonly Certificate[]): readonly Finding[] {
  const budget = freshBudget()
  const findings: Finding[] = []
  for (const [by, issuer] of certificates.entries()) {
    for (const [at, certificate] of certificates.slice(0, by).entries()) {
      const checked = checkNameConstraints(certificate, at, issuer, by, budget)
      if (checked.ok) continue
      const { error } = checked
      const found =
        error.code === 'name_constraint_violated' && typeof error.name === 'string'
          ? `${error.form} ${error.name}`
          : 'a name'
      const wanted = `names that chain[${by}] permits`
      findings.push(finding('chain.nameConstraints', `chain[${at}]`, found, wanted))
    }
  }
  return findings
}

function checkDuplicates(certificates: readonly Certificate[]): readonly Finding[] {
  const repeated = certificates.findIndex((each, at) =>
    certificates.slice(0, at).some((earlier) => equalBytes(earlier.der, each.der)),
  )
  if (repeated === -1) return []
  return [finding('chain.duplicate', `chain[${repeated}]`, 'one that came before', 'each once')]
}

/** RFC 8446 4.4.2: a self-signed certificate that specifies the trust anchor may be left out. */
function checkRoot(certificates: readonly Certificate[]): readonly Finding[] {
  const last = certificates.at(-1)
  if (certificates.length < 2 || last === undefined || !isSelfIssued(last)) return []
  const path = `chain[${certificates.length - 1}]`
  return [finding('chain.root', path, 'a self-signed certificate', 'none')]
}

/** Chromecast, March 2025: an intermediate ended, and every device with it. */
function checkHorizon(
  authorities: readonly CertificateFacts[],
  { profile: { serviceLifeMs }, now }: ChainWanted,
): readonly Finding[] {
  if (serviceLifeMs === undefined) return []
  const needed = shift(now, serviceLifeMs)
  return authorities.flatMap(({ path, certificate: { validity } }) => {
    if (validity.notAfter >= needed) return []
    const [found, wanted] = [validity.notAfter, needed].map(isoFromInstant)
    return [
      finding('chain.horizon', `${path}.validity.notAfter`, found ?? '', `${wanted} or later`),
    ]
  })
}

/** AWS ALB quotas: one header line, and one CA certificate of a trust store, have 16 KB. */
const albOctetsMax = 16 * 1024

function checkHeader(ders: readonly Bytes[], { profile }: ChainWanted): readonly Finding[] {
  if (!profile.families.includes('alb')) return []
  const findings: Finding[] = []
  const octets = ders.reduce((total, { length }) => total + length, 0)
  // Base64 in URL encoding is never shorter than its octets, and what is far too long need not be written out.
  const length = octets > albOctetsMax ? octets : encodeUrlPem(ders).length
  if (length > albOctetsMax) {
    const found = `${length} characters or more in X-Amzn-Mtls-Clientcert`
    findings.push(finding('alb.header', 'chain', found, `at most ${albOctetsMax}`))
  }
  for (const [at, der] of ders.entries()) {
    if (at === 0 || der.length <= albOctetsMax) continue
    const wanted = `at most ${albOctetsMax}`
    findings.push(finding('alb.authority', `chain[${at}]`, `${der.length} octets`, wanted))
  }
  return findings
}
