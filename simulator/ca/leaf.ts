import { generateKeyPair, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import {
  bitString,
  boolean,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  taggedOctets,
  taggedText,
  time,
  utf8String,
} from './der.ts'
import type { Ca } from './hierarchy.ts'
import { keyIdOf } from './identifiers.ts'
import { distributionPoints, partitionOf } from './partition.ts'

export interface LeafFields {
  readonly device: string
  readonly kind: string
  readonly serial: Uint8Array
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** What it is for (RFC 5280 4.2.1.12); to be a client, unless given. */
  readonly purpose?: 'server'
}

export interface KeyAndLeaf {
  /** PKCS#8. */
  readonly keyPem: string
  readonly der: Bytes
}

const generate = promisify(generateKeyPair)
/** RFC 5758 3.2. */
export const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'))
const empty = new Uint8Array()

/** A new P-256 key and the device certificate over it, signed by `issuer` (RFC 5280 4.1). */
export async function createLeaf(issuer: Ca, fields: LeafFields): Promise<KeyAndLeaf> {
  const { publicKey, privateKey } = await generate('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const tbs = toBeSigned(issuer, fields, new Uint8Array(publicKey))
  const signature = sign('sha256', tbs, issuer.key)
  return { keyPem: privateKey, der: sequence(tbs, ecdsaWithSha256, bitString(signature)) }
}

/**
 * TBSCertificate of a device (RFC 5280 4.1.2).
 *
 * @param partition which of its issuer's lists it is for: that of its serial
 */
export function toBeSigned(
  issuer: Ca,
  fields: LeafFields,
  spki: Bytes,
  partition = partitionOf(fields.serial, issuer.partitions),
): Bytes {
  return sequence(
    tagged(0, integer(Uint8Array.of(2))),
    integer(fields.serial),
    ecdsaWithSha256,
    issuer.subject,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    subject(fields.device),
    spki,
    tagged(3, sequence(...extensions(issuer, fields, spki), ...points(issuer, partition))),
  )
}

function subject(device: string): Bytes {
  return sequence(attribute('2.5.4.10', 'Sallyport Fleet'), attribute('2.5.4.3', device))
}

function attribute(type: string, value: string): Bytes {
  return set(sequence(objectIdentifier(type), utf8String(value)))
}

/** RFC 5280 4.2.1: what a device certificate may be used for, and whose it is. */
function extensions(
  issuer: Ca,
  { device, kind, purpose }: LeafFields,
  spki: Bytes,
): readonly Bytes[] {
  return [
    // 4.2.1.9: no authority. The default FALSE is left out, as DER wants it.
    extension('2.5.29.19', 'critical', sequence()),
    // 4.2.1.3: bit 0, digitalSignature; seven bits of the octet do not count.
    extension('2.5.29.15', 'critical', bitString(Uint8Array.of(0x80), 7)),
    // 4.2.1.12: authentication of TLS clients, or of servers
    extension(
      '2.5.29.37',
      'optional',
      sequence(objectIdentifier(purpose === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2')),
    ),
    // 4.2.1.2 and 4.2.1.1: whose key this is, and whose key signed it
    extension('2.5.29.14', 'optional', octetString(keyIdOf(spki))),
    extension('2.5.29.35', 'optional', sequence(taggedOctets(0, issuer.keyId))),
    // 4.2.1.6: [6] URI and [2] DNS name
    extension('2.5.29.17', 'optional', sequence(...alternativeNames(device, kind))),
  ]
}

/** 4.2.1.13: where its revocation would stand; not said where its issuer has one list for all. */
function points({ name, partitions }: Ca, partition: number): readonly Bytes[] {
  if (partitions === 1) return []
  return [extension('2.5.29.31', 'optional', distributionPoints(name, partition))]
}

function alternativeNames(device: string, kind: string): readonly Bytes[] {
  return [
    taggedText(6, `spiffe://fleet.sallyport.example/${kind}/${device}`),
    taggedText(2, `${device}.fleet.sallyport.example`),
  ]
}

function extension(type: string, weight: 'critical' | 'optional', value: Uint8Array): Bytes {
  const critical = weight === 'critical' ? boolean(true) : empty
  return sequence(objectIdentifier(type), critical, octetString(value))
}
