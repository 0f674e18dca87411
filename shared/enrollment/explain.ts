import type { DerFault } from '#shared/der/reader.ts'
import { finding, type CheckCode } from './catalogue.ts'
import type { Finding } from './finding.ts'

interface Explanation {
  readonly code: CheckCode
  /** Where the parser says so, below the whole. */
  readonly path: string
  /** What was found there. */
  readonly found: string
}

/**
 * What the strict parser stumbles over when a maker slips in a way that is known: by the parser's own
 * words for what belonged there. Anything else is `der.malformed`, with the byte.
 */
const known: Readonly<Record<string, Explanation>> = {
  'no extensions before version 3': {
    code: 'cert.version',
    path: 'version',
    found: 'extensions in a certificate of an older version',
  },
  'no unique identifier in a version 1 certificate': {
    code: 'cert.version',
    path: 'version',
    found: 'a unique identifier in a certificate of version 1',
  },
  'version 2 or 3': { code: 'cert.version', path: 'version', found: 'another version' },
  'serialNumber of at most 20 octets': {
    code: 'cert.serial',
    path: 'serialNumber',
    found: 'a longer serial',
  },
  'serialNumber with content': {
    code: 'cert.serial',
    path: 'serialNumber',
    found: 'an INTEGER without content',
  },
  'signatureAlgorithm equal to the signed one': {
    code: 'cert.algorithmMismatch',
    path: 'signatureAlgorithm',
    found: 'another one',
  },
  'keyUsage with at least one bit': {
    code: 'cert.ku',
    path: 'keyUsage',
    found: 'no bit',
  },
  'at least one KeyPurposeId': { code: 'cert.eku', path: 'extKeyUsage', found: 'an empty list' },
  'a critical one beside an empty subject': {
    code: 'name.sanCritical',
    path: 'subjectAltName',
    found: 'one that is not critical',
  },
  'at least one GeneralName': {
    code: 'name.missing',
    path: 'subjectAltName',
    found: 'an empty list',
  },
  'at most 512 names': { code: 'name.sanCount', path: 'subjectAltName', found: 'more' },
  'iPAddress of 4 or 16 octets': {
    code: 'name.ip',
    path: 'subjectAltName.ip',
    found: 'an address of another length',
  },
  'dNSName in IA5String': {
    code: 'name.characters',
    path: 'subjectAltName.dns',
    found: 'octets that are no ASCII',
  },
  'uniformResourceIdentifier in IA5String': {
    code: 'name.characters',
    path: 'subjectAltName.uri',
    found: 'octets that are no ASCII',
  },
  'rfc822Name in IA5String': {
    code: 'name.characters',
    path: 'subjectAltName.email',
    found: 'octets that are no ASCII',
  },
  'PrintableString of its own characters': {
    code: 'name.characters',
    path: 'subject',
    found: 'a PrintableString of other characters',
  },
  'IA5String of its own characters': {
    code: 'name.characters',
    path: 'subject',
    found: 'an IA5String of other characters',
  },
  'NumericString of its own characters': {
    code: 'name.characters',
    path: 'subject',
    found: 'a NumericString of other characters',
  },
}

/** Why a parser refused: by the code of the slip where it is a known one. */
export function explainFault(path: string, { offset, expected }: DerFault): Finding {
  const found = known[expected] ?? ofFamily(expected)
  if (found === undefined) {
    return finding('der.malformed', path, `something else at byte ${offset}`, expected)
  }
  return finding(found.code, `${path}.${found.path}`, `${found.found} (byte ${offset})`, expected)
}

/** Words that hold a name of the bytes themselves. */
function ofFamily(expected: string): Explanation | undefined {
  if (/^extension [\d.]+ only once$/.test(expected)) {
    return { code: 'cert.extensionRepeated', path: 'extensions', found: 'it twice' }
  }
  if (/^not(Before|After) (as|that is)/.test(expected)) {
    const path = expected.startsWith('notBefore') ? 'validity.notBefore' : 'validity.notAfter'
    return { code: 'cert.time', path, found: 'another form' }
  }
  return undefined
}
