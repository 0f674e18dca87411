import { keyUsageTexts } from '#shared/x509/key-usage-text.ts'
import { signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { finding } from '../catalogue.ts'
import type { CertificateFacts } from '../certificate/certificate-facts.ts'
import type { Finding } from '../finding.ts'
import type { MatterPlace } from './matter-place.ts'

/**
 * What Matter asks of the form of a certificate (Matter Core 6.2.2.3 to 6.2.2.5), as the SDK's own
 * verifier has it: its generator of wrong certificates bends each of these.
 */
export function checkMatterForm(facts: CertificateFacts, place: MatterPlace): readonly Finding[] {
  return [
    ...checkAlgorithms(facts),
    ...checkMarks(facts, place),
    ...checkConstraints(facts, place),
    ...checkUsages(facts, place),
    ...checkIdentifiers(facts),
  ]
}

function checkAlgorithms({ path, role, certificate, key }: CertificateFacts): readonly Finding[] {
  const algorithm = signatureAlgorithmOf(certificate.signatureAlgorithm)
  const isRight = algorithm?.family === 'ec' && algorithm.hash === 'SHA-256'
  const kind = key.known?.kind.name
  return [
    ...(isRight ? [] : [odd(`${path}.signatureAlgorithm`, 'another', 'ecdsa-with-SHA256')]),
    // A device's own key is the profile's to refuse.
    ...(kind === 'P-256' || role === 'leaf' ? [] : [odd(`${path}.key`, `${kind}`, 'P-256')]),
  ]
}

/** The extensions that each has, and whether they are critical; an authority may leave its issuer's key out. */
const marks = [
  { oid: '2.5.29.19', name: 'basicConstraints', critical: true, ofAll: true },
  { oid: '2.5.29.15', name: 'keyUsage', critical: true, ofAll: true },
  { oid: '2.5.29.35', name: 'authorityKeyIdentifier', critical: false, ofAll: false },
  { oid: '2.5.29.14', name: 'subjectKeyIdentifier', critical: false, ofAll: true },
] as const

function checkMarks({ path, listed }: CertificateFacts, place: MatterPlace): readonly Finding[] {
  return marks.flatMap(({ oid, name, critical, ofAll }) => {
    const has = listed.get(oid)
    if (has?.critical === critical || (has === undefined && !ofAll && place === 'authority')) {
      return []
    }
    const found = has === undefined ? 'none' : `critical ${has.critical}`
    return [odd(`${path}.${name}`, found, `critical ${critical}`)]
  })
}

/** `undefined` is none. */
const pathLengths: Readonly<Record<MatterPlace, readonly (number | undefined)[]>> = {
  device: [undefined],
  intermediate: [0],
  authority: [undefined, 1],
}

function checkConstraints(
  { path, certificate }: CertificateFacts,
  place: MatterPlace,
): readonly Finding[] {
  const { basicConstraints } = certificate.extensions
  // Without any, `marks` has said so.
  if (basicConstraints === undefined) return []
  const wanted = pathLengths[place]
  if (wanted.includes(basicConstraints.pathLength)) return []
  const where = `${path}.basicConstraints.pathLenConstraint`
  const words = wanted.map((length) => length ?? 'none').join(' or ')
  return [odd(where, `${basicConstraints.pathLength ?? 'none'}`, words)]
}

const usages = {
  device: { with: ['digitalSignature'], may: [] },
  intermediate: { with: ['keyCertSign', 'cRLSign'], may: ['digitalSignature'] },
  authority: { with: ['keyCertSign', 'cRLSign'], may: ['digitalSignature'] },
} as const satisfies Record<MatterPlace, { with: readonly string[]; may: readonly string[] }>

function checkUsages(
  { path, certificate }: CertificateFacts,
  place: MatterPlace,
): readonly Finding[] {
  const { keyUsage } = certificate.extensions
  if (keyUsage === undefined) return []
  const has = keyUsageTexts(keyUsage)
  const wanted: readonly string[] = usages[place].with
  const allowed: readonly string[] = [...wanted, ...usages[place].may]
  const isRight =
    wanted.every((usage) => has.includes(usage)) && has.every((usage) => allowed.includes(usage))
  if (isRight) return []
  return [odd(`${path}.keyUsage`, has.join(', '), `${wanted.join(', ')} alone`)]
}

/** Matter Core 6.1: key identifiers are SHA-1 of the key. */
const keyIdentifierOctets = 20

function checkIdentifiers({
  path,
  certificate: { extensions },
}: CertificateFacts): readonly Finding[] {
  return (['subjectKeyIdentifier', 'authorityKeyIdentifier'] as const).flatMap((name) => {
    const length = extensions[name]?.length ?? keyIdentifierOctets
    if (length === keyIdentifierOctets) return []
    return [odd(`${path}.${name}`, `${length} octets`, `${keyIdentifierOctets} octets`)]
  })
}

const odd = (path: string, found: string, wanted: string): Finding =>
  finding('matter.form', path, found, wanted)
