import { randomBytes } from 'node:crypto'
import type { Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import {
  boolean,
  element,
  octetString,
  sequence,
  tagged,
  taggedOctets,
  time,
  utf8String,
} from '#simulator/ca/der.ts'
import type { CorpusCase, CorpusWorld } from './case.ts'
import { p256Keys } from './keys.ts'
import {
  altNames,
  attribute,
  authority,
  authorityKeyIdentifier,
  basicConstraints,
  certificate,
  commonName,
  dayMs,
  dns,
  extension,
  keyIdentifier,
  keyUsage,
  nameConstraints,
  nameOf,
  purposes,
  type CertificateParts,
  type Issuer,
} from './maker.ts'

type Row = readonly [
  name: string,
  expects: CorpusCase['expects'],
  about: string,
  make: CorpusCase['make'],
]

const rows: readonly Row[] = [
  [
    'good-chain',
    [],
    'a device and its issuer',
    (world, name) => [leafOf(world, name), world.issuingDer],
  ],
  [
    'chain-with-root',
    ['chain.root'],
    'the root, which whoever verifies has',
    (world, name) => [leafOf(world, name), world.issuingDer, world.rootDer],
  ],
  [
    'chain-other-order',
    ['chain.order', 'chain.signature', 'cert.aki', 'cert.nesting'],
    'the root before the issuer',
    (world, name) => [leafOf(world, name), world.rootDer, world.issuingDer],
  ],
  [
    'chain-other-issuer',
    ['chain.signature', 'cert.aki'],
    'an issuer of the right name with another key',
    (world, name) => {
      const other: Issuer = { name: world.issuing.name, keys: p256Keys() }
      return [leafOf(world, name), authority(other, world.root, world.now)]
    },
  ],
  [
    'chain-issuer-key-misnamed',
    ['cert.aki'],
    'an authorityKeyIdentifier that leads nowhere',
    (world, name) => [
      leafOf(world, name, {
        extensions: { authorityKeyIdentifier: authorityKeyIdentifier(p256Keys()) },
      }),
      world.issuingDer,
    ],
  ],
  [
    'chain-outlives-issuer',
    ['cert.nesting'],
    'a device that outlives its issuer',
    (world, name) => {
      const end = { notAfter: time(shift(world.now, 30 * dayMs)) }
      return [leafOf(world, name), authority(world.issuing, world.root, world.now, end)]
    },
  ],
  [
    'chain-issuer-expired',
    ['cert.expired', 'cert.nesting'],
    'an issuer that ended (Chromecast, March 2025)',
    (world, name) => {
      const end = {
        notBefore: time(shift(world.now, -100 * dayMs)),
        notAfter: time(shift(world.now, -dayMs)),
      }
      return [leafOf(world, name), authority(world.issuing, world.root, world.now, end)]
    },
  ],
  [
    'chain-names-beyond',
    ['chain.nameConstraints'],
    'a host that its issuer may not name',
    (world, name) => [
      leafOf(world, name, { extensions: { altNames: altNames(dns('device.example.org')) } }),
      authority(world.issuing, world.root, world.now, {
        extensions: { constraints: nameConstraints(dns('example.net')) },
      }),
    ],
  ],
  [
    'chain-issuer-serial-other',
    ['cert.aki'],
    'another serial of its issuer than that has',
    (world, name) => {
      const keys = keyIdentifier(world.issuing.keys)
      const reference = sequence(
        taggedOctets(0, keys),
        tagged(1, tagged(4, world.root.name)),
        taggedOctets(2, Uint8Array.of(7)),
      )
      const authorityKey = extension('2.5.29.35', reference)
      return [
        leafOf(world, name, { extensions: { authorityKeyIdentifier: authorityKey } }),
        world.issuingDer,
      ]
    },
  ],
  [
    'chain-own-key',
    ['key.reuse'],
    'a device with the key of its issuer',
    (world, name) => [leafOf(world, name, { keys: world.issuing.keys }), world.issuingDer],
  ],
  [
    'chain-constraints-not-critical',
    ['cert.criticality'],
    'an issuer whose name constraints may be passed over',
    (world, name) => [
      leafOf(world, name),
      authority(world.issuing, world.root, world.now, {
        extensions: { constraints: nameConstraints(dns('example.net'), 'not critical') },
      }),
    ],
  ],
  [
    'chain-issuer-no-ca',
    ['cert.bc'],
    'an issuer that says nothing about being one',
    (world, name) => [
      leafOf(world, name),
      authority(world.issuing, world.root, world.now, {
        extensions: { basicConstraints: undefined },
      }),
    ],
  ],
  [
    'chain-issuer-not-critical',
    ['cert.bcCritical'],
    'an issuer whose basicConstraints may be passed over',
    (world, name) => [
      leafOf(world, name),
      authority(world.issuing, world.root, world.now, {
        extensions: { basicConstraints: extension('2.5.29.19', sequence(boolean(true))) },
      }),
    ],
  ],
  [
    'chain-issuer-no-signing',
    ['cert.ku'],
    'an issuer that may not sign certificates',
    (world, name) => [
      leafOf(world, name),
      authority(world.issuing, world.root, world.now, {
        extensions: { keyUsage: keyUsage(['digitalSignature']) },
      }),
    ],
  ],
  [
    'chain-issuer-for-servers',
    ['cert.eku'],
    'an issuer of servers’ certificates alone',
    (world, name) => [
      leafOf(world, name),
      authority(world.issuing, world.root, world.now, {
        extensions: { purposes: purposes('1.3.6.1.5.5.7.3.1') },
      }),
    ],
  ],
  [
    'chain-issuer-no-revocation',
    ['cert.noRevAvail'],
    'an issuer that nobody could revoke (RFC 9608)',
    (world, name) => [
      leafOf(world, name),
      authority(world.issuing, world.root, world.now, {
        extensions: { distributionPoint: undefined, none: extension('2.5.29.56', element(0x05)) },
      }),
    ],
  ],
  [
    'chain-issuer-twice',
    ['chain.duplicate', 'chain.order', 'chain.signature', 'cert.aki'],
    'the issuer twice',
    (world, name) => [leafOf(world, name), world.issuingDer, world.issuingDer],
  ],
  ['chain-long', ['chain.length'], 'seven certificates', longChain],
  [
    'chain-path-length',
    ['chain.pathLength'],
    'one intermediate more than the upper allows',
    deepChain,
  ],
  [
    'chain-large',
    ['alb.header'],
    'more than a header of ALB holds',
    (world, name) => [
      leafOf(world, name),
      authority(world.issuing, world.root, world.now, padding(13_000)),
    ],
  ],
  [
    'chain-large-issuer',
    ['alb.header', 'alb.authority'],
    'an issuer larger than a trust store of ALB takes',
    (world, name) => [
      leafOf(world, name),
      authority(world.issuing, world.root, world.now, padding(17_000)),
    ],
  ],
  [
    'chain-issuer-broken',
    ['der.malformed'],
    'an issuer that breaks off',
    (world, name) => [leafOf(world, name), world.issuingDer.slice(0, -3)],
  ],
]

export const chainCases: readonly CorpusCase[] = rows.map(
  ([name, expects, about, make]): CorpusCase => ({
    name,
    profile: 'device',
    kind: 'chain',
    expects,
    about,
    make,
  }),
)

function leafOf({ issuing, now }: CorpusWorld, name: string, parts: CertificateParts = {}): Bytes {
  return certificate(name, issuing, now, parts)
}

function issuerNamed(name: string): Issuer {
  return {
    name: nameOf(attribute('2.5.4.10', utf8String('Corpus')), commonName(name)),
    keys: p256Keys(),
  }
}

/** A device below so many issuers, the upper one first made. */
function belowIssuers(
  { root, now }: CorpusWorld,
  name: string,
  partsOf: readonly CertificateParts[],
): readonly Bytes[] {
  let above = root
  const ders: Bytes[] = []
  for (const [at, parts] of partsOf.entries()) {
    const issuer = issuerNamed(`${name} ${at + 1}`)
    ders.unshift(authority(issuer, above, now, parts))
    above = issuer
  }
  return [certificate(name, above, now), ...ders]
}

function longChain(world: CorpusWorld, name: string): readonly Bytes[] {
  return belowIssuers(
    world,
    name,
    Array.from({ length: 6 }, () => ({})),
  )
}

function deepChain(world: CorpusWorld, name: string): readonly Bytes[] {
  return belowIssuers(world, name, [
    { extensions: { basicConstraints: basicConstraints(true, 0) } },
    {},
  ])
}

/** An extension of so many octets that say nothing. */
function padding(octets: number): CertificateParts {
  const value = octetString(new Uint8Array(randomBytes(octets)))
  return { extensions: { padding: extension('1.3.6.1.4.1.99999.3', value) } }
}
