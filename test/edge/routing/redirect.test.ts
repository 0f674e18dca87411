import { expect, test } from 'vitest'
import { fixedResponse, redirectLocation } from '#edge/routing/redirect.ts'

const same = {
  type: 'redirect',
  status: 301,
  protocol: '#{protocol}',
  host: '#{host}',
  port: '#{port}',
  path: '/#{path}',
  query: '#{query}',
} as const

test.each([
  [{ protocol: 'HTTPS', port: '443' }, 'http://a.example/b?c', 'https://a.example:443/b?c'],
  [{ host: 'new.#{host}' }, 'https://a.example/b', 'https://new.a.example:443/b'],
  [{ path: '/new/#{path}' }, 'https://a.example:8443/b/', 'https://a.example:8443/new/b/'],
  [{ path: '/#{host}/#{port}/#{path}' }, 'http://a.example/', 'http://a.example:80/a.example/80/'],
  [{ query: '#{query}&v=1' }, 'https://a.example/?a=#{host}', 'https://a.example:443/?a=&v=1'],
  [
    { query: '#{query}&v=1' },
    'https://a.example/?a=%23{host}',
    'https://a.example:443/?a=%23{host}&v=1',
  ],
  [{ query: '' }, 'https://a.example/?a', 'https://a.example:443/'],
  [{}, 'https://a.example//evil.example/', 'https://a.example:443//evil.example/'],
  [{}, 'https://a.example/%0d%0aSet-Cookie:a', 'https://a.example:443/%0d%0aSet-Cookie:a'],
])('%j from %s', (parts, requested, location) => {
  expect(redirectLocation({ ...same, ...parts }, new URL(requested))).toBe(location)
})

test('a fixed response', async () => {
  const action = { type: 'fixed-response', contentType: 'application/json' } as const
  const response = fixedResponse({ ...action, status: 418, body: '{}' })
  expect([response.status, response.headers.get('content-type')]).toEqual([418, 'application/json'])
  expect(await response.text()).toBe('{}')
  const bare = fixedResponse({ ...action, status: 204, body: undefined })
  expect([bare.status, bare.body]).toEqual([204, null])
})
