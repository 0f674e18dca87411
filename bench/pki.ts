import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { instantFromIso, type Instant } from '#shared/time.ts'
import {
  bitString,
  boolean,
  element,
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
} from '#simulator/ca/der.ts'
import { benchNow, type Fixture } from './operations/operation.ts'

export const keyKinds = ['P-256', 'P-384', 'RSA-2048', 'Ed25519'] as const
export type KeyKind = (typeof keyKinds)[number]

const notBefore = instantFromIso('2027-01-01T00:00:00Z')
const notAfter = instantFromIso('2028-01-01T00:00:00Z')

/** Root, intermediate (path length 0) and leaves of one kind of key, as devices have them. */
export interface Pki {
  readonly root: Bytes
  readonly intermediate: Bytes
  readonly leaves: readonly Bytes[]
  /** The root's list, with nothing in it. */
  readonly rootCrl: Bytes
  /** The intermediate's list of so many serials that no leaf bears; `serials` are put among them. */
  crl(entries: number, serials?: readonly Uint8Array[]): Bytes
}

interface Ca {
  readonly name: Bytes
  readonly keys: Keys
  readonly keyId: Bytes
}

interface Keys {
  readonly spki: Bytes
  readonly privateKey: KeyObject
  readonly kind: KeyKind
}

export function createPki(kind: KeyKind, leaves = 1, rootName = 'Fleet root'): Pki {
  const root = createCa(rootName, kind)
  const issuing = createCa('Fleet issuing 1', kind)
  return {
    root: certify(root, root, caExtensions(root, root)),
    intermediate: certify(root, issuing, caExtensions(root, issuing, 0)),
    leaves: Array.from({ length: leaves }, (_, nth) => createLeaf(issuing, kind, nth)),
    rootCrl: createCrl(root, []),
    crl: (entries, serials = []) =>
      createCrl(issuing, [...freshSerials(entries - serials.length), ...serials]),
  }
}

/** Everything of a hierarchy that an operation reads. */
export function fixtureOf(pki: Pki, crlEntries: number): Fixture {
  return {
    root: [pki.root],
    intermediate: [pki.intermediate],
    leaves: pki.leaves,
    rootCrl: [pki.rootCrl],
    crl: [pki.crl(crlEntries)],
  }
}

function createCa(commonName: string, kind: KeyKind): Ca {
  const keys = createKeys(kind)
  return { name: nameOf(commonName), keys, keyId: keyIdOf(keys.spki) }
}

function createLeaf(issuer: Ca, kind: KeyKind, nth: number): Bytes {
  const device = `meter-${String(nth).padStart(7, '0')}`
  const keys = createKeys(kind)
  const subject = { name: nameOf(device), keys, keyId: keyIdOf(keys.spki) }
  return certify(issuer, subject, leafExtensions(issuer, subject, device))
}

function createKeys(kind: KeyKind): Keys {
  const { publicKey, privateKey } = generate(kind)
  return {
    kind,
    privateKey,
    spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  }
}

function generate(kind: KeyKind): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (kind) {
    case 'P-256':
    case 'P-384':
      return generateKeyPairSync('ec', { namedCurve: kind })
    case 'RSA-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'Ed25519':
      return generateKeyPairSync('ed25519')
  }
}

const sha256WithRsa = sequence(objectIdentifier('1.2.840.113549.1.1.11'), element(0x05))

/** What each kind signs with (RFC 5758, 4055, 8410); Ed25519 hashes by itself. */
const signing: Readonly<
  Record<KeyKind, { readonly hash: string | null; readonly algorithm: Bytes }>
> = {
  'P-256': { hash: 'sha256', algorithm: sequence(objectIdentifier('1.2.840.10045.4.3.2')) },
  'P-384': { hash: 'sha384', algorithm: sequence(objectIdentifier('1.2.840.10045.4.3.3')) },
  'RSA-2048': { hash: 'sha256', algorithm: sha256WithRsa },
  Ed25519: { hash: null, algorithm: sequence(objectIdentifier('1.3.101.112')) },
}

/** RFC 5280 4.1.1.1: what is signed, with what, and the signature. */
function signed({ keys: { kind, privateKey } }: Ca, toBeSigned: Bytes): Bytes {
  const { hash, algorithm } = signing[kind]
  const signature = bitString(sign(hash, toBeSigned, privateKey))
  return longSequence(toBeSigned, algorithm, signature)
}

function certify(issuer: Ca, subject: Ca, extensions: readonly Bytes[]): Bytes {
  const [serial] = freshSerials(1)
  return signed(
    issuer,
    sequence(
      tagged(0, integer(Uint8Array.of(2))),
      integer(serial ?? new Uint8Array()),
      signing[issuer.keys.kind].algorithm,
      issuer.name,
      sequence(time(notBefore), time(notAfter)),
      subject.name,
      subject.keys.spki,
      tagged(3, sequence(...extensions)),
    ),
  )
}

/** RFC 5280 4.2.1: what makes a certificate one of an authority. */
function caExtensions(issuer: Ca, { keyId }: Ca, pathLength?: number): readonly Bytes[] {
  const limit = pathLength === undefined ? [] : [integer(Uint8Array.of(pathLength))]
  return [
    extension('2.5.29.19', 'critical', sequence(boolean(true), ...limit)),
    extension('2.5.29.15', 'critical', bitString(Uint8Array.of(0x06), 1)),
    extension('2.5.29.14', 'optional', octetString(keyId)),
    extension('2.5.29.35', 'optional', sequence(taggedOctets(0, issuer.keyId))),
  ]
}

