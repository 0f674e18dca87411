import { attributeNames } from '#shared/wire/name-attributes.ts'
import type { NameAttribute } from '#shared/wire/name-reader.ts'
import { textOf } from '#shared/wire/name-text.ts'
import { finding } from './catalogue.ts'
import type { Finding } from './finding.ts'
import type { NamesRule } from './profile.ts'
import type { Subject } from './subject.ts'

/** Every check of who a request or a certificate says its holder is. */
export function checkNames(subject: Subject, rule: NamesRule): readonly Finding[] {
  return [
    ...checkNamed(subject),
    ...(subject.attributes ?? []).flatMap((attribute) => checkAttribute(subject, attribute)),
    ...checkForms(subject, rule),
    ...checkCount(subject, rule),
    ...checkHosts(subject),
    ...checkTexts(subject),
  ]
}

/** RFC 5280 4.1.2.6: where the subject is empty, subjectAltName says who it is. */
function checkNamed({ path, attributes, altNames }: Subject): readonly Finding[] {
  if (attributes === undefined) {
    return [finding('der.malformed', `${path}.subject`, 'no Name', 'a Name (RFC 5280 4.1.2.4)')]
  }
  if (attributes.length > 0 || altNames !== undefined) return []
  return [finding('name.missing', `${path}.subject`, 'empty', 'a name, or a subjectAltName')]
}

function checkAttribute(subject: Subject, attribute: NameAttribute): readonly Finding[] {
  const path = `${subject.path}.subject.${attributeNames.get(attribute.oid) ?? attribute.oid}`
  const text = textOf(attribute)
  return [
    ...checkEncoding(path, attribute),
    ...(text === undefined ? [] : checkCharacters(path, text)),
    ...(text === undefined ? [] : checkSpaces(path, text)),
    ...(text === undefined ? [] : checkLength(path, attribute.oid, text)),
  ]
}

/** String types of other days (RFC 5280 4.1.2.4: MUST NOT be used by new CAs), by tag. */
const oldStrings: Readonly<Record<number, string>> = {
  0x14: 'TeletexString',
  0x1c: 'UniversalString',
  0x1e: 'BMPString',
}

/** RFC 5280 4.1.2.4: relying parties compare what two encoders wrote in two ways. */
function checkEncoding(path: string, { valueTag }: NameAttribute): readonly Finding[] {
  const old = oldStrings[valueTag]
  if (old === undefined) return []
  return [finding('name.encoding', path, old, 'PrintableString or UTF8String')]
}

/** Controls, formats and line ends: a NUL ends a name for some readers (CVE-2009-2408), marks turn it round. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

function checkCharacters(path: string, text: string): readonly Finding[] {
  if (!hidden.test(text)) return []
  return [finding('name.characters', path, text, 'no control or formatting characters')]
}

/** RFC 5280 7.1: comparison folds them, and so may two devices become one. */
function checkSpaces(path: string, text: string): readonly Finding[] {
  if (!text.startsWith(' ') && !text.endsWith(' ') && !text.includes('  ')) return []
  return [finding('name.spaces', path, `"${text}"`, 'single spaces inside alone')]
}

/** RFC 5280 appendix A.1: ub-common-name and its like, in characters. */
const bounds: Readonly<Record<string, number>> = {
  '2.5.4.3': 64,
  '2.5.4.5': 64,
  '2.5.4.6': 2,
  '2.5.4.7': 128,
  '2.5.4.8': 128,
  '2.5.4.10': 64,
  '2.5.4.11': 64,
}

function checkLength(path: string, oid: string, text: string): readonly Finding[] {
  const most = bounds[oid] ?? Number.POSITIVE_INFINITY
  const length = Array.from(text).length
  if (length > 0 && length <= most) return []
  const wanted = length === 0 ? 'at least 1' : `at most ${most}`
  return [finding('name.length', path, `${length} characters`, wanted)]
}

/** RFC 5280 4.2.1.6: forms that nobody looks at hide what a CA signs unread. */
function checkForms({ path, altNames }: Subject, { forms }: NamesRule): readonly Finding[] {
  const other = new Set(
    altNames?.all.map(({ form }) => form).filter((form) => !forms.includes(form)),
  )
  const where = `${path}.subjectAltName`
  return Array.from(other, (form) => finding('name.sanForm', where, form, forms.join(', ')))
}

/** Each name costs every relying party its comparison with name constraints. */
function checkCount({ path, altNames }: Subject, { altNamesMax }: NamesRule): readonly Finding[] {
  const count = altNames?.all.length ?? 0
  if (count <= altNamesMax) return []
  return [finding('name.sanCount', `${path}.subjectAltName`, `${count}`, `at most ${altNamesMax}`)]
}

/** Hosts that are told one by one: more of them say nothing more. */
const hostsToldMax = 8

function checkHosts({ path, altNames }: Subject): readonly Finding[] {
  const findings: Finding[] = []
  for (const [index, host] of (altNames?.dns ?? []).entries()) {
    if (findings.length === hostsToldMax) break
    const where = `${path}.subjectAltName.dns[${index}]`
    // RFC 9525 6.3: one certificate of many hosts is many devices' certificate.
    if (host.includes('*')) findings.push(finding('name.wildcard', where, host, 'one host'))
    else if (!isHost(host)) findings.push(finding('name.host', where, host, 'a host name'))
  }
  return findings
}

/** RFC 1034 3.5 as RFC 1123 2.1 has it, and underscores, which devices' names have; RFC 1035 2.3.4 for the length. */
function isHost(host: string): boolean {
  if (host.length > 253) return false
  return host.split('.').every((label) => /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/.test(label))
}

/** The same characters that subjects may not have, in names that are texts. */
function checkTexts({ path, altNames }: Subject): readonly Finding[] {
  const texts = [
    ...(altNames?.uris.map((text) => ({ form: 'uri', text })) ?? []),
    ...(altNames?.emails.map((text) => ({ form: 'email', text })) ?? []),
  ]
  const bad = texts.find(({ text }) => hidden.test(text))
  if (bad === undefined) return []
  return checkCharacters(`${path}.subjectAltName.${bad.form}`, bad.text)
}
