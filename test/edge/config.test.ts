import { describe, expect, test } from 'vitest'
import { readListener } from '#edge/config.ts'
import { defaultForwarding } from '#edge/routing/forwarding.ts'
import type { ListenerVariables, VariableName } from '#edge/variables.ts'
import { platformNames, platforms } from '#edge/platforms/by-name.ts'
import { managedTransformHeaders } from '#edge/platforms/cloudflare.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import { albLimits, defaultLimits } from '#shared/trust-store/trust-store.ts'
import { profiles } from '#shared/path/profile/profiles.ts'
import { algorithmSets } from '#shared/x509/algorithm-sets.ts'
import { keyRing } from '../runtime/given.ts'
import { peerDocument, policyDocument, tokenDocument } from './authorization/documents.ts'
import { newJwk, setOf } from './evidence/rings.ts'
import { listenerOf } from './stage.ts'

const secret = 'a'.repeat(32)
const policy = JSON.stringify(policyDocument({ name: 'cars', rules: [{}] }))
const permissive = JSON.stringify(peerDocument({ mode: 'PERMISSIVE' }))
const ofRole = JSON.stringify(
  policyDocument({ rules: [{ when: [{ key: 'request.auth.claims[role]', values: ['x'] }] }] }),
)
const ofOpa = JSON.stringify(
  policyDocument({ name: 'opa', action: 'CUSTOM', provider: { name: 'opa' }, rules: [{}] }),
)
const AUTHORIZATION_PROVIDERS = JSON.stringify([{ name: 'opa', url: 'https://opa.example' }])
const tokens = (jwks: string): ListenerVariables => ({
  REQUEST_AUTHENTICATION: JSON.stringify(tokenDocument({ issuer: 'https://id.example', jwks })),
})
const evidence = { EVIDENCE_KEYS: setOf(await newJwk('e1')), EVIDENCE_ISSUER: 'edge' }
const short = 'a'.repeat(31)
const prefix = 'x-fleet-0123456-'

test('without any variable: Cloudflare, and everything strict', async () => {
  const { platform, ...listener } = await listenerOf({})
  expect(platform).toMatchObject({ name: 'cloudflare', ownHeaders: [] })
  expect(listener).toEqual({
    hop: { word: 'runtime' },
    policyName: 'verify',
    mode: 'verify',
    certificate: 'required',
    policy: strictPolicy,
    policies: [],
    paths: undefined,
    limits: defaultLimits,
    maxStalenessMs: 5000,
    session: undefined,
    connectionLog: 'json',
    metrics: undefined,
    authorization: undefined,
    evidence: undefined,
    forwarding: defaultForwarding,
    targetHopSecret: undefined,
  })
})

interface Read {
  readonly variables: ListenerVariables
  readonly listener: object
}

const alb = { PLATFORM: 'alb', HOP: 'network' } as const
const verifyNames = (start: string): object =>
  expect.arrayContaining([`${start}mtls-clientcert-leaf`, `${start}mtls-clientcert-serial-number`])

