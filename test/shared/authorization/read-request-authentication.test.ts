import { describe, expect, test } from 'vitest'
import { readRequestAuthentication } from '#shared/authorization/read-request-authentication.ts'
import { usualPlaces } from '#shared/authorization/token-rule.ts'

const rule = { issuer: 'https://id.example', jwks: '{"keys":[]}', forwardOriginalToken: true }

const documentOf = (spec: unknown): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'RequestAuthentication',
  metadata: { name: 'tokens', namespace: 'fleet' },
  spec,
})
const withRule = (changed: object): object => documentOf({ jwtRules: [{ ...rule, ...changed }] })

const read = (document: unknown) => readRequestAuthentication(document, 'F')

describe('what a rule says', () => {
  const whole = {
    issuer: rule.issuer,
    audiences: [],
    keys: { kind: 'inline', jwks: rule.jwks },
    places: usualPlaces,
  }
  test.each([
    { name: 'no more than it has to', document: withRule({}), says: [whole] },
    {
      name: 'audiences',
      document: withRule({ audiences: ['fleet', 'depot'] }),
      says: [{ ...whole, audiences: ['fleet', 'depot'] }],
    },
    {
      name: 'an address of keys',
      document: withRule({ jwks: undefined, jwksUri: 'https://id.example/keys' }),
      says: [{ ...whole, keys: { kind: 'address', url: 'https://id.example/keys' } }],
    },
    {
      name: 'places of its own, in place of the usual ones',
      document: withRule({
        fromHeaders: [{ name: 'X-Token' }, { name: 'Authorization', prefix: 'JWT ' }],
        fromParams: ['token'],
        fromCookies: ['session'],
      }),
      says: [
        {
          ...whole,
          places: [
            { kind: 'header', name: 'x-token', prefix: '' },
            { kind: 'header', name: 'authorization', prefix: 'JWT ' },
            { kind: 'param', name: 'token' },
            { kind: 'cookie', name: 'session' },
          ],
        },
      ],
    },
    {
      name: 'two issuers',
      document: documentOf({ jwtRules: [rule, { ...rule, issuer: 'depot' }] }),
      says: [whole, { ...whole, issuer: 'depot' }],
    },
  ])('$name', ({ document, says }) => {
    expect(read(document)).toEqual({ ok: true, value: says })
  })
})

const at = (path: string): string => `spec.jwtRules[0]${path}`

describe('what is refused, by its place', () => {
  test.each([
    { name: 'another kind', document: { ...withRule({}), kind: 'Policy' }, key: 'kind' },
    { name: 'no name', document: { ...withRule({}), metadata: {} }, key: 'metadata.name' },
    {
      name: 'workloads, which a listener has none of',
      document: documentOf({ jwtRules: [rule], selector: {} }),
      key: 'spec.selector',
    },
    { name: 'no rule', document: documentOf({}), key: 'spec.jwtRules' },
    {
      name: 'too many rules',
      document: documentOf({ jwtRules: Array.from({ length: 17 }, () => rule) }),
      key: 'spec.jwtRules',
    },
    { name: 'no issuer', document: withRule({ issuer: undefined }), key: at('.issuer') },
    { name: 'no keys', document: withRule({ jwks: undefined }), key: at('') },
    {
      name: 'keys twice',
      document: withRule({ jwksUri: 'https://id.example/keys' }),
      key: at(''),
    },
    { name: 'keys that are no text', document: withRule({ jwks: {} }), key: at('.jwks') },
    {
      name: 'keys beyond the bound',
      document: withRule({ jwks: ' '.repeat(32 * 1024 + 1) }),
      key: at('.jwks'),
    },
    {
      name: 'keys that anybody on the way could change',
      document: withRule({ jwks: undefined, jwksUri: 'http://id.example/keys' }),
      key: at('.jwksUri'),
    },
    {
      name: 'an audience that is none',
      document: withRule({ audiences: [''] }),
      key: at('.audiences[0]'),
    },
    {
      name: 'a header without a name',
      document: withRule({ fromHeaders: [{}] }),
      key: at('.fromHeaders[0].name'),
    },
    {
      name: 'a token that is taken away, as Istio does unless told',
      document: withRule({ forwardOriginalToken: undefined }),
      key: at('.forwardOriginalToken'),
    },
    {
      name: 'claims written to headers',
      document: withRule({ outputClaimToHeaders: [] }),
      key: at('.outputClaimToHeaders'),
    },
  ])('$name', ({ document, key }) => {
    const found = read(document)
    expect(found.ok ? [] : found.error.map((fault) => [fault.file, fault.key])).toContainEqual([
      'F',
      key,
    ])
  })
})
