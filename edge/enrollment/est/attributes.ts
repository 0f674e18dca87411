import type { Bytes } from '#shared/bytes.ts'
import { tag } from '#shared/der/reader.ts'
import type { DeviceProfile, KeyKindName } from '#shared/enrollment/profile.ts'
import { element } from '#shared/revocation/der-element.ts'
import { objectIdentifier, sequence } from '../signers/der-write.ts'

/** Keys as a server asks for them, the best for devices first: RFC 7030 4.5.2, RFC 8410 section 3. */
const wishes: readonly (readonly [KeyKindName, () => readonly Bytes[]])[] = [
  ['P-256', () => [keyOnCurve('1.2.840.10045.3.1.7'), objectIdentifier('1.2.840.10045.4.3.2')]],
  ['P-384', () => [keyOnCurve('1.3.132.0.34'), objectIdentifier('1.2.840.10045.4.3.3')]],
  ['P-521', () => [keyOnCurve('1.3.132.0.35'), objectIdentifier('1.2.840.10045.4.3.4')]],
  ['Ed25519', () => [objectIdentifier('1.3.101.112')]],
  ['RSA', () => [objectIdentifier('1.2.840.113549.1.1.1')]],
]

/** RFC 7030 4.5.2: the attribute id-ecPublicKey, whose value is the curve. */
function keyOnCurve(curve: string): Bytes {
  return sequence(objectIdentifier('1.2.840.10045.2.1'), element(tag.set, objectIdentifier(curve)))
}

/**
 * DER of CsrAttrs (RFC 7030 4.5.2): the first kind of key that the profile takes, and how to sign with
 * it. Never challengePassword: it would have to be bound to tls-unique, which no edge is told.
 */
export function requestAttributes({ keys }: Pick<DeviceProfile, 'keys'>): Bytes {
  const wish = wishes.find(([kind]) => keys.kinds.includes(kind))
  return sequence(...(wish?.[1]() ?? []))
}
