import { toHex, type Bytes } from '#shared/bytes.ts'
import { rememberByOctets } from '#shared/octet-memo.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import type { DeviceIdentity } from './device-identity.ts'

/** An identity for people, headers and logs. */
export interface IdentityText extends DeviceIdentity {
  /** RFC 2253 text; `#` and hexadecimal where a Name cannot be written so. */
  readonly subject: string
  readonly issuer: string
}

/** An identity with its Names written out. */
export function identityText(identity: DeviceIdentity): IdentityText {
  const { subject, issuer } = identity
  return {
    ...identity,
    subject: typeof subject === 'string' ? subject : nameText(subject),
    issuer: typeof issuer === 'string' ? issuer : issuerText(issuer),
  }
}

/** A name that cannot be written as text (a string cut off inside a character) is shown as its octets. */
function nameText(name: Bytes): string {
  const text = rfc2253Name(name)
  return text.ok ? text.value : `#${toHex(name).toUpperCase()}`
}

/** Names of as many CAs as an isolate meets: each comes again with every certificate it issued. */
const issuerText = rememberByOctets(nameText, { countMax: 256, weightMax: 64 * 1024 })