const reads: readonly Read[] = [
  {
    variables: { PLATFORM: 'alb', HOP: 'network' },
    listener: { platform: { name: 'alb', ownHeaders: verifyNames('x-amzn-') } },
  },
  {
    variables: { ...alb, ALB_MODE: 'passthrough' },
    listener: {
      platform: {
        ownHeaders: ['x-amzn-mtls-clientcert', 'x-amzn-tls-version', 'x-amzn-tls-cipher-suite'],
      },
    },
  },
  {
    variables: { ...alb, ALB_HEADER_PREFIX: 'X-F-' },
    listener: { platform: { ownHeaders: verifyNames('x-f-') } },
  },
  {
    variables: { MANAGED_TRANSFORM: 'on' },
    listener: { platform: { ownHeaders: managedTransformHeaders } },
  },
  { variables: { MANAGED_TRANSFORM: 'off' }, listener: { platform: { ownHeaders: [] } } },
  { variables: { ...alb, HOP: 'network' }, listener: { hop: { word: 'network' } } },
  {
    variables: { ...alb, HOP: 'secret', HOP_SECRET: secret },
    listener: { hop: { word: 'secret', secret } },
  },
  {
    variables: { ...alb, HOP: 'private-names', ALB_HEADER_PREFIX: prefix },
    listener: { hop: { word: 'private-names' } },
  },
  {
    variables: { PLATFORM: 'nginx', HOP: 'private-names', CERT_HEADER: prefix },
    listener: {
      platform: { name: 'nginx', ownHeaders: [prefix] },
      hop: { word: 'private-names' },
    },
  },
  {
    variables: { PLATFORM: 'envoy', HOP: 'network', XFCC_ELEMENTS: 'last 2' },
    listener: { platform: { name: 'envoy' }, hop: { word: 'network' } },
  },
  {
    variables: { PLATFORM: 'api-gateway' },
    listener: { platform: { name: 'api-gateway' }, hop: { word: 'runtime' } },
  },
  { variables: { MODE: 'passthrough' }, listener: { mode: 'passthrough' } },
  { variables: { MODE: 'off' }, listener: { mode: 'off', policyName: 'off' } },
  { variables: { CERTIFICATE: 'optional' }, listener: { certificate: 'optional' } },
  { variables: { PATH_NORMALISATION: 'none' }, listener: { paths: 'none' } },
  { variables: { EXPIRED: 'allow' }, listener: { policy: { expired: { word: 'allow' } } } },
  {
    variables: { EXPIRED: 'grace 14d' },
    listener: { policy: { expired: { word: 'grace', forMs: 1_209_600_000 } } },
  },
  { variables: { REVOCATION_OF: 'leaf' }, listener: { policy: { revocation: { of: 'leaf' } } } },
  { variables: { REVOCATION_OF: 'none' }, listener: { policy: { revocation: { of: 'none' } } } },
  {
    variables: { CRL_GRACE: '6h', CRL_STALE: 'accept', CRL_ABSENT_OF_CAS: 'accept' },
    listener: {
      policy: {
        revocation: {
          freshness: { graceMs: 21_600_000, stale: 'accept', absent: 'refuse' },
          freshnessOfCas: { graceMs: 21_600_000, stale: 'accept', absent: 'accept' },
        },
      },
    },
  },
  {
    variables: { CRL_ABSENT: 'accept', CRL_GRACE_OF_CAS: '1d', CRL_ABSENT_OF_CAS: 'refuse' },
    listener: {
      policy: {
        revocation: {
          freshness: { graceMs: 0, stale: 'refuse', absent: 'accept' },
          freshnessOfCas: { graceMs: 86_400_000, stale: 'refuse', absent: 'refuse' },
        },
      },
    },
  },
  { variables: { ATTESTED: 'accept' }, listener: { policy: { attested: 'accept' } } },
  {
    variables: { CRL_MAX_AGE: '7d' },
    listener: { policy: { revocation: { maxAgeMs: 604_800_000 } } },
  },
  {
    variables: { PURPOSE_ANY_EKU: 'accept' },
    listener: { policy: { purpose: { use: 'client', anyExtendedKeyUsage: 'accept' } } },
  },
  {
    variables: { ANCHOR_EXPIRY: 'enforce', ANCHOR_CONSTRAINTS: 'ignore' },
    listener: { policy: { anchor: { validity: 'enforce', constraints: 'ignore' } } },
  },
  {
    variables: { ALGORITHMS: 'fips' },
    listener: { policy: { algorithms: algorithmSets.fips } },
  },
  { variables: { ALGORITHMS: 'alb' }, listener: { policy: { algorithms: algorithmSets.alb } } },
  { variables: { PROFILE: 'rfc5280' }, listener: { policy: { profile: profiles.rfc5280 } } },
  { variables: { PROFILE: 'conforming' }, listener: { policy: { profile: profiles.conforming } } },
  { variables: { LIMITS: 'alb' }, listener: { limits: albLimits } },
  { variables: { MAX_STALENESS: '250ms' }, listener: { maxStalenessMs: 250 } },
  { variables: { SESSION_KEYS: keyRing }, listener: { session: { ttlMs: 900_000 } } },
  {
    variables: { SESSION_KEYS: keyRing, SESSION_TTL: '15m' },
    listener: { session: { ttlMs: 900_000 } },
  },
  {
    variables: { SESSION_KEYS: keyRing, SESSION_TTL: '10s' },
    listener: { session: { ttlMs: 10_000 } },
  },
  { variables: { TARGET_HOP_SECRET: secret }, listener: { targetHopSecret: secret } },
  {
    variables: { PEER_AUTHENTICATION: permissive },
    listener: { policyName: 'verify', mode: 'verify', certificate: 'optional' },
  },
  {
    variables: { ...tokens('{"keys":[]}'), AUTHORIZATION: ofRole },
    listener: { authorization: { policies: [{ name: 'policy' }] } },
  },
  {
    variables: { AUTHORIZATION: ofOpa, AUTHORIZATION_PROVIDERS },
    listener: { authorization: { policies: [{ name: 'opa' }] } },
  },
  {
    variables: { AUTHORIZATION: policy },
    listener: {
      authorization: { policies: [{ name: 'cars' }] },
      paths: 'decode_and_merge_slashes',
    },
  },
  {
    variables: { AUTHORIZATION: policy, PATH_NORMALISATION: 'base' },
    listener: { paths: 'base' },
  },
  {
    variables: evidence,
    listener: { evidence: { issuer: 'edge', ring: [{ kid: 'e1' }] } },
  },
  { variables: { CONNECTION_LOG: 'alb' }, listener: { connectionLog: 'alb' } },
  { variables: { CONNECTION_LOG: 'off' }, listener: { connectionLog: 'off' } },
  {
    variables: { METRICS_PATH: '/-/metrics', METRICS_TOKEN: secret },
    listener: { metrics: { path: '/-/metrics', token: secret } },
  },
]

