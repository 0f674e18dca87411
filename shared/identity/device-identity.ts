import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { AttestedFields } from '#shared/verdict/presented.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { albSerial } from '#shared/wire/serial.ts'

/** Who the device is, after verification. Read it; never build one from unverified bytes. */
export interface DeviceIdentity {
  /** Upper-case hexadecimal, whole bytes: unique for its issuer only. */
  readonly serial: string
  /** DER of the Name where the leaf was verified; where a platform attests to it, its RFC 2253 text. */
  readonly subject: Bytes | string
  readonly issuer: Bytes | string
  /** The one URI name, where the leaf has exactly one and it is a SPIFFE ID (X.509-SVID section 2). */
  readonly spiffeId: string | undefined
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** The identity that a verified leaf carries. */
export function identityOfLeaf(leaf: Certificate): DeviceIdentity {
  const { notBefore, notAfter } = leaf.validity
  return {
    serial: albSerial(leaf.serial),
    subject: leaf.subject,
    issuer: leaf.issuer,
    spiffeId: spiffeIdOf(leaf),
    notBefore,
    notAfter,
  }
}

/** The identity that a trusted platform attests to. */
export function identityOfFields(fields: AttestedFields): DeviceIdentity {
  return { ...fields, spiffeId: undefined }
}

function spiffeIdOf({ extensions: { onlyUri } }: Certificate): string | undefined {
  return onlyUri?.startsWith('spiffe://') === true ? onlyUri : undefined
}
