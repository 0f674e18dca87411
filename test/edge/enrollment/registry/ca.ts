import type { Admission, EnrolmentAttempt } from '#edge/enrollment/registry/registry.ts'
import { toHex, toUtf8, type Bytes } from '#shared/bytes.ts'
import { bitString, context, oid, sequence } from '../../../shared/der/writer.ts'
import type { Keys } from '../../../shared/keys.ts'
import { extension, issue, name, type Entity } from '../../../shared/pki.ts'

/** SHA-256, hex, of a text: a digest that a test names by words. */
export async function digest(text: string | Bytes): Promise<string> {
  const octets = typeof text === 'string' ? toUtf8(text) : text
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', octets)))
}

let signatures = 0

/** A key that signs nothing: the registry keeps certificates, and verifies none. */
export function keyOf(text: string): Keys {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'))
  const curve = sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7'))
  return {
    spki: sequence(curve, bitString(toUtf8(text))),
    algorithm,
    // Of the same octets twice it makes two, as ECDSA does.
    sign: async () => toUtf8(`signature ${(signatures += 1)}`),
  }
}

const ca: Entity = { name: name('Issuing CA'), keys: keyOf('Issuing CA'), der: new Uint8Array() }

/** The authority key identifier of every certificate that `sign` makes, as the registry names it. */
export const issuerKeyId = 'aabb'

/** What the CA makes of what the registry agreed to. */
export async function sign(
  admission: Extract<Admission, { kind: 'sign' }>,
  key: string,
  bent: { readonly serial?: string } = {},
): Promise<Bytes> {
  const serial = bent.serial ?? admission.serial
  const octets = serial.match(/../g) ?? []
  const { der } = await issue(ca, {
    keys: keyOf(key),
    serial: octets.map((octet) => Number.parseInt(octet, 16)),
    notBefore: admission.notBefore,
    notAfter: admission.notAfter,
    extensions: {
      aki: extension('2.5.29.35', sequence(context(0, Uint8Array.of(0xaa, 0xbb)))),
    },
  })
  return der
}

/** An attempt of a device with a key, each named by words. */
export async function attemptOf(
  device: string,
  key: string,
  claimant: EnrolmentAttempt['claimant'],
  more: { readonly request?: string; readonly kind?: EnrolmentAttempt['kind'] } = {},
): Promise<EnrolmentAttempt> {
  const { request = `${device} ${key}`, kind = 'enroll' } = more
  return {
    claimant,
    requestSha256: await digest(request),
    keySha256: await digest(keyOf(key).spki),
    device,
    kind,
  }
}
