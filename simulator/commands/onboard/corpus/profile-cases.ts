import type { Bytes } from '#shared/bytes.ts'
import type { ProfileName } from '#shared/enrollment/profile.ts'
import { shift } from '#shared/time.ts'
import { element, time, utf8String } from '#simulator/ca/der.ts'
import type { CorpusCase } from './case.ts'
import {
  altNames,
  attribute,
  authority,
  certificate,
  commonName,
  dayMs,
  dns,
  extension,
  keyUsage,
  nameOf,
  purposes,
  request,
  stringOf,
  uri,
  type CertificateParts,
} from './maker.ts'
import { matterRows } from './matter-cases.ts'

const clientAuth = '1.3.6.1.5.5.7.3.2'
const serverAuth = '1.3.6.1.5.5.7.3.1'

const serialNumber = (text: string): Bytes => attribute('2.5.4.5', stringOf(0x13, text))
const organization = (text: string): Bytes => attribute('2.5.4.10', utf8String(text))

type Row = readonly [
  name: string,
  kind: CorpusCase['kind'],
  expects: CorpusCase['expects'],
  about: string,
  make: CorpusCase['make'],
]

const forever = stringOf(0x18, '99991231235959Z')

const idevidRows: readonly Row[] = [
  [
    'good-idevid',
    'certificate',
    [],
    'a factory identity without an end',
    leaf((name) => ({
      subject: nameOf(serialNumber(name)),
      notAfter: forever,
      extensions: { purposes: undefined },
    })),
  ],
  [
    'idevid-ends',
    'certificate',
    ['idevid.end'],
    'a factory identity with an end',
    leaf((name) => ({
      subject: nameOf(serialNumber(name)),
      extensions: { purposes: undefined },
    })),
  ],
  [
    'idevid-no-serial',
    'certificate',
    ['idevid.serialNumber', 'csr.id'],
    'a factory identity of a common name alone',
    leaf(() => ({ notAfter: forever })),
  ],
  [
    'idevid-request-no-serial',
    'request',
    ['idevid.serialNumber', 'csr.id'],
    'a request of a common name alone',
    (_, name) => [request(name)],
  ],
]

const spiffeRows: readonly Row[] = [
  ['good-svid', 'certificate', [], 'an X509-SVID', svid('spiffe://corpus.example/device/1')],
  [
    'svid-two-ids',
    'certificate',
    ['svid.uri', 'csr.id'],
    'two SPIFFE IDs',
    svid('spiffe://corpus.example/a', 'spiffe://corpus.example/b'),
  ],
  [
    'svid-no-id',
    'certificate',
    ['svid.uri', 'csr.id'],
    'a host and no SPIFFE ID',
    leaf(() => ({ extensions: { ...svidExtensions(), altNames: altNames(dns('a.example')) } })),
  ],
  ['svid-other-scheme', 'certificate', ['svid.id'], 'a URL', svid('https://corpus.example/device')],
  [
    'svid-upper-case',
    'certificate',
    ['svid.id'],
    'a trust domain in capitals',
    svid('spiffe://Corpus.example/a'),
  ],
  [
    'svid-escaped',
    'certificate',
    ['svid.id'],
    'an escaped slash',
    svid('spiffe://corpus.example/a%2Fb'),
  ],
  [
    'svid-dots',
    'certificate',
    ['svid.id'],
    'a path that leads back',
    svid('spiffe://corpus.example/a/../b'),
  ],
  [
    'svid-slash',
    'certificate',
    ['svid.id'],
    'a slash at the end',
    svid('spiffe://corpus.example/a/'),
  ],
  ['svid-port', 'certificate', ['svid.id'], 'a port', svid('spiffe://corpus.example:443/a')],
  [
    'svid-no-path',
    'certificate',
    ['svid.path'],
    'the trust domain’s own ID',
    svid('spiffe://corpus.example'),
  ],
  [
    'svid-long',
    'certificate',
    ['svid.id', 'csr.id'],
    'an ID of more than 2048 octets',
    svid(`spiffe://corpus.example/${'a'.repeat(2048)}`),
  ],
  [
    'svid-usage-not-critical',
    'certificate',
    ['svid.keyUsage', 'cert.kuCritical'],
    'a keyUsage that may be passed over',
    leaf((name) => ({
      notAfter: undefined,
      extensions: {
        ...svidExtensions(`spiffe://corpus.example/${name}`),
        keyUsage: keyUsage(['digitalSignature'], 'not critical'),
      },
    })),
  ],
  [
    'svid-signs-lists',
    'certificate',
    ['svid.keyUsage', 'cert.ku'],
    'a workload that may sign lists',
    leaf((name) => ({
      extensions: {
        ...svidExtensions(`spiffe://corpus.example/${name}`),
        keyUsage: keyUsage(['digitalSignature', 'cRLSign']),
      },
    })),
  ],
  [
    'svid-authority-no-usage',
    'chain',
    ['svid.keyUsage', 'cert.kuAbsent'],
    'an authority without a keyUsage',
    svidChain('spiffe://corpus.example', { keyUsage: undefined }),
  ],
  [
    'svid-client-alone',
    'certificate',
    ['svid.purpose'],
    'clientAuth without serverAuth',
    leaf((name) => ({
      extensions: {
        ...svidExtensions(`spiffe://corpus.example/${name}`),
        purposes: purposes(clientAuth),
      },
    })),
  ],
  [
    'svid-authority-path',
    'chain',
    ['svid.path'],
    'an authority with a workload’s ID',
    svidChain('spiffe://corpus.example/authority'),
  ],
  [
    'svid-other-authority',
    'chain',
    ['svid.trustDomain'],
    'an authority of another trust domain',
    svidChain('spiffe://other.example'),
  ],
  [
    'good-svid-chain',
    'chain',
    [],
    'an X509-SVID and its authority',
    svidChain('spiffe://corpus.example'),
  ],
]

