import { expect, test } from 'vitest'
import { sourceAddress } from '#edge/routing/source-address.ts'

test.each([
  [
    'cloudflare',
    { 'cf-connecting-ip': '192.0.2.1', 'x-forwarded-for': '6.6.6.6' },
    {},
    '192.0.2.1',
  ],
  ['cloudflare', { 'x-forwarded-for': '6.6.6.6' }, {}, undefined],
  ['alb', { 'x-forwarded-for': '6.6.6.6, 192.0.2.1' }, {}, '192.0.2.1'],
  ['alb', { 'x-forwarded-for': '6.6.6.6, 192.0.2.1:4711' }, {}, '192.0.2.1'],
  ['alb', { 'x-forwarded-for': '[2001:db8::1]:4711' }, {}, '2001:db8::1'],
  ['alb', { 'x-forwarded-for': '2001:db8::1' }, {}, '2001:db8::1'],
  ['alb', { 'cf-connecting-ip': '6.6.6.6' }, {}, undefined],
  [
    'node-tls',
    { 'x-forwarded-for': '6.6.6.6' },
    { remoteAddress: '::ffff:192.0.2.1' },
    '192.0.2.1',
  ],
  ['node-tls', {}, {}, undefined],
  ['fastly', {}, { address: '192.0.2.1' }, '192.0.2.1'],
  ['api-gateway', {}, { identity: { sourceIp: '192.0.2.1' } }, '192.0.2.1'],
  ['api-gateway', {}, { http: { sourceIp: '192.0.2.1' } }, '192.0.2.1'],
  ['nginx', { 'x-forwarded-for': '6.6.6.6', 'x-real-ip': '6.6.6.6' }, {}, undefined],
])('%s %j %j: %s', (platform, headers, connection, address) => {
  const request = { headers: new Headers(headers), connection }
  expect(sourceAddress(platform, request)).toBe(address)
})
