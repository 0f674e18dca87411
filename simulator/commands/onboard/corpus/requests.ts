import { randomBytes } from 'node:crypto'
import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { element, integer, objectIdentifier, sequence, set, utf8String } from '#simulator/ca/der.ts'
import type { CorpusCase } from './case.ts'
import { ed25519Keys, p256Keys, p384Keys, rsaKeys, sha1Keys } from './keys.ts'
import {
  altNames,
  attribute,
  basicConstraints,
  commonName,
  dns,
  extension,
  extensionRequest,
  keyUsage,
  nameConstraints,
  nameOf,
  nothing,
  purposes,
  request,
  requestAttribute,
  uri,
} from './maker.ts'
import { nameRows, type RequestRow } from './name-requests.ts'

/** Requests that are bent in one of their parts. */
const rows: readonly RequestRow[] = [
  ['good-p256', [], 'a name, a P-256 key, nothing else', {}],
  ['good-p384', [], 'a P-384 key', () => ({ keys: p384Keys() })],
  ['good-rsa', [], 'an RSA key of 2048 bits', () => ({ keys: rsaKeys(2048) })],
  ['good-ed25519', [], 'an Ed25519 key', () => ({ keys: ed25519Keys() })],
  [
    'good-wishes',
    [],
    'everything that a device may ask for',
    {
      extensions: [
        basicConstraints(false),
        keyUsage(['digitalSignature']),
        purposes('1.3.6.1.5.5.7.3.2'),
        altNames(dns('good-wishes.example'), uri('urn:uuid:7f6ab0a2-0001')),
      ],
    },
  ],
  ['pop-flipped', ['csr.pop'], 'one bit of the signature is another', { signature: flipped }],
  [
    'pop-other-key',
    ['csr.pop'],
    'the key of somebody else in a request that one’s own key signed',
    () => ({ spki: p256Keys().spki }),
  ],
  ['algorithm-sha1', ['csr.algorithm'], 'signed over SHA-1', () => ({ keys: sha1Keys() })],
  ['wish-ca', ['csr.ca'], 'asks to be a CA', { extensions: [basicConstraints(true)] }],
  [
    'wish-signing',
    ['csr.ca'],
    'asks to sign certificates and CRLs',
    { extensions: [keyUsage(['digitalSignature', 'keyCertSign', 'cRLSign'])] },
  ],
  [
    'wish-ca-microsoft',
    ['csr.ca', 'csr.attribute'],
    'asks to be a CA in Microsoft’s attribute, which OpenSSL reads as well',
    {
      attributes: [requestAttribute('1.3.6.1.4.1.311.2.1.14', sequence(basicConstraints(true)))],
    },
  ],
  [
    'wish-constraints',
    ['csr.ca'],
    'asks for name constraints, which CAs alone have',
    { extensions: [nameConstraints(dns('example.org'))] },
  ],
  [
    'wish-path-length',
    ['csr.ca'],
    'asks for a path length',
    { extensions: [basicConstraints(false, 0)] },
  ],
  [
    'wish-server-alone',
    ['csr.purposeAbsent'],
    'asks to be a server and no client',
    { extensions: [purposes('1.3.6.1.5.5.7.3.1')] },
  ],
  [
    'wish-unfit',
    ['csr.keyUsage'],
    'asks for keyEncipherment, which an elliptic key cannot do',
    { extensions: [keyUsage(['digitalSignature', 'keyEncipherment'])] },
  ],
  [
    'wish-code-signing',
    ['csr.purpose'],
    'asks to sign code',
    { extensions: [purposes('1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.3')] },
  ],
  [
    'wish-any-purpose',
    ['csr.purpose'],
    'asks for any purpose',
    { extensions: [purposes('2.5.29.37.0')] },
  ],
  [
    'wish-no-signature',
    ['csr.keyUsage'],
    'asks for a key that may not sign in a handshake',
    { extensions: [keyUsage(['keyEncipherment'])] },
  ],
  [
    'wish-unknown',
    ['csr.unknownCritical'],
    'asks for a critical extension that nobody knows',
    { extensions: [extension('1.3.6.1.4.1.99999.1', element(0x05), 'critical')] },
  ],
  [
    'extension-twice',
    ['cert.extensionRepeated'],
    'asks for two subjectAltNames',
    { extensions: [altNames(dns('a.example')), altNames(dns('b.example'))] },
  ],
  [
    'challenge-password',
    ['csr.challenge'],
    'carries a password',
    { attributes: [requestAttribute('1.2.840.113549.1.9.7', utf8String('secret'))] },
  ],
  [
    'attribute-other',
    ['csr.attribute'],
    'carries an unstructured name',
    { attributes: [requestAttribute('1.2.840.113549.1.9.2', utf8String('device'))] },
  ],
  [
    'attribute-twice',
    ['der.malformed'],
    'carries extensionRequest twice',
    {
      attributes: [
        extensionRequest(altNames(dns('a.example'))),
        extensionRequest(altNames(dns('b.example'))),
      ],
    },
  ],
  [
    'attribute-of-two',
    ['der.malformed'],
    'extensionRequest and Microsoft’s: each CA takes another one',
    {
      attributes: [
        extensionRequest(altNames(dns('a.example'))),
        requestAttribute('1.3.6.1.4.1.311.2.1.14', sequence(altNames(dns('b.example')))),
      ],
    },
  ],
  [
    'attribute-empty',
    ['der.malformed'],
    'extensionRequest without a value',
    { attributes: [requestAttribute('1.2.840.113549.1.9.14')] },
  ],
  [
    'attribute-other-type',
    ['der.malformed'],
    'a text where extensionRequest has extensions',
    { attributes: [requestAttribute('1.2.840.113549.1.9.14', utf8String('CA:TRUE'))] },
  ],
  [
    'id-twice',
    ['csr.id'],
    'two common names: verifiers differ about which one counts',
    { subject: nameOf(commonName('id-twice'), commonName('other-device')) },
  ],
  [
    'id-missing',
    ['csr.id'],
    'an organization and no device',
    { subject: nameOf(attribute('2.5.4.10', utf8String('Corpus'))) },
  ],
  [
    'name-missing',
    ['name.missing', 'csr.id'],
    'neither subject nor subjectAltName',
    { subject: nameOf() },
  ],
  ...nameRows,
  [
    'version-one',
    ['der.malformed'],
    'version 1, which no PKCS #10 has',
    { version: integer(Uint8Array.of(1)) },
  ],
  [
    'attributes-flood',
    ['der.malformed'],
    'more attributes than PKCS #9 defines',
    {
      attributes: Array.from({ length: 40 }, (_, arc) =>
        requestAttribute(`1.3.6.1.4.1.99999.2.${arc}`, utf8String('a')),
      ),
    },
  ],
]