test.each(reads)('$variables', async ({ variables, listener }) => {
  expect(await listenerOf(variables)).toMatchObject(listener)
})

/** One wrong variable each; the rest of a listener that is right. */
const wrong: readonly { readonly variable: VariableName; readonly variables: ListenerVariables }[] =
  [
    { variable: 'PLATFORM', variables: { PLATFORM: 'iis' } },
    { variable: 'PLATFORM', variables: { PLATFORM: '' } },
    { variable: 'MANAGED_TRANSFORM', variables: { MANAGED_TRANSFORM: 'yes' } },
    { variable: 'ALB_MODE', variables: { ...alb, ALB_MODE: 'off' } },
    { variable: 'ALB_HEADER_PREFIX', variables: { ...alb, ALB_HEADER_PREFIX: '' } },
    { variable: 'ALB_HEADER_PREFIX', variables: { ...alb, ALB_HEADER_PREFIX: 'x fleet-' } },
    { variable: 'ALB_HEADER_PREFIX', variables: { ...alb, ALB_HEADER_PREFIX: 'x_fleet_' } },
    { variable: 'HOP', variables: { PLATFORM: 'alb' } },
    { variable: 'HOP', variables: { ...alb, HOP: '' } },
    { variable: 'HOP', variables: { ...alb, HOP: 'runtime' } },
    { variable: 'HOP', variables: { PLATFORM: 'rfc9440' } },
    { variable: 'HOP', variables: { PLATFORM: 'rfc9440', HOP: 'private-names' } },
    { variable: 'CERT_HEADER', variables: { PLATFORM: 'nginx', HOP: 'private-names' } },
    { variable: 'CERT_HEADER', variables: { PLATFORM: 'nginx', HOP: 'network', CERT_HEADER: '_' } },
    {
      variable: 'XFCC_ELEMENTS',
      variables: { PLATFORM: 'envoy', HOP: 'network', XFCC_ELEMENTS: '0' },
    },
    { variable: 'HOP_SECRET', variables: { ...alb, HOP: 'secret' } },
    { variable: 'HOP_SECRET', variables: { ...alb, HOP: 'secret', HOP_SECRET: short } },
    { variable: 'ALB_HEADER_PREFIX', variables: { ...alb, HOP: 'private-names' } },
    {
      variable: 'ALB_HEADER_PREFIX',
      variables: { ...alb, HOP: 'private-names', ALB_HEADER_PREFIX: prefix.slice(1) },
    },
    { variable: 'MODE', variables: { MODE: 'Verify' } },
    { variable: 'MODE', variables: { PEER_AUTHENTICATION: permissive, MODE: 'verify' } },
    { variable: 'PEER_AUTHENTICATION', variables: { PEER_AUTHENTICATION: '' } },
    { variable: 'WORKLOAD', variables: { WORKLOAD: '{}' } },
    { variable: 'CERTIFICATE', variables: { CERTIFICATE: 'none' } },
    { variable: 'CERTIFICATE', variables: { CERTIFICATE: 'optional', MODE: 'passthrough' } },
    { variable: 'CERTIFICATE', variables: { CERTIFICATE: 'optional', MODE: 'off' } },
    { variable: 'EXPIRED', variables: { EXPIRED: 'grace' } },
    { variable: 'EXPIRED', variables: { EXPIRED: 'grace 14' } },
    { variable: 'EXPIRED', variables: { EXPIRED: 'grace -1d' } },
    { variable: 'REVOCATION_OF', variables: { REVOCATION_OF: 'anchor' } },
    { variable: 'CRL_GRACE', variables: { CRL_GRACE: '6' } },
    { variable: 'CRL_STALE', variables: { CRL_STALE: 'allow' } },
    { variable: 'CRL_ABSENT_OF_CAS', variables: { CRL_ABSENT_OF_CAS: 'yes' } },
    { variable: 'CRL_MAX_AGE', variables: { CRL_MAX_AGE: 'a week' } },
    { variable: 'PURPOSE_ANY_EKU', variables: { PURPOSE_ANY_EKU: 'yes' } },
    { variable: 'ANCHOR_EXPIRY', variables: { ANCHOR_EXPIRY: 'refuse' } },
    { variable: 'ANCHOR_CONSTRAINTS', variables: { ANCHOR_CONSTRAINTS: 'none' } },
    { variable: 'ALGORITHMS', variables: { ALGORITHMS: 'old' } },
    { variable: 'ALGORITHMS', variables: { ALGORITHMS: 'toString' } },
    { variable: 'PROFILE', variables: { PROFILE: 'strict' } },
    { variable: 'ATTESTED', variables: { ATTESTED: 'yes' } },
    { variable: 'LIMITS', variables: { LIMITS: 'none' } },
    { variable: 'MAX_STALENESS', variables: { MAX_STALENESS: '5' } },
    { variable: 'MAX_STALENESS', variables: { MAX_STALENESS: 'off' } },
    { variable: 'SESSION_TTL', variables: { SESSION_TTL: '901s' } },
    { variable: 'SESSION_TTL', variables: { SESSION_TTL: 'ever' } },
    { variable: 'SESSION_KEYS', variables: { SESSION_KEYS: '' } },
    { variable: 'SESSION_KEYS', variables: { SESSION_KEYS: 'k1:c2hvcnQ=' } },
    { variable: 'TARGET_HOP_SECRET', variables: { TARGET_HOP_SECRET: short } },
    { variable: 'CONNECTION_LOG', variables: { CONNECTION_LOG: 'text' } },
    { variable: 'REQUEST_AUTHENTICATION', variables: { REQUEST_AUTHENTICATION: '' } },
    { variable: 'REQUEST_AUTHENTICATION', variables: tokens('{"keys":[{"kty":"oct","k":"x"}]}') },
    { variable: 'AUTHORIZATION', variables: { AUTHORIZATION: ofRole } },
    { variable: 'AUTHORIZATION', variables: { AUTHORIZATION: ofOpa } },
    {
      variable: 'AUTHORIZATION',
      variables: { AUTHORIZATION: ofOpa, AUTHORIZATION_PROVIDERS: '[]' },
    },
    { variable: 'AUTHORIZATION_PROVIDERS', variables: { AUTHORIZATION_PROVIDERS: '{}' } },
    { variable: 'AUTHORIZATION', variables: { AUTHORIZATION: '' } },
    { variable: 'AUTHORIZATION', variables: { AUTHORIZATION: policy, MODE: 'passthrough' } },
    { variable: 'AUTHORIZATION', variables: { AUTHORIZATION: policy, MODE: 'off' } },
    { variable: 'PATH_NORMALISATION', variables: { PATH_NORMALISATION: 'all' } },
    { variable: 'EVIDENCE_KEYS', variables: { EVIDENCE_KEYS: '', EVIDENCE_ISSUER: 'edge' } },
    { variable: 'EVIDENCE_KEYS', variables: { ...evidence, EVIDENCE_KEYS: '{"keys":[]}' } },
    { variable: 'EVIDENCE_KEYS', variables: { ...evidence, MODE: 'passthrough' } },
    { variable: 'EVIDENCE_KEYS', variables: { ...evidence, MODE: 'off' } },
    { variable: 'EVIDENCE_ISSUER', variables: { EVIDENCE_KEYS: evidence.EVIDENCE_KEYS } },
    { variable: 'EVIDENCE_ISSUER', variables: { ...evidence, EVIDENCE_ISSUER: '' } },
    { variable: 'EVIDENCE_ISSUER', variables: { ...evidence, EVIDENCE_ISSUER: 'an edge' } },
    { variable: 'METRICS_TOKEN', variables: { METRICS_PATH: '/metrics' } },
    { variable: 'METRICS_TOKEN', variables: { METRICS_PATH: '/metrics', METRICS_TOKEN: short } },
    ...['', '/', 'metrics', '/metrics/', '/:any', '/*', '/a?b', '//a'].map((path) => ({
      variable: 'METRICS_PATH' as const,
      variables: { METRICS_PATH: path, METRICS_TOKEN: secret },
    })),
  ]

