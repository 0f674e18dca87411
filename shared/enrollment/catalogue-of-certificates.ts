import type { CheckRow } from './check-row.ts'

/** The rows of `cert.…` and `chain.…`: see `catalogue`. */
export const certificateRows = {
  'cert.version': {
    severity: 'error',
    source: 'RFC 5280 4.1.2.1',
    asks: 'version 3',
  },
  'cert.serial': {
    severity: 'error',
    source: 'RFC 5280 4.1.2.2',
    asks: 'a positive serial of at most 20 octets',
  },
  'cert.serialEntropy': {
    severity: 'warning',
    source: 'CA/Browser Forum BR 7.1',
    asks: 'a serial long enough for 64 random bits',
  },
  'cert.serialReuse': {
    severity: 'error',
    source: 'RFC 5280 4.1.2.2',
    asks: 'a serial once for each issuer',
  },
  'cert.algorithm': {
    severity: 'error',
    source: 'NIST SP 800-131A 3',
    asks: 'a signature algorithm that is sound today',
  },
  'cert.algorithmMismatch': {
    severity: 'error',
    source: 'RFC 5280 4.1.1.2',
    asks: 'the same algorithm inside and outside of what is signed',
  },
  'cert.time': {
    severity: 'error',
    source: 'RFC 5280 4.1.2.5',
    asks: 'dates in UTC with seconds, on the calendar; UTCTime until the end of 2049',
  },
  'cert.validity': {
    severity: 'error',
    source: 'RFC 5280 4.1.2.5',
    asks: 'notAfter behind notBefore, a lifetime within the profile’s cap',
  },
  'cert.notYetValid': {
    severity: 'error',
    source: 'RFC 5280 4.1.2.5',
    asks: 'notBefore not in the future, but for the skew of clocks',
  },
  'cert.expired': {
    severity: 'error',
    source: 'RFC 5280 4.1.2.5',
    asks: 'notAfter not in the past',
  },
  'cert.forever': {
    severity: 'error',
    source: 'RFC 5280 4.1.2.5, RFC 8995 2.3',
    asks: 'an end, but for factory certificates',
  },
  'cert.nesting': {
    severity: 'error',
    source: 'RFC 5280 6.1.3 (a)(2)',
    asks: 'an end before its issuer’s own',
  },
  'cert.extensionRepeated': {
    severity: 'error',
    source: 'RFC 5280 4.2',
    asks: 'each extension once',
  },
  'cert.bc': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.9',
    asks: 'cA false and no path length for a device, cA true for an issuer',
  },
  'cert.bcCritical': {
    severity: 'warning',
    source: 'RFC 5280 4.2.1.9',
    asks: 'basicConstraints of an issuer marked as critical',
  },
  'cert.default': {
    severity: 'warning',
    source: 'X.690 11.5',
    asks: 'no default written out in basicConstraints',
  },
  'cert.kuDer': {
    severity: 'warning',
    source: 'X.690 11.2.2',
    asks: 'keyUsage without zero bits at its end, as older GnuTLS writes them',
  },
  'cert.ku': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.3, RFC 8446 4.4.2.2',
    asks: 'digitalSignature and neither keyCertSign nor cRLSign for a device, keyCertSign for an issuer',
  },
  'cert.kuAbsent': {
    severity: 'warning',
    source: 'RFC 5280 4.2.1.3',
    asks: 'keyUsage, without which the key may be used for anything',
  },
  'cert.kuCritical': {
    severity: 'warning',
    source: 'RFC 5280 4.2.1.3',
    asks: 'keyUsage marked as critical',
  },
  'cert.kuFits': {
    severity: 'warning',
    source: 'RFC 5480 3, RFC 8410 5',
    asks: 'no use that a key of this kind does not have',
  },
  'cert.eku': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.12',
    asks: 'clientAuth, and nothing that the profile does not grant',
  },
  'cert.ekuAbsent': {
    severity: 'warning',
    source: 'RFC 5280 4.2.1.12',
    asks: 'extKeyUsage, without which some relying parties refuse and others allow anything',
  },
  'cert.aki': {
    severity: 'warning',
    source: 'RFC 5280 4.2.1.1',
    asks: 'an authorityKeyIdentifier that is its issuer’s subjectKeyIdentifier',
  },
  'cert.ski': {
    severity: 'warning',
    source: 'RFC 5280 4.2.1.2',
    asks: 'a subjectKeyIdentifier',
  },
  'cert.revocation': {
    severity: 'warning',
    source: 'RFC 5280 4.2.1.13, RFC 9608',
    asks: 'a CRL distribution point, an OCSP responder, noRevAvail, or a short life',
  },
  'cert.noRevAvail': {
    severity: 'error',
    source: 'RFC 9608 2',
    asks: 'noRevAvail in no CA certificate, and beside no place to ask for revocation',
  },
  'cert.issuer': {
    severity: 'error',
    source: 'RFC 5280 4.1.2.4 and 4.1.2.6',
    asks: 'a name of whoever issues, in an issuer’s own certificate too',
  },
  'cert.selfSigned': {
    severity: 'warning',
    source: 'RFC 5280 3.2',
    asks: 'a device’s certificate that a CA has issued',
  },
  'cert.uniqueId': {
    severity: 'warning',
    source: 'RFC 5280 4.1.2.8',
    asks: 'no unique identifiers of issuer and subject',
  },
  'cert.nameConstraints': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.10',
    asks: 'name constraints in CA certificates alone',
  },
  'cert.criticality': {
    severity: 'warning',
    source: 'RFC 5280 4.2.1 and 4.2.2',
    asks: 'extensions marked as critical, or not, as their sections say',
  },
  'cert.unknownCritical': {
    severity: 'error',
    source: 'RFC 5280 4.2',
    asks: 'no critical extension that relying parties do not know',
  },
  'chain.length': {
    severity: 'error',
    source: 'AWS ALB mutual TLS quotas, SPIRE x509pop, Matter Core 6.2',
    asks: 'as many certificates as the profile allows',
  },
  'chain.order': {
    severity: 'error',
    source: 'RFC 8446 4.4.2',
    asks: 'each certificate issued by the next one',
  },
  'chain.signature': {
    severity: 'error',
    source: 'RFC 5280 6.1.3 (a)(1)',
    asks: 'a signature by the next certificate’s key',
  },
  'chain.pathLength': {
    severity: 'error',
    source: 'RFC 5280 4.2.1.9',
    asks: 'no more intermediates than a CA above allows',
  },
  'chain.nameConstraints': {
    severity: 'error',
    source: 'RFC 5280 6.1.3 (b) and (c)',
    asks: 'names that every CA above permits',
  },
  'chain.duplicate': {
    severity: 'warning',
    source: 'RFC 5280 6.1',
    asks: 'each certificate once',
  },
  'chain.root': {
    severity: 'info',
    source: 'RFC 8446 4.4.2',
    asks: 'no self-signed certificate: the relying party has its own, and the bytes cost each handshake',
  },
  'chain.horizon': {
    severity: 'warning',
    source: 'Chromecast outage of 2025-03-09',
    asks: 'issuers that outlive the devices’ service life',
  },
} as const satisfies Readonly<Record<string, CheckRow>>