/** Requests that are bent as a whole. */
const bent: readonly (readonly [string, string, (der: Bytes) => Bytes])[] = [
  ['der-trailing', 'an octet behind the end', (der) => concatBytes(der, Uint8Array.of(0))],
  ['der-truncated', 'the last octet is missing', (der) => der.slice(0, -1)],
  ['der-empty', 'nothing', () => sequence()],
  ['der-no-asn1', 'a page of a web server', () => new TextEncoder().encode('0<html>404</html>')],
  ['der-indefinite', 'a length that says nothing', indefinite],
  ['der-long-length', 'a length in more octets than it takes', longLength],
  [
    'der-huge',
    'a megabyte',
    () => concatBytes(Uint8Array.of(0x30, 0x83, 0x0f, 0xff, 0xfb), randomBytes(0xffffb)),
  ],
  ['der-deep', 'a name of a thousand sequences in one another', () => deep()],
]

export const requestCases: readonly CorpusCase[] = [
  ...rows.map(([name, expects, about, parts]): CorpusCase => ({
    name,
    profile: 'device',
    kind: 'request',
    expects,
    about,
    make: () => [request(name, typeof parts === 'function' ? parts() : parts)],
  })),
  ...bent.map(([name, about, bend]): CorpusCase => ({
    name,
    profile: 'device',
    kind: 'request',
    expects: ['der.malformed'],
    about,
    make: () => [bend(request(name))],
  })),
]

function flipped(signature: Bytes): Bytes {
  const other = signature.slice()
  const last = other.length - 1
  other[last] = (other[last] ?? 0) ^ 1
  return other
}

/** X.690 8.1.3.6: the indefinite form, which DER does not have (10.1). */
function indefinite(der: Bytes): Bytes {
  return concatBytes(Uint8Array.of(0x30, 0x80), contentOf(der), Uint8Array.of(0, 0))
}

/** X.690 10.1: the length in four octets. */
function longLength(der: Bytes): Bytes {
  const content = contentOf(der)
  const length = Uint8Array.of(0x30, 0x84, 0, 0, content.length >> 8, content.length & 0xff)
  return concatBytes(length, content)
}

/** Of a request whose length takes one or two octets beside the first. */
function contentOf(der: Bytes): Bytes {
  const lengthOctets = (der[1] ?? 0) >= 0x80 ? (der[1] ?? 0) & 0x7f : 0
  return der.slice(2 + lengthOctets)
}

function deep(): Bytes {
  let nested: Bytes = sequence(objectIdentifier('2.5.4.3'))
  for (let depth = 0; depth < 1000; depth += 1) nested = set(nested)
  return sequence(sequence(integer(nothing), nested))
}
