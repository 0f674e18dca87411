import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { DistributionPoint } from './distribution-points.ts'
import type { GeneralName } from './general-name.ts'
import type { NameConstraints } from './name-constraints.ts'
import type { PolicyConstraints, PolicyMapping } from './policy-extensions.ts'
import type { Signed } from './signed.ts'

/** A parsed certificate (RFC 5280 section 4.1). Byte fields are views into `der`, never copies. */
export interface Certificate extends Signed {
  readonly version: 1 | 2 | 3
  /** Content octets of the serial INTEGER: two's complement, big-endian, at most 20 octets. */
  readonly serial: Bytes
  /** DER of the Name, header included. */
  readonly issuer: Bytes
  readonly subject: Bytes
  readonly validity: { readonly notBefore: Instant; readonly notAfter: Instant }
  /** DER of the SubjectPublicKeyInfo, header included. */
  readonly spki: Bytes
  readonly extensions: Extensions
}

/** The extensions that path validation and identity need; `undefined` where the certificate has none. */
export interface Extensions {
  readonly basicConstraints:
    | { readonly ca: boolean; readonly pathLength: number | undefined }
    | undefined
  /** Bit 0 (digitalSignature) is the highest bit of the first octet, as in RFC 5280 4.2.1.3. */
  readonly keyUsage: Bytes | undefined
  /** Dotted object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined
  readonly subjectKeyIdentifier: Bytes | undefined
  readonly authorityKeyIdentifier: Bytes | undefined
  readonly subjectAltNames: SubjectAltNames | undefined
  /** The URI among them where it is the only one. */
  readonly onlyUri: string | undefined
  /** Dotted object identifiers, each once. */
  readonly certificatePolicies: readonly string[] | undefined
  readonly nameConstraints: NameConstraints | undefined
  readonly policyMappings: readonly PolicyMapping[] | undefined
  readonly policyConstraints: PolicyConstraints | undefined
  /** How many certificates further down anyPolicy stands for nothing (RFC 5280 4.2.1.14). */
  readonly inhibitAnyPolicy: number | undefined
  /** RFC 5280 4.2.1.13: where revocations of this certificate are listed. */
  readonly crlDistributionPoints: readonly DistributionPoint[] | undefined
  /** Whether one of them names who signs its list (cRLIssuer): told without looking at them. */
  readonly namesCrlIssuer: boolean
  /** RFC 5280 4.2.1.15: the same for delta CRLs. */
  readonly freshestCrl: readonly DistributionPoint[] | undefined
  /** Critical extensions that this core does not process: their presence refuses the path (RFC 5280 4.2). */
  readonly criticalUnknown: readonly string[]
}

export interface SubjectAltNames {
  readonly dns: readonly string[]
  readonly uris: readonly string[]
  readonly emails: readonly string[]
  /** iPAddress octets: 4 or 16. */
  readonly ips: readonly Bytes[]
  /** Every name in order, those of other forms among them, for name constraints. */
  readonly all: readonly GeneralName[]
}
