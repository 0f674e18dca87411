import { describe, expect, test } from 'vitest'
import { readListener } from '#edge/config.ts'
import type { RoutedPolicy } from '#edge/listener.ts'
import type { ListenerVariables } from '#edge/variables.ts'
import { algorithmSets } from '#shared/x509/algorithm-sets.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import { listenerOf } from '../stage.ts'

async function policiesOf(
  entries: readonly object[],
  variables: ListenerVariables = {},
): Promise<readonly RoutedPolicy[]> {
  return (await listenerOf({ ...variables, POLICIES: JSON.stringify(entries) })).policies
}

/** What is told of the variable, fault by fault. */
async function faultsOf(POLICIES: string, variables: ListenerVariables = {}) {
  const read = await readListener({ ...variables, POLICIES })
  return read.ok ? [] : read.error.map(({ variable, expected }) => `${variable}: ${expected}`)
}

const dayMs = 86_400_000

describe('what a policy says', () => {
  test('names and patterns: hosts in lower case, paths as they are written', async () => {
    const [policy] = await policiesOf([
      { name: 'admin', hosts: ['*.Fleet.Example', 'a?.example'], paths: ['/Admin*', '*.json'] },
    ])
    expect(policy).toEqual({
      policyName: 'admin',
      hosts: ['*.fleet.example', 'a?.example'],
      paths: ['/Admin*', '*.json'],
      mode: 'verify',
      certificate: 'required',
      policy: strictPolicy,
    })
  })

  test('of what is not said, the variables of the listener; a certificate is required all the same', async () => {
    const variables = { EXPIRED: 'allow', ALGORITHMS: 'fips', CERTIFICATE: 'optional' }
    const [policy] = await policiesOf([{ name: 'a', paths: ['/a'] }], variables)
    expect(policy).toMatchObject({
      mode: 'verify',
      certificate: 'required',
      policy: { expired: { word: 'allow' }, algorithms: algorithmSets.fips },
    })
  })

  test.each([
    { says: { mode: 'off' }, read: { mode: 'off' } },
    { says: { mode: 'passthrough' }, read: { mode: 'passthrough' } },
    { says: { certificate: 'optional' }, read: { certificate: 'optional' } },
    { says: { expired: 'refuse' }, read: { policy: { expired: { word: 'refuse' } } } },
    {
      says: { expired: 'grace 14d' },
      read: { policy: { expired: { word: 'grace', forMs: 14 * dayMs } } },
    },
    { says: { revocationOf: 'leaf' }, read: { policy: { revocation: { of: 'leaf' } } } },
    {
      says: { crlGrace: '1d', crlStale: 'accept', crlAbsent: 'accept', crlMaxAge: '7d' },
      read: {
        policy: {
          revocation: {
            freshness: { graceMs: dayMs, stale: 'accept', absent: 'accept' },
            maxAgeMs: 7 * dayMs,
          },
        },
      },
    },
    {
      says: { purposeAnyEku: 'accept' },
      read: { policy: { purpose: { anyExtendedKeyUsage: 'accept' } } },
    },
    { says: { algorithms: 'alb' }, read: { policy: { algorithms: algorithmSets.alb } } },
    { says: { profile: 'rfc5280' }, read: { policy: { profile: { name: 'rfc5280' } } } },
    { says: { attested: 'accept' }, read: { policy: { attested: 'accept' } } },
  ])('$says', async ({ says, read }) => {
    const variables = { EXPIRED: 'allow' }
    const [policy] = await policiesOf([{ name: 'a', paths: ['/a'], ...says }], variables)
    expect(policy).toMatchObject(read)
  })

  test('one that verifies makes authorization and evidence mean something', async () => {
    const AUTHORIZATION = JSON.stringify({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'cars' },
      spec: { rules: [{}] },
    })
    const POLICIES = JSON.stringify([{ name: 'a', paths: ['/a'], mode: 'verify' }])
    const listener = await listenerOf({ MODE: 'off', POLICIES, AUTHORIZATION })
    expect(listener.authorization?.policies).toHaveLength(1)
  })
})

const first = { name: 'first', paths: ['/first'] }

interface Fault {
  readonly name: string
  readonly entries: readonly unknown[]
  readonly variables?: ListenerVariables
  readonly told: string
}

