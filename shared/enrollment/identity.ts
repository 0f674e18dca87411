import { finding } from './catalogue.ts'
import type { Finding } from './finding.ts'
import type { Alphabet, IdentityPlace, IdentityRule } from './profile.ts'
import { commonName, serialNumber, textsOf, type Subject } from './subject.ts'

/** Who the device is, or why nobody can tell. */
export interface ReadIdentity {
  readonly device: string | undefined
  readonly findings: readonly Finding[]
}

/**
 * The device's identifier at the first place of the rule that is there: one, between the rule's
 * prefix and suffix, of its characters. Nothing is folded: two devices are the same where their texts are.
 *
 * @param wanted the identifier that whoever enrols may have; undefined where anything goes
 */
export function readIdentity(
  subject: Subject,
  rule: IdentityRule,
  wanted: string | undefined,
): ReadIdentity {
  const place = rule.from.find((each) => textsAt(subject, each).length > 0)
  if (place === undefined) {
    const isAsked = rule.presence === 'required' || wanted !== undefined
    return isAsked ? refused(subject.path, 'none', rule.from.join(' or ')) : none
  }
  const path = `${subject.path}.${placePaths[place]}`
  const [text = '', ...more] = textsAt(subject, place)
  if (more.length > 0) return refused(path, `${more.length + 1} of them`, 'exactly one')
  const device = between(text, rule)
  if (device === undefined) return refused(path, text, `${rule.prefix}<device>${rule.suffix}`)
  if (device.length > rule.lengthMax) {
    return refused(path, `${device.length} characters`, `at most ${rule.lengthMax}`)
  }
  const { isIn, words } = alphabets[rule.alphabet]
  if (!isIn(device)) return refused(path, device, words)
  if (wanted !== undefined && device !== wanted) return refused(path, device, wanted)
  return { device, findings: [] }
}

const none: ReadIdentity = { device: undefined, findings: [] }

function refused(path: string, found: string, wanted: string): ReadIdentity {
  return { device: undefined, findings: [finding('csr.id', path, found, wanted)] }
}

/** How a path calls each place. */
const placePaths = {
  commonName: 'subject.CN',
  serialNumber: 'subject.serialNumber',
  uri: 'subjectAltName.uri',
  dns: 'subjectAltName.dns',
} as const satisfies Record<IdentityPlace, string>

function textsAt(subject: Subject, place: IdentityPlace): readonly string[] {
  switch (place) {
    case 'commonName':
      return textsOf(subject, commonName)
    case 'serialNumber':
      return textsOf(subject, serialNumber)
    case 'uri':
      return subject.altNames?.uris ?? []
    case 'dns':
      return subject.altNames?.dns ?? []
  }
}

/** What stands between prefix and suffix; undefined where they do not, or nothing does. */
function between(text: string, { prefix, suffix }: IdentityRule): string | undefined {
  const isFramed = text.startsWith(prefix) && text.endsWith(suffix)
  const length = text.length - prefix.length - suffix.length
  return isFramed && length > 0 ? text.slice(prefix.length, prefix.length + length) : undefined
}

const alphabets = {
  registration: {
    // Azure DPS: registration IDs.
    isIn: (text) => /^[A-Za-z0-9\-._:]*[A-Za-z0-9-]$/.test(text),
    words: 'letters, digits and - . _ : with a letter, a digit or - at the end',
  },
  printable: { isIn: (text) => /^[\x21-\x7e]+$/.test(text), words: 'printable ASCII, no spaces' },
  any: { isIn: () => true, words: 'any text' },
} as const satisfies Record<Alphabet, { isIn: (text: string) => boolean; words: string }>