test.each(wrong)('$variable is named: $variables', async ({ variable, variables }) => {
  const read = await readListener(variables)
  expect(read).toMatchObject({ ok: false, error: [{ variable }] })
})

test.each(platformNames)(
  '%s wants a word on its hop exactly if it speaks in headers',
  async (name) => {
    const read = await readListener({ PLATFORM: name })
    const wanted = platforms[name].facts === 'headers' ? ['HOP'] : []
    expect(read.ok ? [] : read.error.map(({ variable }) => variable)).toEqual(wanted)
  },
)

test('every fault is told, and the right variables are not', async () => {
  const read = await readListener({ PLATFORM: 'x', MODE: 'x', LIMITS: 'alb', EXPIRED: 'x' })
  const named = read.ok ? [] : read.error.map(({ variable }) => variable)
  expect(named).toEqual(['PLATFORM', 'MODE', 'EXPIRED'])
})

test('a fault of a policy names file and key', async () => {
  const AUTHORIZATION = JSON.stringify([policyDocument({ rules: [{ form: [] }] })])
  const expected = 'none of this name, but from, to, when (at AUTHORIZATION[0].spec.rules[0].form)'
  expect(await readListener({ AUTHORIZATION })).toEqual({
    ok: false,
    error: [{ variable: 'AUTHORIZATION', expected }],
  })
})

