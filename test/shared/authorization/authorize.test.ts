import { describe, expect, test } from 'vitest'
import { authorize, type AskProvider } from '#shared/authorization/authorize.ts'
import { toAuthorizationRequest, type AuthorizationRequest } from '#shared/authorization/request.ts'
import { parseSpiffeId, type SpiffeId } from '#shared/authorization/spiffe-id.ts'
import { policyOf, type Written } from './policies.ts'

function idOf(text: string): SpiffeId {
  const id = parseSpiffeId(text)
  if (!id.ok) throw new Error(id.error.expected)
  return id.value
}

const headers = new Map([
  ['x-kind', 'car'],
  ['x-list', 'a,b'],
  ['x-empty', ''],
])

const request: AuthorizationRequest = {
  peer: idOf('spiffe://cluster.local/ns/fleet/sa/car.one'),
  method: 'GET',
  host: 'API.fleet.example:8443',
  path: '/telemetry/car-1',
  header: (name) => headers.get(name),
  claims: {
    iss: 'https://issuer.example',
    sub: 'someone',
    aud: ['fleet', 'console'],
    azp: 'app',
    scope: 'read write',
    permission: 'a b',
    groups: ['ops', 7, 'dev'],
    name: 'two words',
    nested: { deep: { role: 'admin' } },
    number: 7,
    nothing: null,
  },
}

const never: AskProvider = () => Promise.reject(new Error('nobody is asked'))

async function outcome(
  written: readonly Written[],
  asked: Partial<AuthorizationRequest> = {},
  ask = never,
): Promise<string> {
  const named = written.map((each, index) => policyOf({ name: `p${index}`, ...each }))
  const { outcome: word, because } = await authorize(named, { ...request, ...asked }, ask)
  return `${word}: ${because}`
}

const allowed = 'allowed: allow_policy'
const unmatched = 'denied: no_allow_policy_matches'

const custom = (rules: unknown): Written => ({
  action: 'CUSTOM',
  provider: { name: 'opa' },
  rules,
})

describe('the order of evaluation', () => {
  const everything = [{}]
  const nothing = [{ to: [{ operation: { paths: ['/other'] } }] }]

  const rows: readonly {
    readonly name: string
    readonly policies: readonly Written[]
    readonly answer?: 'allow' | 'deny' | 'unavailable'
    readonly result: string
  }[] = [
    { name: 'no policy', policies: [], result: 'allowed: no_allow_policies' },
    { name: 'an ALLOW that matches', policies: [{ rules: everything }], result: allowed },
    { name: 'an ALLOW that does not', policies: [{ rules: nothing }], result: unmatched },
    { name: 'an ALLOW without rules', policies: [{}], result: unmatched },
    { name: 'an ALLOW of no rules', policies: [{ rules: [] }], result: unmatched },
    {
      name: 'one ALLOW of two',
      policies: [{ rules: nothing }, { rules: everything }],
      result: allowed,
    },
    {
      name: 'a DENY without rules',
      policies: [{ action: 'DENY' }],
      result: 'allowed: no_allow_policies',
    },
    {
      name: 'a DENY that matches',
      policies: [{ action: 'DENY', rules: everything }],
      result: 'denied: deny_policy',
    },
    {
      name: 'DENY before ALLOW',
      policies: [{ rules: everything }, { action: 'DENY', rules: everything }],
      result: 'denied: deny_policy',
    },
    {
      name: 'a DENY that does not match',
      policies: [{ action: 'DENY', rules: nothing }],
      result: 'allowed: no_allow_policies',
    },
    {
      name: 'CUSTOM that denies, before DENY',
      policies: [{ action: 'DENY', rules: everything }, custom(everything)],
      answer: 'deny',
      result: 'denied: custom_denied',
    },
    {
      name: 'CUSTOM that allows, before DENY',
      policies: [{ action: 'DENY', rules: everything }, custom(everything)],
      answer: 'allow',
      result: 'denied: deny_policy',
    },
    {
      name: 'CUSTOM that allows, and no ALLOW that does',
      policies: [custom(everything), { rules: nothing }],
      answer: 'allow',
      result: unmatched,
    },
    {
      name: 'CUSTOM that nobody answers',
      policies: [custom(everything), { rules: everything }],
      answer: 'unavailable',
      result: 'denied: custom_unavailable',
    },
    {
      name: 'the second CUSTOM',
      policies: [custom(nothing), custom(everything)],
      answer: 'deny',
      result: 'denied: custom_denied',
    },
    {
      name: 'AUDIT alone',
      policies: [{ action: 'AUDIT', rules: everything }],
      result: 'allowed: no_allow_policies',
    },
    {
      name: 'a dry DENY',
      policies: [{ action: 'DENY', dryRun: true, rules: everything }],
      result: 'allowed: no_allow_policies',
    },
    {
      name: 'a dry ALLOW',
      policies: [{ dryRun: true, rules: nothing }],
      result: 'allowed: no_allow_policies',
    },
    {
      name: 'an ALLOW that is not dry',
      policies: [{ dryRun: false, rules: nothing }],
      result: unmatched,
    },
  ]
  test.each(rows)('$name: $result', async ({ policies, answer, result }) => {
    const ask: AskProvider = answer === undefined ? never : () => Promise.resolve(answer)
    expect(await outcome(policies, {}, ask)).toBe(result)
  })

  test('a CUSTOM policy that does not match asks nobody, and one that does asks its provider', async () => {
    expect(await outcome([custom(nothing)])).toBe('allowed: no_allow_policies')
    const asked: string[] = []
    await outcome([custom(everything)], {}, (provider, { path }) => {
      asked.push(provider, path)
      return Promise.resolve('allow')
    })
    expect(asked).toEqual(['opa', '/telemetry/car-1'])
  })

  test('what was audited and what would have been decided is told by name', async () => {
    const policies = [
      policyOf({ name: 'seen', action: 'AUDIT', rules: everything }),
      policyOf({ name: 'not seen', action: 'AUDIT', rules: nothing }),
      policyOf({ name: 'dry', action: 'DENY', dryRun: true, rules: everything }),
      policyOf({ name: 'door', action: 'DENY', rules: everything }),
    ]
    expect(await authorize(policies, request, never)).toEqual({
      outcome: 'denied',
      because: 'deny_policy',
      policy: 'door',
      audited: ['seen'],
      dryRun: ['dry'],
    })
  })
})