const ocppRows: readonly Row[] = [
  [
    'good-station',
    'request',
    [],
    'a charging station’s request',
    (_, name) => [request(name, { subject: nameOf(organization('Corpus'), commonName(name)) })],
  ],
  [
    'station-no-operator',
    'request',
    ['ocpp.organization'],
    'a station of nobody',
    (_, name) => [request(name)],
  ],
  [
    'station-request-long',
    'request',
    ['ocpp.csrLength'],
    'more than a message of OCPP holds',
    (_, name) => [
      request(name, {
        subject: nameOf(organization('Corpus'), commonName(name)),
        extensions: [extension('1.3.6.1.4.1.99999.3', element(0x04, new Uint8Array(4200)))],
      }),
    ],
  ],
  [
    'station-chain-long',
    'chain',
    ['ocpp.chainLength'],
    'a chain that a message of OCPP does not hold',
    ({ issuing, root, now }, name) => [
      certificate(name, issuing, now, {
        subject: nameOf(organization('Corpus'), commonName(name)),
      }),
      authority(issuing, root, now, {
        extensions: {
          padding: extension('1.3.6.1.4.1.99999.3', element(0x04, new Uint8Array(7000))),
        },
      }),
    ],
  ],
]

export const profileCases: readonly CorpusCase[] = [
  ...casesOf('idevid', idevidRows),
  ...casesOf('spiffe', spiffeRows),
  ...casesOf('ocpp-cs', ocppRows),
  ...casesOf('matter-dac', matterRows),
]

function casesOf(profile: ProfileName, rows: readonly Row[]): readonly CorpusCase[] {
  return rows.map(([name, kind, expects, about, make]): CorpusCase => ({
    name,
    profile,
    kind,
    expects,
    about,
    make,
  }))
}

type PartsOf = (name: string) => Omit<CertificateParts, 'notAfter'> & {
  readonly notAfter?: Bytes | undefined
}

/** A certificate of the world’s issuer. */
function leaf(partsOf: PartsOf): CorpusCase['make'] {
  return ({ issuing, now }, name) => {
    const { notAfter, ...parts } = partsOf(name)
    // As long as the shortest of profiles allows.
    const end = notAfter ?? time(shift(now, 20 * dayMs))
    return [certificate(name, issuing, now, { ...parts, notAfter: end })]
  }
}

function svid(...ids: readonly string[]): CorpusCase['make'] {
  return leaf(() => ({ extensions: svidExtensions(...ids) }))
}

function svidExtensions(...ids: readonly string[]) {
  return { purposes: purposes(clientAuth, serverAuth), altNames: altNames(...ids.map(uri)) }
}

function svidChain(
  authorityId: string,
  more: CertificateParts['extensions'] = {},
): CorpusCase['make'] {
  return (world, name) => {
    const { issuing, root, now } = world
    const extensions = { altNames: altNames(uri(authorityId)), ...more }
    return [
      ...svid(`spiffe://corpus.example/${name}`)(world, name),
      authority(issuing, root, now, { extensions }),
    ]
  }
}
