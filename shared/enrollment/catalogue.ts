import { certificateRows } from './catalogue-of-certificates.ts'
import type { CheckRow } from './check-row.ts'
import type { Finding } from './finding.ts'

/**
 * Every check of requests, certificates and chains by its code, which is stable: reports, profiles
 * and enrolment servers name it. A profile may change a severity; what asks for more is a profile's own family.
 */
export const catalogue = {
  'der.malformed': {
    severity: 'error',
    source: 'X.690 10, RFC 5280 4.1, RFC 2986 4',
    asks: 'strict DER of the expected structure',
  },
  'csr.pop': {
    severity: 'error',
    source: 'RFC 7030 4.2.1, RFC 2986 4.2',
    asks: 'a signature made with the private key of the requested public key',
  },
  'csr.algorithm': {
    severity: 'error',
    source: 'NIST SP 800-131A 3',
    asks: 'a signature algorithm that is sound today',
  },
  'csr.ca': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.9 and 4.2.1.3',
    asks: 'no basicConstraints cA, keyCertSign, cRLSign or other mark of CAs, which a CA that copies extensions would grant',
  },
  'csr.id': {
    severity: 'error',
    source: 'RFC 7030 4.2.1, Azure DPS X.509 attestation',
    asks: 'one device identifier, where the profile looks for it, that its owner may have',
  },
  'csr.sameSubject': {
    severity: 'error',
    source: 'RFC 7030 4.2.2',
    asks: 'subject and subjectAltName equal to the current certificate’s at re-enrolment',
  },
  'csr.purpose': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.12',
    asks: 'no extended key usage that the profile does not grant',
  },
  'csr.purposeAbsent': {
    severity: 'warning',
    source: 'RFC 5280 4.2.1.12',
    asks: 'what the profile requires among the purposes, where some are asked for',
  },
  'csr.keyUsage': {
    severity: 'warning',
    source: 'RFC 8446 4.4.2.2, RFC 5280 4.2.1.3, RFC 5480 3',
    asks: 'digitalSignature where key usage is asked for, and no use that the key does not have',
  },
  'csr.challenge': {
    severity: 'warning',
    source: 'RFC 7030 3.5, RFC 2985 5.4.1',
    asks: 'no challengePassword: it is a secret in plain text, and binds to tls-unique, which TLS 1.3 lacks',
  },
  'csr.attribute': {
    severity: 'info',
    source: 'RFC 2986 4.1',
    asks: 'no attribute but extensionRequest, since a CA ignores others',
  },
  'csr.unknownCritical': {
    severity: 'warning',
    source: 'RFC 5280 4.2',
    asks: 'no critical extension that relying parties do not know',
  },
  'name.sanForm': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.6',
    asks: 'no form of subjectAltName that the profile does not allow',
  },
  'name.sanCount': {
    severity: 'error',
    source: 'Google Cloud load balancing, client certificate limits',
    asks: 'no more names than the profile allows',
  },
  'name.wildcard': {
    severity: 'error',
    source: 'RFC 9525 6.3',
    asks: 'no wildcard: a device is one device',
  },
  'name.host': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.6, RFC 1034 3.5',
    asks: 'host names in the preferred name syntax',
  },
  'name.characters': {
    severity: 'error',
    source: 'CVE-2009-2408, CVE-2021-42574',
    asks: 'no control characters, NUL or bidirectional marks in names, which read as another name',
  },
  'name.uri': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.6',
    asks: 'URIs with a scheme and something behind it',
  },
  'name.ip': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.6',
    asks: 'addresses of 4 or 16 octets',
  },
  'name.encoding': {
    severity: 'warning',
    source: 'RFC 5280 4.1.2.4 and appendix A.1',
    asks: 'PrintableString or UTF8String in names, or the one type that an attribute has',
  },
  'name.printable': {
    severity: 'warning',
    source: 'X.680 41.4',
    asks: 'no *, @ or _ in a PrintableString, which strict relying parties do not read',
  },
  'name.normalForm': {
    severity: 'warning',
    source: 'RFC 5280 7.1, RFC 4518 2.3',
    asks: 'composed characters (NFC), since others look the same and are another name',
  },
  'name.repeated': {
    severity: 'warning',
    source: 'RFC 5280 4.2.1.6',
    asks: 'each subjectAltName once',
  },
  'name.spaces': {
    severity: 'warning',
    source: 'RFC 5280 7.1',
    asks: 'no space at the ends or twice in a row, which comparison folds away, and none of another kind',
  },
  'name.length': {
    severity: 'error',
    source: 'RFC 5280 appendix A.1 (upper bounds)',
    asks: 'attributes within the bounds of X.520',
  },
  'name.missing': {
    severity: 'error',
    source: 'RFC 5280 4.1.2.6',
    asks: 'a subject or a subjectAltName',
  },
  'name.sanCritical': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.6',
    asks: 'a critical subjectAltName where the subject is empty',
  },
  'key.type': {
    severity: 'error',
    source: 'RFC 5480 2.1, RFC 8410 3, NIST SP 800-186',
    asks: 'a kind of key that the profile takes, encoded as its document says',
  },
  'key.size': {
    severity: 'error',
    source: 'NIST SP 800-131A 3, CA/Browser Forum BR 6.1.5',
    asks: 'an RSA modulus of whole octets between the profile’s bounds',
  },
  'key.exponent': {
    severity: 'error',
    source: 'FIPS 186-5 A.1.1, CA/Browser Forum BR 6.1.6',
    asks: 'an odd RSA exponent of at least 65537 and below 2^256',
  },
  'key.point': {
    severity: 'error',
    source: 'RFC 5480 2.2, NIST SP 800-56A 5.6.2.3.3, RFC 8032 5.1.3',
    asks: 'a point on the curve, and of large order',
  },
  'key.weak.smallFactor': {
    severity: 'error',
    source: 'CA/Browser Forum BR 6.1.6',
    asks: 'an odd RSA modulus without a prime factor below 752',
  },
  'key.weak.roca': {
    severity: 'error',
    source: 'CVE-2017-15361',
    asks: 'an RSA modulus that Infineon’s RSALib did not make',
  },
  'key.weak.closePrimes': {
    severity: 'error',
    source: 'CVE-2022-26320, CA/Browser Forum BR 6.1.1.3',
    asks: 'an RSA modulus that 100 rounds of Fermat’s method do not factor',
  },
  'key.weak.denied': {
    severity: 'error',
    source: 'the user’s deny-list',
    asks: 'a key that is not on the deny-list',
  },
  'key.known': {
    severity: 'error',
    source: 'RFC 9500, RFC 8410, RFC 6979, RFC 8032, and the tests of libraries',
    asks: 'no published test key, whose private half everybody has',
  },
  'key.reuse': {
    severity: 'error',
    source: 'IEEE 802.1AR-2018 5',
    asks: 'a key of its own for each device',
  },
  ...certificateRows,
  'idevid.serialNumber': {
    severity: 'error',
    source: 'IEEE 802.1AR-2018 8.6',
    asks: 'the serialNumber attribute in the subject',
  },
  'idevid.end': {
    severity: 'info',
    source: 'RFC 8995 2.3, RFC 5280 4.1.2.5',
    asks: 'no end (99991231235959Z) of a factory identity, which is written once',
  },
  'svid.uri': {
    severity: 'error',
    source: 'SPIFFE X509-SVID 2',
    asks: 'exactly one URI in subjectAltName',
  },
  'svid.id': {
    severity: 'error',
    source: 'SPIFFE-ID 2',
    asks: 'a well-formed SPIFFE ID',
  },
  'svid.path': {
    severity: 'error',
    source: 'SPIFFE X509-SVID 2 and 4.1',
    asks: 'a path for a workload, none for a signing certificate',
  },
  'svid.trustDomain': {
    severity: 'error',
    source: 'SPIFFE-ID 2.1',
    asks: 'the trust domain of the profile, the same in the whole chain',
  },
  'svid.keyUsage': {
    severity: 'error',
    source: 'SPIFFE X509-SVID 4.3',
    asks: 'a critical keyUsage: of a workload with digitalSignature and neither keyCertSign nor cRLSign',
  },
  'svid.purpose': {
    severity: 'error',
    source: 'SPIFFE X509-SVID 4.4',
    asks: 'serverAuth and clientAuth together where there is an extKeyUsage',
  },
  'ocpp.csrLength': {
    severity: 'error',
    source: 'OCPP 2.0.1 part 2, SignCertificateRequest',
    asks: 'at most 5500 characters of PEM',
  },
  'ocpp.chainLength': {
    severity: 'error',
    source: 'OCPP 2.0.1 part 2, CertificateSignedRequest',
    asks: 'at most 10000 characters of PEM',
  },
  'ocpp.organization': {
    severity: 'error',
    source: 'OCPP 2.0.1 part 2, A00',
    asks: 'the operator’s name as organizationName',
  },
  'matter.ids': {
    severity: 'error',
    source: 'Matter Core 6.2.2',
    asks: 'vendor and product identifiers of four upper-case hexadecimal digits in the subject',
  },
  'matter.consistent': {
    severity: 'error',
    source: 'Matter Core 6.2.2.3',
    asks: 'the identifiers of its issuer',
  },
  'matter.form': {
    severity: 'error',
    source: 'Matter Core 6.2.2.3',
    asks: 'ecdsa-with-SHA256, P-256, the path length and the uses of its place, both key identifiers of 20 octets',
  },
  'alb.header': {
    severity: 'warning',
    source: 'AWS ALB quotas (HTTP headers)',
    asks: 'a chain that fits into one header of 16 KB in passthrough mode',
  },
  'alb.authority': {
    severity: 'warning',
    source: 'AWS ALB quotas (trust stores)',
    asks: 'CA certificates of at most 16 KB',
  },
} as const satisfies Readonly<Record<string, CheckRow>>

export type CheckCode = keyof typeof catalogue

/** Longest value of a request or certificate that is told: the rest says nothing more about what is wrong. */
const foundMax = 256

/** A finding of one check: what its code says of it everywhere, and what is so here. */
export function finding(code: CheckCode, path: string, found: string, wanted: string): Finding {
  const { severity, source } = catalogue[code]
  return { code, severity, path, found: shown(found), wanted, source }
}

/**
 * What is written in a name comes to terminals and pages: what is no printable character is written
 * by its number, and long values are cut.
 */
function shown(text: string): string {
  const plain = text.replaceAll(hidden, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  })
  return plain.length > foundMax ? `${plain.slice(0, foundMax)}…` : plain
}

/** Unicode general categories: controls, formats (bidirectional marks are), surrogates, line and paragraph ends. */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