describe('secrets are never repeated', () => {
  const sealed = Buffer.alloc(31, 7).toString('base64')
  const secrets: readonly (ListenerVariables & { readonly hidden: string })[] = [
    { ...alb, HOP: 'secret', HOP_SECRET: 'tell-no-one', hidden: 'tell-no-one' },
    { TARGET_HOP_SECRET: 'tell-no-one', hidden: 'tell-no-one' },
    { SESSION_KEYS: `k1:${sealed}`, hidden: sealed },
    { SESSION_KEYS: 'tell-no-one', hidden: 'tell-no-one' },
    { ...tokens('{"keys":[{"kty":"oct","k":"tell-no-one"}]}'), hidden: 'tell-no-one' },
    { EVIDENCE_KEYS: '{"keys":[{"d":"tell-no-one"}]}', hidden: 'tell-no-one' },
    { METRICS_PATH: '/metrics', METRICS_TOKEN: 'tell-no-one', hidden: 'tell-no-one' },
    {
      ...alb,
      HOP: 'private-names',
      ALB_HEADER_PREFIX: 'x-tell-no-one-',
      hidden: 'x-tell-no-one-',
    },
  ]

  test.each(secrets)('$hidden', async ({ hidden, ...variables }) => {
    const read = await readListener(variables)
    expect(read.ok).toBe(false)
    expect(JSON.stringify(read)).not.toContain(hidden)
  })
})