const from = (source: object): readonly unknown[] => [{ from: [{ source }] }]
const to = (operation: object): readonly unknown[] => [{ to: [{ operation }] }]
const when = (key: string, rest: object): readonly unknown[] => [{ when: [{ key, ...rest }] }]

describe('fields', () => {
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['a principal', from({ principals: ['cluster.local/ns/fleet/sa/car.one'] }), true],
    ['a principal by prefix', from({ principals: ['cluster.local/ns/fleet/*'] }), true],
    ['a principal by suffix', from({ principals: ['*/sa/car.one'] }), true],
    ['any principal', from({ principals: ['*'] }), true],
    ['another principal', from({ principals: ['cluster.local/ns/fleet/sa/car'] }), false],
    ['one of two principals', from({ principals: ['x', '*'] }), true],
    ['no such principal', from({ notPrincipals: ['x'] }), true],
    ['but that principal', from({ notPrincipals: ['*/sa/car.one'] }), false],
    [
      'a principal, but not that one',
      from({ principals: ['*'], notPrincipals: ['cluster.local/*'] }),
      false,
    ],
    ['a namespace', from({ namespaces: ['fleet'] }), true],
    ['a namespace in other letters', from({ namespaces: ['Fleet'] }), false],
    ['not a namespace', from({ notNamespaces: ['fleet'] }), false],
    ['a trust domain', from({ trustDomains: ['cluster.local'] }), true],
    ['not a trust domain', from({ notTrustDomains: ['cluster.*'] }), false],
    ['a service account', from({ serviceAccounts: ['fleet/car.one'] }), true],
    ['a service account of the policy’s namespace', from({ serviceAccounts: ['car.one'] }), true],
    ['not a service account', from({ notServiceAccounts: ['fleet/car.one'] }), false],
    ['a request principal', from({ requestPrincipals: ['https://issuer.example/someone'] }), true],
    ['not a request principal', from({ notRequestPrincipals: ['*'] }), false],
    ['two fields of which one fails', from({ principals: ['*'], namespaces: ['x'] }), false],
    [
      'two sources of which one matches',
      [{ from: [{ source: { namespaces: ['x'] } }, { source: { namespaces: ['fleet'] } }] }],
      true,
    ],
    ['a host without its port', to({ hosts: ['api.fleet.example'] }), true],
    ['a host with its port', to({ hosts: ['API.FLEET.example:8443'] }), true],
    ['a host by suffix', to({ hosts: ['*.fleet.example'] }), true],
    ['another host', to({ hosts: ['fleet.example'] }), false],
    ['not a host', to({ notHosts: ['API.fleet.example'] }), false],
    ['a method', to({ methods: ['POST', 'GET'] }), true],
    ['not a method', to({ notMethods: ['GET'] }), false],
    ['a path', to({ paths: ['/telemetry/*'] }), true],
    ['a path by template', to({ paths: ['/{*}/car-1'] }), true],
    ['not a path', to({ notPaths: ['/telemetry/{*}'] }), false],
    ['a path with a dot for any character', to({ paths: ['/telemetry.car-1'] }), false],
    [
      'a source and an operation',
      [{ from: [{ source: { principals: ['*'] } }], to: [{ operation: { methods: ['GET'] } }] }],
      true,
    ],
    [
      'a source and another operation',
      [{ from: [{ source: { principals: ['*'] } }], to: [{ operation: { methods: ['PUT'] } }] }],
      false,
    ],
    ['a header', when('request.headers[X-Kind]', { values: ['car'] }), true],
    ['a header’s lines in one', when('request.headers[x-list]', { values: ['a,b'] }), true],
    ['a header of another value', when('request.headers[x-kind]', { values: ['bus'] }), false],
    ['an empty header, present', when('request.headers[x-empty]', { values: ['*'] }), false],
    ['a missing header', when('request.headers[x-none]', { values: ['*'] }), false],
    ['not a missing header', when('request.headers[x-none]', { notValues: ['*'] }), true],
    ['not a header', when('request.headers[x-kind]', { notValues: ['car'] }), false],
    [
      'a header, but not that value',
      when('request.headers[x-kind]', { values: ['c*'], notValues: ['car'] }),
      false,
    ],
    ['source.principal', when('source.principal', { values: ['*/sa/car.one'] }), true],
    ['source.namespace', when('source.namespace', { values: ['fleet'] }), true],
    ['source.serviceAccount', when('source.serviceAccount', { values: ['fleet/car.one'] }), true],
    ['source.trustDomain', when('source.trustDomain', { values: ['cluster.local'] }), true],
    ['request.auth.principal', when('request.auth.principal', { values: ['*/someone'] }), true],
    ['an audience', when('request.auth.audiences', { values: ['console'] }), true],
    ['another audience', when('request.auth.audiences', { values: ['fleet,console'] }), false],
    ['a presenter', when('request.auth.presenter', { values: ['app'] }), true],
    ['a claim of a list', when('request.auth.claims[groups]', { values: ['dev'] }), true],
    [
      'a nested claim',
      when('request.auth.claims[nested][deep][role]', { values: ['admin'] }),
      true,
    ],
    [
      'a claim deeper than there is',
      when('request.auth.claims[name][deep]', { values: ['*'] }),
      false,
    ],
    [
      'a claim that only prototypes have',
      when('request.auth.claims[toString]', { values: ['*'] }),
      false,
    ],
    [
      'a length, which is no claim',
      when('request.auth.claims[name][length]', { values: ['*'] }),
      false,
    ],
    ['a scope of several', when('request.auth.claims[scope]', { values: ['write'] }), true],
    ['a permission of several', when('request.auth.claims[permission]', { values: ['b'] }), true],
    ['another claim of two words', when('request.auth.claims[name]', { values: ['words'] }), false],
    ['a claim that is no text', when('request.auth.claims[number]', { values: ['*'] }), false],
    [
      'two conditions of which one fails',
      [
        {
          when: [
            { key: 'source.namespace', values: ['fleet'] },
            { key: 'source.namespace', notValues: ['fleet'] },
          ],
        },
      ],
      false,
    ],
  ]
  test.each(rows)('%s: %s', async (_, rules, matches) => {
    expect(await outcome([{ namespace: 'fleet', rules }])).toBe(matches ? allowed : unmatched)
  })

  const spellings = [
    'api.fleet.example',
    'API.fleet.example.',
    'api.fleet.example.:443',
    'api.fleet.example:',
  ]
  test.each(spellings)('a DENY on a host sees through %s', async (host) => {
    const deny = { action: 'DENY', rules: to({ hosts: ['Api.Fleet.Example'] }) }
    expect(await outcome([deny], { host })).toBe('denied: deny_policy')
  })

  test('an address of IPv6 has colons of its own', async () => {
    const rules = to({ hosts: ['[2001:db8::1]'] })
    expect(await outcome([{ rules }], { host: '[2001:db8::1]:8443' })).toBe(allowed)
    expect(await outcome([{ rules }], { host: '[2001:db8::1]' })).toBe(allowed)
  })

  test('scopes are parted where they are one text, and at the top', async () => {
    const rules = when('request.auth.claims[scope]', { values: ['write'] })
    expect(await outcome([{ rules }], { claims: { scope: ['read', 'write'] } })).toBe(allowed)
    const inner = when('request.auth.claims[scope][a]', { values: ['write'] })
    const claims = { scope: { a: 'read write' } }
    expect(await outcome([{ rules: inner }], { claims })).toBe(unmatched)
  })

  const nobody = { peer: undefined, claims: undefined }
  const absent: readonly (readonly [string, unknown, boolean])[] = [
    ['any principal', from({ principals: ['*'] }), false],
    ['any request principal', from({ requestPrincipals: ['*'] }), false],
    ['any namespace', from({ namespaces: ['*'] }), false],
    ['not some principal', from({ notPrincipals: ['x'] }), true],
    ['any claim', when('request.auth.claims[scope]', { values: ['*'] }), false],
    ['any audience', when('request.auth.audiences', { values: ['*'] }), false],
    ['any presenter', when('request.auth.presenter', { values: ['*'] }), false],
  ]
  test.each(absent)('without certificate and token, %s: %s', async (_, rules, matches) => {
    expect(await outcome([{ rules }], nobody)).toBe(matches ? allowed : unmatched)
  })

  test('a peer of another form has a principal, and no namespace or service account', async () => {
    const peer = idOf('spiffe://fleet.example/car/car-1')
    expect(
      await outcome([{ rules: from({ principals: ['fleet.example/car/*'] }) }], { peer }),
    ).toBe(allowed)
    expect(await outcome([{ rules: from({ namespaces: ['*'] }) }], { peer })).toBe(unmatched)
    const account = when('source.serviceAccount', { values: ['fleet/car.one'] })
    expect(await outcome([{ rules: account }], { peer })).toBe(unmatched)
  })

  test.each([
    ['an empty issuer', { iss: '', sub: 'a' }],
    ['an empty subject', { iss: 'a', sub: '' }],
    ['no subject', { iss: 'a' }],
    ['an issuer that is no text', { iss: ['a'], sub: 'b' }],
    ['a subject that is no text', { iss: 'a', sub: ['b'] }],
  ])('%s is no request principal', async (_, claims) => {
    expect(await outcome([{ rules: from({ requestPrincipals: ['*'] }) }], { claims })).toBe(
      unmatched,
    )
  })
})