/** RFC 5280 4.2.1 and 4.2.2.1: the nine extensions that device certificates carry in the field. */
function leafExtensions(issuer: Ca, { keyId }: Ca, device: string): readonly Bytes[] {
  const alternativeNames = sequence(
    taggedText(2, `${device}.fleet.sallyport.example`),
    taggedText(1, `${device}@fleet.sallyport.example`),
    taggedText(6, `spiffe://fleet.sallyport.example/meter/${device}`),
  )
  const point = tagged(0, tagged(0, taggedText(6, 'http://crl.sallyport.example/issuing-1.crl')))
  const access = sequence(
    objectIdentifier('1.3.6.1.5.5.7.48.2'),
    taggedText(6, 'http://ca.sallyport.example/issuing-1.cer'),
  )
  return [
    extension('2.5.29.19', 'critical', sequence()),
    extension('2.5.29.15', 'critical', bitString(Uint8Array.of(0x80), 7)),
    extension('2.5.29.37', 'optional', sequence(objectIdentifier('1.3.6.1.5.5.7.3.2'))),
    extension('2.5.29.14', 'optional', octetString(keyId)),
    extension('2.5.29.35', 'optional', sequence(taggedOctets(0, issuer.keyId))),
    extension('2.5.29.17', 'optional', alternativeNames),
    extension('2.5.29.31', 'optional', sequence(sequence(point))),
    extension('1.3.6.1.5.5.7.1.1', 'optional', sequence(access)),
  ]
}

function extension(type: string, weight: 'critical' | 'optional', value: Uint8Array): Bytes {
  const critical = weight === 'critical' ? [boolean(true)] : []
  return sequence(objectIdentifier(type), ...critical, octetString(value))
}

function nameOf(commonName: string): Bytes {
  return sequence(
    set(sequence(objectIdentifier('2.5.4.10'), utf8String('Fleet'))),
    set(sequence(objectIdentifier('2.5.4.3'), utf8String(commonName))),
  )
}

/** RFC 5280 4.2.1.2 allows any way to identify a key: here the first 20 octets of a SHA-256. */
function keyIdOf(spki: Bytes): Bytes {
  return new Uint8Array(createHash('sha256').update(spki).digest()).subarray(0, 20)
}

/** Sixteen octets each, positive and without a sign octet: the first one lies from 0x40 to 0x7f. */
function freshSerials(count: number): Uint8Array[] {
  const octets = randomBytes(16 * count)
  return Array.from({ length: count }, (_, nth) => {
    const serial = octets.subarray(16 * nth, 16 * nth + 16)
    serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
    return serial
  })
}

function createCrl(issuer: Ca, serials: readonly Uint8Array[]): Bytes {
  const extensions = sequence(
    extension('2.5.29.35', 'optional', sequence(taggedOctets(0, issuer.keyId))),
    extension('2.5.29.20', 'optional', integer(Uint8Array.of(7))),
  )
  const toBeSigned = longSequence(
    integer(Uint8Array.of(1)),
    signing[issuer.keys.kind].algorithm,
    issuer.name,
    time(shiftDays(-1)),
    time(shiftDays(1)),
    ...(serials.length === 0 ? [] : [longSequence(entriesOf(serials))]),
    tagged(0, extensions),
  )
  return signed(issuer, toBeSigned)
}

function shiftDays(days: number): Instant {
  return instantFromIso(new Date(benchNow + days * 86_400_000).toISOString())
}

/** 35 octets an entry: SEQUENCE, INTEGER of 16, UTCTime. Written in one piece, since there are millions. */
function entriesOf(serials: readonly Uint8Array[]): Bytes {
  const date = time(shiftDays(-7))
  const entryOctets = 2 + 2 + 16 + date.length
  const entries = new Uint8Array(entryOctets * serials.length)
  for (const [nth, serial] of serials.entries()) {
    if (serial.length !== 16) throw new RangeError('serials of a list have 16 octets')
    const at = nth * entryOctets
    entries.set([0x30, entryOctets - 2, 0x02, 16], at)
    entries.set(serial, at + 4)
    entries.set(date, at + 20)
  }
  return entries
}

/** A SEQUENCE of any length: certificates of the simulated world end at 64 KB, lists do not. */
function longSequence(...items: readonly Uint8Array[]): Bytes {
  const length = items.reduce((total, item) => total + item.length, 0)
  if (length < 0x10000) return sequence(...items)
  const octets = [24, 16, 8, 0]
    .filter((bits) => length >>> bits > 0)
    .map((bits) => (length >>> bits) & 0xff)
  return concatBytes(Uint8Array.of(0x30, 0x80 | octets.length, ...octets), ...items)
}

/** The serials of a list's first entries, for look-ups that hit: `entriesOf` writes them in order. */
export function serialsIn(crl: Bytes, count: number): Bytes[] {
  const marker = Buffer.from([0x30, 33, 0x02, 16])
  const first = Buffer.from(crl.buffer, crl.byteOffset, crl.length).indexOf(marker)
  return Array.from({ length: count }, (_, nth) =>
    crl.slice(first + 35 * nth + 4, first + 35 * nth + 20),
  )
}
