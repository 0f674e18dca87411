import type { SecureVersion } from 'node:tls'

/** What a policy fixes of a TLS server, in Node's words. */
export interface TlsPolicySettings {
  readonly minVersion: SecureVersion
  readonly maxVersion: SecureVersion
  /** Suites of all versions, the server's preference first. */
  readonly ciphers: string
  readonly ecdhCurve: string
  readonly sigalgs?: string
}

/** The suites of TLS 1.3 (RFC 8446 B.4). */
const tls13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

/** FIPS 140 knows no ChaCha20. */
const tls13Fips = tls13.slice(0, 2)

const gcm = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
]

/** In the order of the documentation's tables, which is the server's preference. */
const forwardSecret = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
]

const forwardSecretSha1 = [
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
]

/** RSA key transport: no forward secrecy. */
const rsaTransport = ['AES128-GCM-SHA256', 'AES128-SHA256', 'AES256-GCM-SHA384', 'AES256-SHA256']
const rsaTransportSha1 = ['AES128-SHA', 'AES256-SHA']

const everySha1 = [...forwardSecretSha1, ...rsaTransport, ...rsaTransportSha1]

/**
 * The documentation names no curves: these are those that a load balancer's clients have met. The
 * hybrid ones of `PQ` it does name.
 */
const curves = ['X25519', 'P-256', 'P-384', 'P-521']
const postQuantum = ['X25519MLKEM768', 'SecP256r1MLKEM768', 'SecP384r1MLKEM1024', ...curves]

/** SP 800-186 and SP 800-52r2 3.3.1: the NIST curves. */
const curvesFips = ['P-256', 'P-384', 'P-521']

/** FIPS 186-5 by way of what ALB takes of a client: ECDSA and RSA, and no Ed25519. */
const signaturesFips = [256, 384, 512].flatMap((bits) => [
  `ECDSA+SHA${bits}`,
  `RSA-PSS+SHA${bits}`,
  `RSA+SHA${bits}`,
])

type Versions = Pick<TlsPolicySettings, 'minVersion' | 'maxVersion'>
const only13: Versions = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }
const from12: Versions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }
const only12: Versions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }

function policy(
  versions: Versions,
  ciphers: readonly string[],
  groups: readonly string[] = curves,
): TlsPolicySettings {
  return { ...versions, ciphers: ciphers.join(':'), ecdhCurve: groups.join(':') }
}

function fipsPolicy(versions: Versions, ciphers: readonly string[]): TlsPolicySettings {
  const suites = [...tls13Fips, ...ciphers]
  return { ...policy(versions, suites, curvesFips), sigalgs: signaturesFips.join(':') }
}

/**
 * ALB's security policies by their names ("Security policies for your Application Load Balancer":
 * protocols by policy, ciphers by policy). Those that let TLS 1.1 or 1.0 in are not here (RFC 8996),
 * nor those whose suites the documentation's tables and their copies disagree about. A name with FIPS
 * fixes the algorithms; whether the library beneath is a validated one is Node's to say.
 */
const policies = {
  'ELBSecurityPolicy-TLS13-1-3-2021-06': policy(only13, tls13),
  'ELBSecurityPolicy-TLS13-1-2-2021-06': policy(from12, [...tls13, ...forwardSecret]),
  'ELBSecurityPolicy-TLS13-1-2-Res-2021-06': policy(from12, [...tls13, ...gcm]),
  'ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06': policy(from12, [
    ...tls13,
    ...forwardSecret,
    ...rsaTransport,
  ]),
  'ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06': policy(from12, [
    ...tls13,
    ...forwardSecret,
    ...everySha1,
  ]),
  'ELBSecurityPolicy-TLS13-1-3-PQ-2025-09': policy(only13, tls13, postQuantum),
  'ELBSecurityPolicy-TLS13-1-2-PQ-2025-09': policy(
    from12,
    [...tls13, ...forwardSecret],
    postQuantum,
  ),
  'ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09': policy(from12, [...tls13, ...gcm], postQuantum),
  'ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04': fipsPolicy(only13, []),
  'ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04': fipsPolicy(from12, forwardSecret),
  'ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04': fipsPolicy(from12, gcm),
  'ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04': fipsPolicy(from12, [
    ...forwardSecret,
    ...forwardSecretSha1,
  ]),
  'ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-2023-04': fipsPolicy(from12, [
    ...forwardSecret,
    ...rsaTransport,
  ]),
  'ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-2023-04': fipsPolicy(from12, [
    ...forwardSecret,
    ...everySha1,
  ]),
  'ELBSecurityPolicy-TLS-1-2-2017-01': policy(only12, [...forwardSecret, ...rsaTransport]),
  'ELBSecurityPolicy-TLS-1-2-Ext-2018-06': policy(only12, [...forwardSecret, ...everySha1]),
  'ELBSecurityPolicy-FS-1-2-Res-2020-10': policy(only12, gcm),
  'ELBSecurityPolicy-FS-1-2-Res-2019-08': policy(only12, forwardSecret),
  'ELBSecurityPolicy-FS-1-2-2019-08': policy(only12, [...forwardSecret, ...forwardSecretSha1]),
} satisfies Readonly<Record<string, TlsPolicySettings>>

export type TlsPolicyName = keyof typeof policies

export const tlsPolicyNames = Object.keys(policies) as readonly TlsPolicyName[]

/** Whether a name is one of `tlsPolicyNames`. */
export function isTlsPolicyName(name: string): name is TlsPolicyName {
  return Object.hasOwn(policies, name)
}

/** What the policy of a name fixes. */
export function tlsPolicySettings(name: TlsPolicyName): TlsPolicySettings {
  return policies[name]
}
