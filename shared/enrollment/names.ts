import { readName } from '#shared/wire/name-reader.ts'
import { finding } from './catalogue.ts'
import type { Finding } from './finding.ts'
import { checkAlternatives } from './name-alternatives.ts'
import { checkAttribute } from './name-attributes.ts'
import type { NamesRule } from './profile.ts'
import type { Subject } from './subject.ts'

/** Every check of who a request or a certificate says its holder is. */
export function checkNames(subject: Subject, rule: NamesRule): readonly Finding[] {
  const name = `${subject.path}.subject`
  return [
    ...checkNamed(subject),
    ...(subject.attributes ?? []).flatMap((attribute) => checkAttribute(name, attribute)),
    ...checkAlternatives(subject, rule),
  ]
}

/** RFC 5280 4.1.2.6: where the subject is empty, subjectAltName says who it is. */
function checkNamed({ path, der, attributes, altNames }: Subject): readonly Finding[] {
  const where = `${path}.subject`
  if (attributes === undefined) return [unreadable(where, readName(der))]
  if (attributes.length > 0 || altNames !== undefined) return []
  return [finding('name.missing', where, 'empty', 'a name, or a subjectAltName')]
}

/** RFC 5280 4.1.2.4: no Name, or one that breaks off inside a character. */
function unreadable(where: string, read: ReturnType<typeof readName>): Finding {
  const expected = read.ok ? 'a Name' : read.error.expected
  const isBroken = expected === 'a string of whole characters'
  return isBroken
    ? finding('name.characters', where, 'octets that are no text', expected)
    : finding('der.malformed', where, 'no Name', `${expected} (RFC 5280 4.1.2.4)`)
}
