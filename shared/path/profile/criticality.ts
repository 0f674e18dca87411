import { ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { ListedExtensions } from './listed-extensions.ts'
import { violated } from './violation.ts'

/**
 * Where RFC 5280 says that "conforming CAs MUST mark this extension as critical", or as non-critical.
 * `from`: the mildest profile that asks for it. CAs in the field leave out `critical` every day,
 * which makes a certificate no weaker here, since the core processes these extensions either way.
 */
const marks: Readonly<Record<string, Mark>> = {
  // RFC 5280 4.2.1.1, 4.2.1.2, 4.2.1.8.
  '2.5.29.35': { name: 'authorityKeyIdentifier', critical: false, from: 'rfc5280' },
  '2.5.29.14': { name: 'subjectKeyIdentifier', critical: false, from: 'rfc5280' },
  '2.5.29.9': { name: 'subjectDirectoryAttributes', critical: false, from: 'rfc5280' },
  // 4.2.1.9 to 4.2.1.11.
  '2.5.29.19': { name: 'basicConstraints', critical: true, from: 'conforming', ofCa: true },
  '2.5.29.30': { name: 'nameConstraints', critical: true, from: 'conforming' },
  '2.5.29.36': { name: 'policyConstraints', critical: true, from: 'conforming' },
  // 4.2.1.14, 4.2.1.15.
  '2.5.29.54': { name: 'inhibitAnyPolicy', critical: true, from: 'conforming' },
  '2.5.29.46': { name: 'freshestCRL', critical: false, from: 'rfc5280' },
  // 4.2.2.1, 4.2.2.2.
  '1.3.6.1.5.5.7.1.1': { name: 'authorityInfoAccess', critical: false, from: 'rfc5280' },
  '1.3.6.1.5.5.7.1.11': { name: 'subjectInfoAccess', critical: false, from: 'rfc5280' },
}

interface Mark {
  readonly name: string
  readonly critical: boolean
  readonly from: 'rfc5280' | 'conforming'
  /** Asked of CA certificates only. */
  readonly ofCa?: true
}

/** RFC 5280 4.2.1 and 4.2.2: extensions are marked critical, or not, as their sections say. */
export function checkCriticality(
  { extensions }: Certificate,
  at: PathIndex,
  listed: ListedExtensions,
  profile: 'rfc5280' | 'conforming',
): Result<void, Rejection> {
  const isCa = extensions.basicConstraints?.ca === true
  for (const [oid, { name, critical, from, ofCa }] of Object.entries(marks)) {
    const extension = listed.get(oid)
    const isAsked = from === 'rfc5280' || profile === 'conforming'
    if (extension === undefined || !isAsked || (ofCa === true && !isCa)) continue
    if (extension.critical !== critical) {
      return violated(at, 'criticality', `${name} ${word(!critical)}`, word(critical))
    }
  }
  return ok(undefined)
}

function word(critical: boolean): string {
  return critical ? 'critical' : 'not critical'
}
