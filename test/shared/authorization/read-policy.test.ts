import { describe, expect, test } from 'vitest'
import { readAuthorizationPolicy } from '#shared/authorization/read-policy.ts'
import { document, policyOf, type Written } from './policies.ts'

const many = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `a${at}`)
const source = (fields: object): Written => ({ rules: [{ from: [{ source: fields }] }] })
const operation = (fields: object): Written => ({ rules: [{ to: [{ operation: fields }] }] })
const condition = (fields: object): Written => ({ rules: [{ when: [fields] }] })

/** Keys of the faults of a document. */
function keysOf(value: unknown): readonly string[] {
  const policy = readAuthorizationPolicy(value, 'policy.yaml')
  return policy.ok ? [] : policy.error.map(({ key }) => key)
}

describe('a policy', () => {
  test('is an ALLOW without a word', () => {
    expect(policyOf({ name: 'a' })).toEqual({
      name: 'a',
      action: { word: 'ALLOW' },
      dryRun: false,
      rules: [],
    })
  })

  test('has matches of its texts', () => {
    const rules = [
      {
        from: [{ source: { notPrincipals: ['*'] } }],
        to: [{ operation: { hosts: ['*.Fleet.example'], paths: ['/{*}'] } }],
        when: [{ key: 'request.headers[X-Kind]', notValues: ['a*'] }],
      },
    ]
    expect(policyOf({ action: 'DENY', dryRun: true, rules })).toMatchObject({
      action: { word: 'DENY' },
      dryRun: true,
      rules: [
        {
          from: [{ principals: { values: undefined, notValues: [{ kind: 'present' }] } }],
          to: [
            {
              hosts: { values: [{ kind: 'suffix', text: '.fleet.example' }] },
              paths: { values: [{ kind: 'template', before: [{ text: '' }, 'any'] }] },
            },
          ],
          when: [
            {
              attribute: { kind: 'header', name: 'x-kind' },
              notValues: [{ kind: 'prefix', text: 'a' }],
            },
          ],
        },
      ],
    })
  })

  test('of the older version is read as well', () => {
    const older = { ...document({}), apiVersion: 'security.istio.io/v1beta1' }
    expect(keysOf(older)).toEqual([])
  })
})