const faults: readonly Fault[] = [
  {
    name: 'a key that is misspelt',
    entries: [{ ...first, certificates: 'required' }],
    told: '(at POLICIES[0].certificates)',
  },
  { name: 'no name', entries: [{ paths: ['/'] }], told: '(at POLICIES[0].name)' },
  { name: 'an empty name', entries: [{ ...first, name: '' }], told: '(at POLICIES[0].name)' },
  { name: 'a name of two words', entries: [{ ...first, name: 'a b' }], told: '[0].name)' },
  { name: 'a name of 64', entries: [{ ...first, name: 'a'.repeat(64) }], told: '[0].name)' },
  { name: 'the name of a mode', entries: [{ ...first, name: 'off' }], told: '[0].name)' },
  { name: 'the same name', entries: [first, first], told: '(at POLICIES[1].name)' },
  { name: 'for everything', entries: [first, { name: 'a' }], told: '(at POLICIES[1])' },
  { name: 'no list', entries: [{ name: 'a', paths: '/a' }], told: '(at POLICIES[0].paths)' },
  { name: 'no pattern', entries: [{ name: 'a', hosts: [] }], told: '(at POLICIES[0].hosts)' },
  {
    name: 'too many patterns',
    entries: [{ name: 'a', paths: Array.from({ length: 17 }, (_, index) => `/${index}`) }],
    told: 'a list of at most 16 (at POLICIES[0].paths)',
  },
  {
    name: 'too many patterns in all',
    entries: Array.from({ length: 43 }, (_, at) => ({
      name: `p${at}`,
      paths: [`/${at}/a`, `/${at}/b`],
      hosts: [`${at}.example`],
    })),
    told: 'at most 128 patterns in all, and not 129 (at POLICIES)',
  },
  { name: 'no text', entries: [{ name: 'a', paths: ['/a', 7] }], told: '[0].paths[1])' },
  {
    name: 'a pattern too long',
    entries: [{ name: 'a', paths: [`/${'a'.repeat(128)}`] }],
    told: 'at most 128 characters (at POLICIES[0].paths[0])',
  },
  { name: 'a relative path', entries: [{ name: 'a', paths: ['a'] }], told: 'starts with / or *' },
  ...[
    ['//a', '/a'],
    ['/a/../b', '/b'],
    ['/%61', '/a'],
    ['/a%2fb', '/a/b'],
    ['/a\\b', '/a/b'],
    ['/%c3%a9', '/%C3%A9'],
  ].map(([path, normal]) => ({
    name: `${path}, which no request ever has`,
    entries: [{ name: 'a', paths: [path] }],
    told: `a path as it is when normalised, like ${normal} (at POLICIES[0].paths[0])`,
  })),
  { name: 'a fragment', entries: [{ name: 'a', paths: ['/a#b'] }], told: '[0].paths[0])' },
  { name: 'a broken escape', entries: [{ name: 'a', paths: ['/a%'] }], told: '[0].paths[0])' },
  ...['a.example:8443', 'https://a.example', 'a_b', 'a.example.', 'é', 'a/b'].map((host) => ({
    name: `host ${host}`,
    entries: [first, { name: 'a', hosts: ['ok.example', host] }],
    told: '(at POLICIES[1].hosts[1])',
  })),
  ...Object.entries({
    mode: 'on',
    certificate: 'maybe',
    expired: 'grace',
    revocationOf: 'anchor',
    crlGrace: '6',
    crlStale: 'yes',
    crlAbsent: '',
    crlMaxAge: 7,
    purposeAnyEku: 'no',
    algorithms: 'sha1',
    profile: 'none',
    attested: true,
  }).map(([key, value]) => ({
    name: `${key} ${value}`,
    entries: [{ ...first, [key]: value }],
    told: `(at POLICIES[0].${key})`,
  })),
  {
    name: 'optional where nothing is decided',
    entries: [{ ...first, mode: 'off', certificate: 'optional' }],
    told: '(at POLICIES[0].certificate)',
  },
  {
    name: 'a setting that its mode does not ask',
    entries: [{ ...first, mode: 'passthrough', expired: 'refuse' }],
    told: 'nothing with mode passthrough, which does not ask it (at POLICIES[0].expired)',
  },
  {
    name: 'a setting that the listener’s mode does not ask',
    entries: [{ ...first, algorithms: 'fips' }],
    variables: { MODE: 'off' },
    told: '(at POLICIES[0].algorithms)',
  },
]

test.each(faults)('$name: $told', async ({ entries, variables, told }) => {
  const found = await faultsOf(JSON.stringify(entries), variables)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(/^POLICIES: /)
  expect(found[0]).toContain(told)
})

test('no object', async () => {
  const [told] = await faultsOf(JSON.stringify([first, 'second']))
  expect(told).toBe('POLICIES: an object (at POLICIES[1])')
})

test.each([
  '',
  '{}',
  '[]',
  '[',
  JSON.stringify(Array.from({ length: 65 }, () => first)),
  ' '.repeat(65_537),
])('no list of policies: %.20s', async (text) => {
  const expected = 'a JSON list of 1 to 64 policies, in at most 65536 characters'
  expect(await faultsOf(text)).toEqual([`POLICIES: ${expected}`])
})

test('every fault is told, and one of the listener’s own once', async () => {
  const entries = [
    { name: 'a', path: ['/a'] },
    { name: 'b', hosts: ['b'], mode: 'x' },
  ]
  const told = await faultsOf(JSON.stringify(entries), { EXPIRED: 'never' })
  expect(told.map((each) => /^\w+/.exec(each)?.[0])).toEqual([
    'EXPIRED',
    'POLICIES',
    'POLICIES',
    'POLICIES',
  ])
})

test('paths that are matched as they come would be a way around', async () => {
  const POLICIES = JSON.stringify([first])
  const told = await faultsOf(POLICIES, { PATH_NORMALISATION: 'none' })
  expect(told).toEqual([expect.stringMatching(/^PATH_NORMALISATION: base, or more/)])
  expect((await listenerOf({ POLICIES })).paths).toBe('decode_and_merge_slashes')
  expect((await listenerOf({ POLICIES, PATH_NORMALISATION: 'base' })).paths).toBe('base')
})

test('a pattern is written as paths are when they are asked about', async () => {
  const POLICIES = JSON.stringify([{ name: 'a', paths: ['//a', '/b%2Fc'] }])
  const listener = await listenerOf({ POLICIES, PATH_NORMALISATION: 'base' })
  expect(listener.policies[0]?.paths).toEqual(['//a', '/b%2Fc'])
})
