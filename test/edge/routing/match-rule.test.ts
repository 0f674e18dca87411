import { expect, test } from 'vitest'
import { matchesRule } from '#edge/routing/match-rule.ts'
import { listenerOf } from '../stage.ts'

async function matches(
  conditions: readonly object[],
  { method = 'GET', url = 'https://Fleet.example:8443/img/a', headers = {}, source = '192.0.2.7' },
): Promise<boolean> {
  const action = { Type: 'forward', TargetGroupArn: 'g' }
  const { forwarding } = await listenerOf({
    TARGET_GROUPS: '{"g":{"targets":[]}}',
    ROUTES: JSON.stringify([
      { Priority: 1, Conditions: conditions, Actions: [action] },
      { Priority: 'default', Actions: [action] },
    ]),
  })
  const [rule] = forwarding.routing?.rules ?? []
  if (rule === undefined) throw new Error('the test needs a rule')
  return matchesRule(rule, { method, url: new URL(url), headers: new Headers(headers), source })
}

const path = (...Values: readonly string[]) => ({ Field: 'path-pattern', Values })
const host = (...Values: readonly string[]) => ({ Field: 'host-header', Values })
const method = (...Values: readonly string[]) => ({ Field: 'http-request-method', Values })
const source = (...Values: readonly string[]) => ({ Field: 'source-ip', Values })
const header = (HttpHeaderName: string, ...Values: readonly string[]) => ({
  Field: 'http-header',
  HttpHeaderConfig: { HttpHeaderName, Values },
})
const query = (...Values: readonly object[]) => ({
  Field: 'query-string',
  QueryStringConfig: { Values },
})
const asked = (search: string) => ({ url: `https://a.example/${search}` })

test.each([
  ['a path', [path('/img/*')], {}, true],
  ['a path, in the case it has', [path('/IMG/*')], {}, false],
  ['a path without its query', [path('/img/a')], { url: 'https://a.example/img/a?b' }, true],
  ['one of several paths', [path('/x', '/img/?')], {}, true],
  ['a host, in any case, without its port', [host('FLEET.example')], {}, true],
  ['a host of another level', [host('*.fleet.example')], {}, false],
  ['a method', [method('GET', 'HEAD')], {}, true],
  ['another method', [method('GET')], { method: 'HEAD' }, false],
  ['a header, in any case', [header('x-a', 'B*')], { headers: { 'X-A': 'bC' } }, true],
  ['a header that is not there', [header('x-a', '*')], {}, false],
  ['a header that is empty', [header('x-a', '*')], { headers: { 'x-a': '' } }, true],
  ['an address', [source('192.0.2.0/24')], {}, true],
  ['another address', [source('198.51.100.0/24')], {}, false],
  ['all conditions', [path('/img/*'), method('GET')], {}, true],
  ['not all of them', [path('/img/*'), method('PUT')], {}, false],
  ['a key and its value', [query({ Key: 'version', Value: 'v1' })], asked('?a&Version=V1'), true],
  [
    'a key with another value',
    [query({ Key: 'version', Value: 'v1' })],
    asked('?version=v12'),
    false,
  ],
  ['a value of any key', [query({ Value: '*example*' })], asked('?q=an-example-'), true],
  ['a value that only a key has', [query({ Value: 'example' })], asked('?example'), false],
  ['a key without a value', [query({ Key: 'debug', Value: '*' })], asked('?debug'), true],
  ['no query', [query({ Value: '*' })], asked(''), false],
  ['an empty query', [query({ Value: '*' })], asked('?'), false],
  ['an escaped star', [query({ Key: 'q', Value: 'a\\*b' })], asked('?q=a*b'), true],
  ['an escaped star, and none', [query({ Key: 'q', Value: 'a\\*b' })], asked('?q=aXb'), false],
  ['an escaped question mark', [query({ Key: 'q', Value: '\\?' })], asked('?q=?'), true],
  ['an equals sign in the value', [query({ Key: 'q', Value: 'a=b' })], asked('?q=a=b'), true],
  ['what is percent-encoded', [query({ Key: 'q', Value: 'a%2fb' })], asked('?q=a%2Fb'), true],
] as const)('%s', async (_, conditions, request, expected) => {
  expect(await matches(conditions, request)).toBe(expected)
})

test('an address that nobody tells is in no range', async () => {
  const everywhere = [source('0.0.0.0/0', '::/0')]
  expect(await matches(everywhere, { source: '' })).toBe(false)
})
