import { shift, type Instant } from '#shared/time.ts'
import type { Bytes } from '#shared/bytes.ts'
import {
  bitString,
  boolean,
  element,
  integer,
  sequence,
  tagged,
  taggedOctets,
  time,
} from '#simulator/ca/der.ts'
import type { CorpusCase, CorpusWorld } from './case.ts'
import { sha1Keys, signatureAlgorithms } from './keys.ts'
import {
  altNames,
  authorityKeyIdentifier,
  basicConstraints,
  certificate,
  commonName,
  dayMs,
  dns,
  extension,
  keyUsage,
  nameConstraints,
  nameOf,
  nothing,
  purposes,
  stringOf,
  type CertificateParts,
} from './maker.ts'

type Row = readonly [
  name: string,
  expects: CorpusCase['expects'],
  about: string,
  parts: CertificateParts | ((world: CorpusWorld) => CertificateParts),
]

const clientAuth = '1.3.6.1.5.5.7.3.2'
const serverAuth = '1.3.6.1.5.5.7.3.1'

/** Certificates that are bent in one of their parts. */
const rows: readonly Row[] = [
  ['good-leaf', [], 'a device’s certificate', {}],
  [
    'good-no-revocation',
    [],
    'noRevAvail in place of a list (RFC 9608)',
    { extensions: { distributionPoint: undefined, noRevAvail: noRevAvail() } },
  ],
  [
    'version-1',
    ['cert.version', 'cert.kuAbsent', 'cert.ekuAbsent', 'cert.aki', 'cert.ski', 'cert.revocation'],
    'version 1',
    { version: nothing, extensionsField: nothing },
  ],
  ['version-1-extensions', ['cert.version'], 'extensions in version 1', { version: nothing }],
  [
    'version-2-extensions',
    ['cert.version'],
    'extensions in version 2',
    { version: tagged(0, integer(Uint8Array.of(1))) },
  ],
  ['serial-zero', ['cert.serial'], 'serial 0', { serial: integer(nothing) }],
  [
    'serial-negative',
    ['cert.serial'],
    'a negative serial',
    { serial: element(0x02, Uint8Array.of(0x80, ...Array.from({ length: 15 }, () => 1))) },
  ],
  [
    'serial-long',
    ['cert.serial'],
    'a serial of 21 octets',
    { serial: integer(new Uint8Array(21).fill(0x41)) },
  ],
  [
    'serial-sign-octet',
    ['cert.serial'],
    'a serial of 20 octets and a sign octet',
    { serial: integer(new Uint8Array(20).fill(0x91)) },
  ],
  [
    'serial-counted',
    ['cert.serialEntropy'],
    'a serial that was counted up',
    { serial: integer(Uint8Array.of(1, 7)) },
  ],
  [
    'algorithm-mismatch',
    ['cert.algorithmMismatch'],
    'another algorithm inside of what is signed',
    { innerAlgorithm: signatureAlgorithms.ecdsaSha384 },
  ],
  [
    'time-no-seconds',
    ['cert.time'],
    'a date without seconds',
    { notBefore: stringOf(0x17, '2601010000Z') },
  ],
  [
    'time-offset',
    ['cert.time'],
    'a date with an offset',
    { notAfter: stringOf(0x17, '360101000000+0100') },
  ],
  [
    'time-fraction',
    ['cert.time'],
    'a date with a fraction of a second',
    { notAfter: stringOf(0x18, '20360101000000.5Z') },
  ],
  [
    'time-no-day',
    ['cert.time'],
    'the thirtieth of February',
    { notAfter: stringOf(0x17, '360230000000Z') },
  ],
  [
    'time-generalized',
    ['cert.time'],
    'GeneralizedTime before 2050',
    { notAfter: stringOf(0x18, '20350101000000Z') },
  ],
  [
    'validity-reversed',
    ['cert.validity'],
    'an end before the beginning',
    ({ now }) => ({ notBefore: days(now, 10), notAfter: days(now, 5) }),
  ],
  [
    'validity-long',
    ['cert.validity'],
    'thirty years',
    ({ now }) => ({ notAfter: days(now, 30 * 365) }),
  ],
  [
    'validity-future',
    ['cert.notYetValid'],
    'from tomorrow on',
    ({ now }) => ({ notBefore: days(now, 1) }),
  ],
  [
    'validity-past',
    ['cert.expired'],
    'until yesterday',
    ({ now }) => ({ notBefore: days(now, -90), notAfter: days(now, -1) }),
  ],
  [
    'validity-forever',
    ['cert.forever'],
    'no end (99991231235959Z)',
    { notAfter: stringOf(0x18, '99991231235959Z') },
  ],
  [
    'extension-twice',
    ['cert.extensionRepeated'],
    'keyUsage twice',
    { extensions: { again: keyUsage(['digitalSignature']) } },
  ],
  [
    'extension-unknown',
    ['cert.unknownCritical'],
    'a critical extension that nobody knows',
    { extensions: { other: extension('1.3.6.1.4.1.99999.1', element(0x05), 'critical') } },
  ],
  [
    'ca-leaf',
    ['cert.bc'],
    'a device that is a CA',
    { extensions: { basicConstraints: basicConstraints(true) } },
  ],
  [
    'path-length',
    ['cert.bc'],
    'a device with a path length',
    { extensions: { basicConstraints: basicConstraints(false, 0) } },
  ],
  [
    'default-written',
    ['cert.default'],
    'cA FALSE written out, which DER leaves out',
    {
      extensions: {
        basicConstraints: extension('2.5.29.19', sequence(boolean(false)), 'critical'),
      },
    },
  ],
  [
    'unique-id',
    ['cert.uniqueId'],
    'a unique identifier of its subject',
    { uniqueId: taggedOctets(2, Uint8Array.of(0, 1)) },
  ],
  [
    'device-constraints',
    ['cert.nameConstraints'],
    'a device with name constraints',
    { extensions: { constraints: nameConstraints(dns('example.org')) } },
  ],
  ['issuer-nameless', ['cert.issuer'], 'an issuer without a name', { issuerName: nameOf() }],
  [
    'self-signed',
    ['cert.selfSigned'],
    'a device that vouches for itself',
    {
      issuerName: nameOf(commonName('self-signed')),
      extensions: { authorityKeyIdentifier: undefined },
    },
  ],
  [
    'issuer-key-critical',
    ['cert.criticality'],
    'an authorityKeyIdentifier that is critical',
    ({ issuing }) => ({
      extensions: { authorityKeyIdentifier: authorityKeyIdentifier(issuing.keys, 'critical') },
    }),
  ],
  [
    'issuer-serial-alone',
    ['cert.aki'],
    'the serial of its issuer’s certificate without the name',
    {
      extensions: {
        authorityKeyIdentifier: extension(
          '2.5.29.35',
          sequence(taggedOctets(0, new Uint8Array(20)), taggedOctets(2, Uint8Array.of(7))),
        ),
      },
    },
  ],
  ['usage-none', ['cert.kuAbsent'], 'no keyUsage', { extensions: { keyUsage: undefined } }],
  [
    'usage-empty',
    ['cert.ku'],
    'a keyUsage without a bit',
    { extensions: { keyUsage: keyUsage([]) } },
  ],
  [
    'usage-padded',
    ['cert.kuDer'],
    'a keyUsage of nine bits, the last of them 0',
    {
      extensions: {
        keyUsage: extension('2.5.29.15', bitString(Uint8Array.of(0x80, 0), 7), 'critical'),
      },
    },
  ],
  [
    'usage-signing',
    ['cert.ku'],
    'a device that may sign certificates',
    { extensions: { keyUsage: keyUsage(['digitalSignature', 'keyCertSign']) } },
  ],
  [
    'usage-crl-signing',
    ['cert.ku'],
    'a device that may sign lists',
    { extensions: { keyUsage: keyUsage(['digitalSignature', 'cRLSign']) } },
  ],
  [
    'usage-encipherment',
    ['cert.ku', 'cert.kuFits'],
    'keyEncipherment alone, of an elliptic key',
    { extensions: { keyUsage: keyUsage(['keyEncipherment']) } },
  ],
  [
    'usage-not-critical',
    ['cert.kuCritical'],
    'a keyUsage that may be passed over',
    { extensions: { keyUsage: keyUsage(['digitalSignature'], 'not critical') } },
  ],
  ['purpose-none', ['cert.ekuAbsent'], 'no extKeyUsage', { extensions: { purposes: undefined } }],
  ['purpose-empty', ['cert.eku'], 'an empty extKeyUsage', { extensions: { purposes: purposes() } }],
  [
    'purpose-server',
    ['cert.eku'],
    'a server’s certificate',
    { extensions: { purposes: purposes(serverAuth) } },
  ],
  [
    'purpose-code-signing',
    ['cert.eku'],
    'a device that may sign code',
    { extensions: { purposes: purposes(clientAuth, '1.3.6.1.5.5.7.3.3') } },
  ],
  [
    'issuer-key-unnamed',
    ['cert.aki'],
    'no authorityKeyIdentifier',
    { extensions: { authorityKeyIdentifier: undefined } },
  ],
  [
    'key-unnamed',
    ['cert.ski'],
    'no subjectKeyIdentifier',
    { extensions: { subjectKeyIdentifier: undefined } },
  ],
  [
    'revocation-nowhere',
    ['cert.revocation'],
    'nobody to ask whether it was revoked',
    { extensions: { distributionPoint: undefined } },
  ],
  [
    'revocation-contradicted',
    ['cert.noRevAvail'],
    'noRevAvail beside a distribution point',
    { extensions: { noRevAvail: noRevAvail() } },
  ],
  [
    'name-not-critical',
    ['name.sanCritical'],
    'an empty subject beside a subjectAltName that may be passed over',
    { subject: nameOf(), extensions: { altNames: altNames(dns('device.example')) } },
  ],
  [
    'name-empty-list',
    ['name.missing'],
    'a subjectAltName of no name',
    { extensions: { altNames: altNames() } },
  ],
  [
    'name-two-hosts',
    ['csr.id'],
    'a name of its own and another device’s',
    { subject: nameOf(commonName('name-two-hosts'), commonName('other')) },
  ],
]

