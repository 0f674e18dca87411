import type { Bytes } from '#shared/bytes.ts'
import { readName, type NameAttribute } from '#shared/wire/name-reader.ts'
import { textOf } from '#shared/wire/name-text.ts'
import type { SubjectAltNames } from '#shared/x509/certificate.ts'

/** Who a request or a certificate says its holder is, as checks read it. */
export interface Subject {
  /** Where it stands: `request`, `chain[1]`. */
  readonly path: string
  /** DER of the Name. */
  readonly der: Bytes
  /** All attributes, in order; undefined where the octets are no Name. */
  readonly attributes: readonly NameAttribute[] | undefined
  readonly altNames: SubjectAltNames | undefined
}

export function subjectOf(
  path: string,
  der: Bytes,
  altNames: SubjectAltNames | undefined,
): Subject {
  const name = readName(der)
  return { path, der, attributes: name.ok ? name.value.flat() : undefined, altNames }
}

export const commonName = '2.5.4.3'
export const serialNumber = '2.5.4.5'
export const organizationName = '2.5.4.10'

/** The texts of a subject's attributes of one type; those that are no strings are left out. */
export function textsOf({ attributes }: Subject, oid: string): readonly string[] {
  const texts: string[] = []
  for (const attribute of attributes ?? []) {
    const text = attribute.oid === oid ? textOf(attribute) : undefined
    if (text !== undefined) texts.push(text)
  }
  return texts
}
