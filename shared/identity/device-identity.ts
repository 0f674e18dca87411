import { toHex, type Bytes } from '#shared/bytes.ts'
import { rememberByOctets } from '#shared/octet-memo.ts'
import type { Instant } from '#shared/time.ts'
import type { AttestedFields } from '#shared/verdict/presented.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { albSerial } from '#shared/wire/serial.ts'
import { rfc2253Name } from '#shared/wire/names.ts'

/** Who the device is, after verification. Read it; never build one from unverified bytes. */
export interface DeviceIdentity {
  /** Upper-case hexadecimal, whole bytes: unique for its issuer only. */
  readonly serial: string
  /** RFC 2253 text, for people and headers. */
  readonly subject: string
  readonly issuer: string
  /** The one URI name, where the leaf has exactly one and it is a SPIFFE ID (X.509-SVID section 2). */
  readonly spiffeId: string | undefined
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** The identity that a verified leaf carries. */
export function identityOfLeaf(leaf: Certificate): DeviceIdentity {
  return {
    serial: albSerial(leaf.serial),
    subject: nameText(leaf.subject),
    issuer: issuerText(leaf.issuer),
    spiffeId: spiffeIdOf(leaf),
    ...leaf.validity,
  }
}

/** The identity that a trusted platform attests to. */
export function identityOfFields(fields: AttestedFields): DeviceIdentity {
  return { ...fields, spiffeId: undefined }
}

function spiffeIdOf(leaf: Certificate): string | undefined {
  const [only, ...more] = leaf.extensions.subjectAltNames?.uris ?? []
  return more.length === 0 && only?.startsWith('spiffe://') === true ? only : undefined
}

/** A name that cannot be written as text (a string cut off inside a character) is shown as its octets. */
function nameText(name: Bytes): string {
  const text = rfc2253Name(name)
  return text.ok ? text.value : `#${toHex(name).toUpperCase()}`
}

/** Names of as many CAs as an isolate meets: each comes again with every certificate it issued. */
const issuerText = rememberByOctets(nameText, { countMax: 256, weightMax: 64 * 1024 })