describe('what others got wrong', () => {
  const peer = idOf('spiffe://cluster.local/ns/fleetX/sa/carXone')

  test('CVE-2026-39350: a dot in a service account is a dot', async () => {
    const rules = from({ serviceAccounts: ['fleet.example/car.one'] })
    const other = idOf('spiffe://cluster.local/ns/fleetXexample/sa/carXone')
    expect(await outcome([{ rules }], { peer: other })).toBe(unmatched)
    const same = idOf('spiffe://cluster.local/ns/fleet.example/sa/car.one')
    expect(await outcome([{ rules }], { peer: same })).toBe(allowed)
  })

  test('istio/istio#59992: dots in suffixes and namespaces are dots', async () => {
    expect(await outcome([{ rules: from({ principals: ['*..'] }) }], { peer })).toBe(unmatched)
    expect(await outcome([{ rules: from({ namespaces: ['fleet.'] }) }], { peer })).toBe(unmatched)
    expect(await outcome([{ rules: from({ principals: ['*/sa/car.one'] }) }], { peer })).toBe(
      unmatched,
    )
    const condition = when('source.namespace', { values: ['fleet.'] })
    expect(await outcome([{ rules: condition }], { peer })).toBe(unmatched)
  })

  test('a text that would make a regular expression slow is only a text', async () => {
    const rules = to({ paths: [`/${'(a+)+'.repeat(300)}$`] })
    expect(await outcome([{ rules }], { path: `/${'a'.repeat(8000)}` })).toBe(unmatched)
  })
})

const facts = { peer: undefined, host: 'a.example', header: () => undefined, claims: undefined }

test.each([
  ['GET', 'ok'],
  ['M-SEARCH', 'ok'],
  ['get', 'method'],
  ['Get', 'method'],
  ['gET', 'method'],
  ['', 'method'],
  ['GET ', 'method'],
])('the method %j: %s', (method, says) => {
  const asked = toAuthorizationRequest({ ...facts, method, target: '/' }, 'base')
  expect(asked.ok ? 'ok' : asked.error.field).toBe(says)
})

test('the path is asked about as it will be served, without its query', () => {
  const made = { ...facts, method: 'GET' }
  const target = '/a/%2e%2e/admin%2Fusers?x=/../y'
  expect(toAuthorizationRequest({ ...made, target }, 'decode_and_merge_slashes')).toEqual({
    ok: true,
    value: { ...made, path: '/admin/users' },
  })
  expect(toAuthorizationRequest({ ...made, target: '/%00' }, 'none')).toEqual({
    ok: false,
    error: { field: 'path', expected: 'a path without NUL' },
  })
})