export const certificateCases: readonly CorpusCase[] = [
  ...rows.map(([name, expects, about, parts]): CorpusCase => ({
    name,
    profile: 'device',
    kind: 'certificate',
    expects,
    about,
    make: (world) => {
      const own = typeof parts === 'function' ? parts(world) : parts
      return [certificate(name, world.issuing, world.now, own)]
    },
  })),
  {
    name: 'algorithm-sha1',
    profile: 'device',
    kind: 'certificate',
    expects: ['cert.algorithm'],
    about: 'signed over SHA-1',
    make: ({ issuing, now }) => [
      certificate('algorithm-sha1', { ...issuing, keys: sha1Keys() }, now),
    ],
  },
]

/** Two certificates of one serial: the second that is met is told. */
export const serialCases: readonly CorpusCase[] = ['serial-again-1', 'serial-again-2'].map(
  (name, nth): CorpusCase => ({
    name,
    profile: 'device',
    kind: 'certificate',
    expects: nth === 0 ? [] : ['cert.serialReuse'],
    about: 'one of two certificates with one serial, of which the second is told',
    make: ({ issuing, now }) => [
      certificate(name, issuing, now, { serial: integer(new Uint8Array(16).fill(0x55)) }),
    ],
  }),
)

function days(now: Instant, count: number): Bytes {
  return time(shift(now, count * dayMs))
}

/** RFC 9608 2: NULL. */
function noRevAvail(): Bytes {
  return extension('2.5.29.56', element(0x05))
}
