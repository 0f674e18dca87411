import { hash } from 'node:crypto'
import type { Bytes } from '#shared/bytes.ts'
import { instantFromIso, type Instant } from '#shared/time.ts'
import { time } from './der.ts'
import type { Ca } from './hierarchy.ts'
import { toBeSigned, type LeafFields } from './leaf.ts'
import { partitionOf } from './partition.ts'

/** The part of certificates that is signed, filled into templates. */
export interface LeafTemplates {
  /**
   * RFC 5280 4.1: TBSCertificate of these fields and this P-256 point, octet for octet what
   * `createLeaf` writes. Throws an Error where a template lacks the place of a field.
   */
  toBeSigned(issuer: Ca, fields: LeafFields, point: Bytes): Bytes
}

/** The octets of one shape of certificate, and where in them the fields stand. */
interface Template {
  readonly octets: Bytes
  readonly serial: number
  readonly notBefore: number
  readonly notAfter: number
  readonly point: number
  readonly keyId: number
  /** In the subject, the URI and the DNS name. */
  readonly devices: readonly number[]
}

/**
 * Certificates of one issuer, kind, length of name and list differ in octets of fixed places alone, so
 * DER is written once for each such shape, of which a world has a few dozen.
 */
export function createLeafTemplates(): LeafTemplates {
  const byIssuer = new WeakMap<Ca, Map<string, Template>>()
  return {
    toBeSigned(issuer, fields, point) {
      // A name beyond ASCII is longer in octets than in letters: rare enough to be written anew.
      // And a mark as short as three letters might stand anywhere.
      if (!isAscii(fields.device) || fields.device.length < 4) {
        return toBeSigned(issuer, fields, spkiOf(point))
      }
      const shapes = byIssuer.get(issuer) ?? new Map<string, Template>()
      byIssuer.set(issuer, shapes)
      const partition = partitionOf(fields.serial, issuer.partitions)
      const shape = shapeOf(fields, partition)
      const template = shapes.get(shape) ?? createTemplate(issuer, fields, partition)
      shapes.set(shape, template)
      return fill(template, fields, point)
    },
  }
}

const serialOctets = 16

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

function shapeOf(
  { device, kind, purpose, notBefore, notAfter }: LeafFields,
  partition: number,
): string {
  const dates = [isGeneral(notBefore), isGeneral(notAfter)]
  return JSON.stringify([kind, purpose ?? 'client', device.length, ...dates, partition])
}

/** RFC 5280 4.1.2.5: from 2050 on a year has four digits. */
function isGeneral(at: Instant): boolean {
  return at >= yearOf2050
}

const yearOf2050 = instantFromIso('2050-01-01T00:00:00Z')

/** Marks of each field, that nothing else in a certificate looks like. */
const marks = {
  serial: Uint8Array.from({ length: serialOctets }, (_, at) => (at === 0 ? 0x7f : 0xa0 + at)),
  point: Uint8Array.from({ length: 65 }, (_, at) => (at === 0 ? 0x04 : 0xff - at)),
  utc: [instantFromIso('2049-11-12T13:14:15Z'), instantFromIso('2049-11-12T13:14:16Z')],
  general: [instantFromIso('2099-11-12T13:14:15Z'), instantFromIso('2099-11-12T13:14:16Z')],
} as const

function createTemplate(issuer: Ca, fields: LeafFields, partition: number): Template {
  const mark = '\u0001'.repeat(fields.device.length)
  const notBefore = marks[isGeneral(fields.notBefore) ? 'general' : 'utc'][0]
  const notAfter = marks[isGeneral(fields.notAfter) ? 'general' : 'utc'][1]
  const marked = { ...fields, device: mark, serial: marks.serial, notBefore, notAfter }
  const octets = toBeSigned(issuer, marked, spkiOf(marks.point), partition)
  return {
    octets,
    serial: placeOf(octets, marks.serial),
    notBefore: placeOf(octets, time(notBefore)),
    notAfter: placeOf(octets, time(notAfter)),
    point: placeOf(octets, marks.point),
    keyId: placeOf(octets, keyIdOfPoint(marks.point)),
    devices: threePlaces(octets, Buffer.from(mark)),
  }
}

function placeOf(octets: Bytes, mark: Uint8Array): number {
  const [place, ...others] = placesOf(octets, mark)
  if (place === undefined || others.length > 0) {
    throw new Error(`a mark stands ${others.length} times too often, or not at all, in a template`)
  }
  return place
}

/** The name stands in the subject, the URI and the DNS name. */
function threePlaces(octets: Bytes, mark: Uint8Array): readonly number[] {
  const places = placesOf(octets, mark)
  if (places.length === 3) return places
  throw new Error(`a template holds its device's name ${places.length} times and not three times`)
}

function placesOf(octets: Bytes, mark: Uint8Array): readonly number[] {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  const places: number[] = []
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) {
    places.push(at)
  }
  return places
}

function fill(template: Template, fields: LeafFields, point: Bytes): Bytes {
  const octets = template.octets.slice()
  octets.set(fields.serial, template.serial)
  octets.set(time(fields.notBefore), template.notBefore)
  octets.set(time(fields.notAfter), template.notAfter)
  octets.set(point, template.point)
  octets.set(keyIdOfPoint(point), template.keyId)
  for (const place of template.devices) writeAscii(octets, fields.device, place)
  return octets
}

function writeAscii(octets: Bytes, text: string, place: number): void {
  for (let at = 0; at < text.length; at += 1) octets[place + at] = text.charCodeAt(at)
}

/** RFC 5280 4.2.1.2 (1), of the point itself. */
function keyIdOfPoint(point: Bytes): Uint8Array {
  return hash('sha1', point, 'buffer')
}

/** RFC 5480: id-ecPublicKey and prime256v1 before a point of 65 octets. */
const spkiHead = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex')

function spkiOf(point: Bytes): Bytes {
  const spki = new Uint8Array(spkiHead.length + point.length)
  spki.set(spkiHead)
  spki.set(point, spkiHead.length)
  return spki
}