describe('a fault names file and key', () => {
  const at = 'spec.rules[0].from[0].source'
  const op = 'spec.rules[0].to[0].operation'
  const rows: readonly (readonly [string, Written, readonly string[]])[] = [
    ['an unknown field of the specification', { selector: {} } as Written, ['spec.selector']],
    ['an unknown action', { action: 'allow' }, ['spec.action']],
    ['CUSTOM without a provider', { action: 'CUSTOM' }, ['spec.provider', 'spec.provider.name']],
    ['a provider without CUSTOM', { provider: { name: 'a' } }, ['spec.provider']],
    ['rules that are no list', { rules: {} }, ['spec.rules']],
    ['rules that are null', { rules: null }, ['spec.rules']],
    ['a rule that is null', { rules: [null] }, ['spec.rules[0]']],
    ['an unknown field of a rule', { rules: [{ form: [] }] }, ['spec.rules[0].form']],
    [
      'an unknown field beside a source',
      { rules: [{ from: [{ sources: {} }] }] },
      ['spec.rules[0].from[0].sources', at, at],
    ],
    ['an empty source', source({}), [at]],
    ['an unknown field of a source', source({ principal: ['a'] }), [`${at}.principal`]],
    [
      'addresses, which are not evaluated',
      source({ ipBlocks: ['10.0.0.0/8'] }),
      [`${at}.ipBlocks`],
    ],
    ['ports, which are not evaluated', operation({ ports: ['443'] }), [`${op}.ports`]],
    ['an empty list', source({ principals: [] }), [`${at}.principals`]],
    ['a text in place of a list', source({ principals: 'a' }), [`${at}.principals`]],
    ['a value that is no text', source({ principals: ['a', 7] }), [`${at}.principals[1]`]],
    ['a value too long', source({ principals: ['a'.repeat(2049)] }), [`${at}.principals[0]`]],
    ['a star inside', source({ namespaces: ['a*b'] }), [`${at}.namespaces[0]`]],
    [
      'a principal with its scheme',
      source({ principals: ['spiffe://td/a'] }),
      [`${at}.principals[0]`],
    ],
    ['513 values', source({ notNamespaces: many(513) }), [`${at}.notNamespaces`]],
    ['513 rules', { rules: Array.from({ length: 513 }, () => ({})) }, ['spec.rules']],
    [
      '513 sources',
      { rules: [{ from: Array.from({ length: 513 }, () => ({})) }] },
      ['spec.rules[0].from'],
    ],
    [
      'seventeen service accounts',
      source({ serviceAccounts: many(17).map((name) => `a/${name}`) }),
      [`${at}.serviceAccounts`],
    ],
    [
      'service accounts beside principals',
      source({ serviceAccounts: ['a/b'], principals: ['*'] }),
      [`${at}.principals`],
    ],
    [
      'service accounts beside not namespaces',
      source({ serviceAccounts: ['a/b'], notNamespaces: ['*'] }),
      [`${at}.notNamespaces`],
    ],
    [
      'a service account with a star',
      source({ serviceAccounts: ['a/*'] }),
      [`${at}.serviceAccounts[0]`],
    ],
    [
      'a service account of three parts',
      source({ serviceAccounts: ['a/b/c'] }),
      [`${at}.serviceAccounts[0]`],
    ],
    [
      'a service account without a namespace',
      source({ serviceAccounts: ['b'] }),
      [`${at}.serviceAccounts[0]`],
    ],
    ['an empty operation', operation({}), [op]],
    ['a method in lower case', operation({ methods: ['get'] }), [`${op}.methods[0]`]],
    ['a path that none is equal to', operation({ notPaths: ['/a/../b'] }), [`${op}.notPaths[0]`]],
    ['a template with a star', operation({ paths: ['/*/{*}'] }), [`${op}.paths[0]`]],
    ['a condition without a key', condition({ values: ['a'] }), ['spec.rules[0].when[0].key']],
    [
      'a condition without values',
      condition({ key: 'source.namespace' }),
      ['spec.rules[0].when[0]'],
    ],
    [
      'an unknown key',
      condition({ key: 'source.ip', values: ['a'] }),
      ['spec.rules[0].when[0].key'],
    ],
    [
      'a key that only prototypes have',
      condition({ key: 'toString', values: ['a'] }),
      ['spec.rules[0].when[0].key'],
    ],
    [
      'a header without a name',
      condition({ key: 'request.headers[]', values: ['a'] }),
      ['spec.rules[0].when[0].key'],
    ],
    [
      'a header with a space',
      condition({ key: 'request.headers[a b]', values: ['a'] }),
      ['spec.rules[0].when[0].key'],
    ],
    [
      'a claim nine deep',
      condition({ key: `request.auth.claims${'[a]'.repeat(9)}`, values: ['a'] }),
      ['spec.rules[0].when[0].key'],
    ],
    [
      'an unknown field of a condition',
      condition({ key: 'source.namespace', value: ['a'], values: ['a'] }),
      ['spec.rules[0].when[0].value'],
    ],
  ]
  const inexact: readonly Written[] = [
    operation({ methods: ['gGET'] }),
    operation({ methods: ['GETg'] }),
    source({ serviceAccounts: ['a b/c'] }),
    source({ serviceAccounts: ['a/b c'] }),
    condition({ key: 'x.request.headers[a]', values: ['a'] }),
    condition({ key: 'request.headers[a]x', values: ['a'] }),
    condition({ key: 'x.request.auth.claims[a]', values: ['a'] }),
    condition({ key: 'request.auth.claims[a]x', values: ['a'] }),
  ]
  test.each(inexact)('something before or behind: %j', (written) => {
    expect(keysOf(document(written))).toHaveLength(1)
  })

  test.each(rows)('%s', (_, written, keys) => {
    expect(keysOf(document(written))).toEqual(keys)
  })

  test.each([
    ['no object', null, ['', 'kind', 'apiVersion', 'metadata', 'metadata.name', 'spec']],
    ['a list', [], ['', 'kind', 'apiVersion', 'metadata', 'metadata.name', 'spec']],
    ['another kind', { ...document({}), kind: 'PeerAuthentication' }, ['kind']],
    ['another version', { ...document({}), apiVersion: 'v1' }, ['apiVersion']],
    ['an unknown field', { ...document({}), status: {} }, ['status']],
    [
      'an unknown annotation',
      { ...document({}), metadata: { name: 'a', annotations: { 'istio.io/dryrun': 'true' } } },
      ['metadata.annotations.istio.io/dryrun'],
    ],
    [
      'a dry run that is neither',
      { ...document({}), metadata: { name: 'a', annotations: { 'istio.io/dry-run': 'yes' } } },
      ['metadata.annotations["istio.io/dry-run"]'],
    ],
  ])('%s', (_, value, keys) => {
    expect(keysOf(value)).toEqual(keys)
  })

  test('and what belonged there', () => {
    expect(readAuthorizationPolicy(document(operation({ methods: ['get'] })), 'a.yaml')).toEqual({
      ok: false,
      error: [
        { file: 'a.yaml', key: `${op}.methods[0]`, expected: 'a method in upper case, or one *' },
      ],
    })
  })

  test('of which there are at most a hundred', () => {
    const rules = Array.from({ length: 512 }, () => null)
    expect(keysOf(document({ rules }))).toHaveLength(100)
  })

  test('the limits themselves are kept', () => {
    expect(keysOf(document({ rules: Array.from({ length: 512 }, () => ({})) }))).toEqual([])
    expect(keysOf(document(source({ namespaces: many(512) })))).toEqual([])
    expect(keysOf(document(source({ principals: ['a'.repeat(2048)] })))).toEqual([])
    const accounts = many(16).map((name) => `a/${name}`)
    expect(keysOf(document(source({ serviceAccounts: accounts })))).toEqual([])
    const deep = { key: `request.auth.claims${'[a]'.repeat(8)}`, values: ['a'] }
    expect(keysOf(document(condition(deep)))).toEqual([])
  })
})
