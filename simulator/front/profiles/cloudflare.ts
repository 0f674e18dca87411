import { createHash } from 'node:crypto'
import { equalBytes, toHex, type Bytes } from '#shared/bytes.ts'
import { toOpensslDate } from '#shared/wire/dates.ts'
import { legacyName, rfc2253Name } from '#shared/wire/names.ts'
import { writeClientCert, writeClientCertChain } from '#shared/wire/rfc9440.ts'
import { cloudflareSerial } from '#shared/wire/serial.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { FrontProfile, TerminatedConnection } from '../profile.ts'
import { appendForwardedFor } from './forwarded-for.ts'
import { certVerified } from './cloudflare-verified.ts'
import { parsedLeaf, textOf } from './leaf-fields.ts'

/** `request.cf.tlsClientAuth`: 21 keys, strings but for the two booleans. */
export interface TlsClientAuth {
  readonly certPresented: '0' | '1'
  readonly certVerified: string
  readonly certRevoked: '0'
  readonly certIssuerDN: string
  readonly certSubjectDN: string
  readonly certIssuerDNRFC2253: string
  readonly certSubjectDNRFC2253: string
  readonly certIssuerDNLegacy: string
  readonly certSubjectDNLegacy: string
  readonly certSerial: string
  readonly certIssuerSerial: string
  readonly certSKI: string
  readonly certIssuerSKI: string
  readonly certFingerprintSHA1: string
  readonly certFingerprintSHA256: string
  readonly certNotBefore: string
  readonly certNotAfter: string
  readonly certRFC9440: string
  readonly certRFC9440TooLarge: boolean
  readonly certChainRFC9440: string
  readonly certChainRFC9440TooLarge: boolean
}

/** Characters of the encoded leaf beyond which it is withheld (Cloudflare's field page: 10 KB). */
const leafMax = 10 * 1024

/** The same for all intermediates together (the same page: 16 KB). */
const chainMax = 16 * 1024

/** What Workers see without a certificate: the object is there, and says so. */
export const placeholder: TlsClientAuth = {
  certPresented: '0',
  certVerified: 'NONE',
  certRevoked: '0',
  certIssuerDN: '',
  certSubjectDN: '',
  certIssuerDNRFC2253: '',
  certSubjectDNRFC2253: '',
  certIssuerDNLegacy: '',
  certSubjectDNLegacy: '',
  certSerial: '',
  certIssuerSerial: '',
  certSKI: '',
  certIssuerSKI: '',
  certFingerprintSHA1: '',
  certFingerprintSHA256: '',
  certNotBefore: '',
  certNotAfter: '',
  certRFC9440: '',
  certRFC9440TooLarge: false,
  certChainRFC9440: '',
  certChainRFC9440TooLarge: false,
}

/**
 * Cloudflare in front of a Worker: every client gets through, and `request.cf.tlsClientAuth`
 * tells what it presented. Headers of the client pass untouched, those of other platforms too.
 */
export const cloudflareProfile: FrontProfile = {
  name: 'cloudflare',
  verification: 'asked',
  admits: () => true,
  connectionFacts: (connection) => ({
    cf: { tlsVersion: connection.tlsVersion, tlsClientAuth: tlsClientAuth(connection) },
    headers: [
      ['cf-connecting-ip', connection.clientAddress],
      ['x-forwarded-proto', 'https'],
    ],
  }),
  requestHeaders: (connection, request) => [appendForwardedFor(connection, request)],
}

/** The object for one connection. The bytes are there whatever the verdict says. */
export function tlsClientAuth({ chain, verdict }: TerminatedConnection): TlsClientAuth {
  const [leaf, ...intermediates] = chain
  if (leaf === undefined) return placeholder
  const certificate = parsedLeaf(leaf)
  return {
    ...placeholder,
    certPresented: '1',
    certVerified: certVerified(verdict),
    ...digests(leaf),
    ...(certificate === undefined ? {} : fields(certificate, intermediates)),
    ...encodings(leaf, intermediates),
  }
}

function fields(leaf: Certificate, intermediates: readonly Bytes[]): Partial<TlsClientAuth> {
  return {
    ...names(leaf),
    certSerial: cloudflareSerial(leaf.serial),
    certIssuerSerial: issuerSerial(leaf, intermediates),
    certSKI: upperHex(leaf.extensions.subjectKeyIdentifier),
    certIssuerSKI: upperHex(leaf.extensions.authorityKeyIdentifier),
    certNotBefore: toOpensslDate(leaf.validity.notBefore),
    certNotAfter: toOpensslDate(leaf.validity.notAfter),
  }
}

/** Cloudflare's plain and RFC 2253 fields read the same in its documentation's samples. */
function names({ issuer, subject }: Certificate): Partial<TlsClientAuth> {
  const issuerDn = textOf(rfc2253Name(issuer))
  const subjectDn = textOf(rfc2253Name(subject))
  return {
    certIssuerDN: issuerDn,
    certSubjectDN: subjectDn,
    certIssuerDNRFC2253: issuerDn,
    certSubjectDNRFC2253: subjectDn,
    certIssuerDNLegacy: textOf(legacyName(issuer)),
    certSubjectDNLegacy: textOf(legacyName(subject)),
  }
}

function digests(leaf: Bytes): Partial<TlsClientAuth> {
  return {
    certFingerprintSHA1: createHash('sha1').update(leaf).digest('hex'),
    certFingerprintSHA256: createHash('sha256').update(leaf).digest('hex'),
  }
}

/** RFC 9440 forms; what is too large is left away and flagged. */
function encodings(leaf: Bytes, intermediates: readonly Bytes[]): Partial<TlsClientAuth> {
  const leafText = writeClientCert(leaf)
  const chainText = writeClientCertChain(intermediates)
  const leafTooLarge = leafText.length > leafMax
  const chainTooLarge = chainText.length > chainMax
  return {
    certRFC9440: leafTooLarge ? '' : leafText,
    certRFC9440TooLarge: leafTooLarge,
    certChainRFC9440: chainTooLarge ? '' : chainText,
    certChainRFC9440TooLarge: chainTooLarge,
  }
}

/** Serial of the certificate whose subject is the leaf's issuer, where the client sent one. */
function issuerSerial(leaf: Certificate, intermediates: readonly Bytes[]): string {
  for (const der of intermediates) {
    const candidate = parsedLeaf(der)
    if (candidate === undefined || !equalBytes(candidate.subject, leaf.issuer)) continue
    return cloudflareSerial(candidate.serial)
  }
  return ''
}

function upperHex(bytes: Bytes | undefined): string {
  return bytes === undefined ? '' : toHex(bytes).toUpperCase()
}
