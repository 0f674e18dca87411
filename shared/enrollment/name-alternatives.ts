import { readName } from '#shared/wire/name-reader.ts'
import { toHex } from '#shared/bytes.ts'
import type { GeneralName } from '#shared/x509/general-name.ts'
import { finding } from './catalogue.ts'
import type { Finding } from './finding.ts'
import { checkAttribute, checkCharacters } from './name-attributes.ts'
import type { NamesRule } from './profile.ts'
import type { Subject } from './subject.ts'

/** Every check of a subjectAltName (RFC 5280 4.2.1.6). */
export function checkAlternatives(subject: Subject, rule: NamesRule): readonly Finding[] {
  const { altNames, path } = subject
  if (altNames === undefined) return []
  const where = `${path}.subjectAltName`
  return [
    ...checkForms(where, altNames.all, rule),
    ...checkCount(where, altNames.all.length, rule),
    ...checkRepeated(where, altNames.all),
    ...told(altNames.dns, (host, at) => checkHost(`${where}.dns[${at}]`, host)),
    ...told(altNames.uris, (uri, at) => checkUri(`${where}.uri[${at}]`, uri)),
    ...told(altNames.emails, (text, at) => checkCharacters(`${where}.email[${at}]`, text)),
    ...told(altNames.all, (name) => checkDirectory(`${where}.directory`, name)),
  ]
}

/** Names of one form that are told one by one: more of them say nothing more. */
const toldMax = 8

function told<Name>(
  names: readonly Name[],
  check: (name: Name, at: number) => readonly Finding[],
): readonly Finding[] {
  const findings: Finding[] = []
  for (const [at, name] of names.entries()) {
    if (findings.length >= toldMax) break
    findings.push(...check(name, at))
  }
  return findings
}

/** RFC 5280 4.2.1.6: forms that nobody looks at hide what a CA signs unread. */
function checkForms(
  where: string,
  names: readonly GeneralName[],
  { forms }: NamesRule,
): readonly Finding[] {
  const other = new Set(names.map(({ form }) => form).filter((form) => !forms.includes(form)))
  return Array.from(other, (form) => finding('name.sanForm', where, form, forms.join(', ')))
}

/** Each name costs every relying party its comparison with name constraints. */
function checkCount(where: string, count: number, { altNamesMax }: NamesRule): readonly Finding[] {
  if (count <= altNamesMax) return []
  return [finding('name.sanCount', where, `${count}`, `at most ${altNamesMax}`)]
}

function checkRepeated(where: string, names: readonly GeneralName[]): readonly Finding[] {
  const seen = new Set<string>()
  for (const name of names) {
    const text = 'text' in name ? name.text : 'octets' in name ? toHex(name.octets) : undefined
    if (text === undefined) continue
    // RFC 4343: hosts are the same in letters of either case.
    const spelling = `${name.form} ${name.form === 'dns' ? text.toLowerCase() : text}`
    if (seen.has(spelling)) return [finding('name.repeated', where, spelling, 'once')]
    seen.add(spelling)
  }
  return []
}

function checkHost(where: string, host: string): readonly Finding[] {
  // RFC 9525 6.3: one certificate of many hosts is many devices' certificate.
  if (host.includes('*')) return [finding('name.wildcard', where, host, 'one host')]
  if (isHost(host)) return []
  return [finding('name.host', where, host, 'a host name')]
}

/**
 * RFC 1034 3.5 as RFC 1123 2.1 has it, and underscores, which devices' names have; RFC 1035 2.3.4 for
 * the length. RFC 1123 2.1: an address is known by its last label, which is a number.
 */
function isHost(host: string): boolean {
  const labels = host.split('.')
  if (host.length > 253 || (labels.length > 1 && /^\d+$/.test(labels.at(-1) ?? ''))) return false
  return labels.every((label) => /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/.test(label))
}

/** RFC 5280 4.2.1.6: a scheme and something behind it (RFC 3986 3.1), of characters that URIs have. */
function checkUri(where: string, uri: string): readonly Finding[] {
  const characters = checkCharacters(where, uri)
  if (
    characters.length > 0 ||
    /^[A-Za-z][A-Za-z0-9+.-]*:[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/.test(uri)
  ) {
    return characters
  }
  return [finding('name.uri', where, uri, 'scheme:something, without blanks')]
}

/** A distinguished name among the others is read as the subject is. */
function checkDirectory(where: string, name: GeneralName): readonly Finding[] {
  if (name.form !== 'directory') return []
  const read = readName(name.name)
  if (!read.ok) return [finding('der.malformed', where, 'no Name', read.error.expected)]
  return read.value.flat().flatMap((attribute) => checkAttribute(where, attribute))
}
