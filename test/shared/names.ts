import type { Bytes } from '#shared/bytes.ts'
import { oid, sequence, set, utf8String } from './der/writer.ts'

const types = {
  CN: '2.5.4.3',
  O: '2.5.4.10',
  emailAddress: '1.2.840.113549.1.9.1',
} as const

export type Attribute = readonly [type: keyof typeof types, value: string | Bytes]

/** AttributeTypeAndValue: text as UTF8String, octets as the element that they are. */
export function attribute([type, value]: Attribute): Bytes {
  return sequence(oid(types[type]), typeof value === 'string' ? utf8String(value) : value)
}

/** A Name of one attribute an RDN. */
export function nameOf(...attributes: readonly Attribute[]): Bytes {
  return sequence(...attributes.map((each) => set(attribute(each))))
}
