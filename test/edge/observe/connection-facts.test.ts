import { describe, expect, test } from 'vitest'
import { readConnectionFacts } from '#edge/observe/connection-facts.ts'
import type { ConnectionFacts } from '#edge/observe/connection-log.ts'

const unknown: ConnectionFacts = {
  clientIp: undefined,
  clientPort: undefined,
  listenerPort: undefined,
  tls: undefined,
  traceId: undefined,
  elb: undefined,
  nodeIp: undefined,
}

interface Row {
  readonly name: string
  readonly headers?: Readonly<Record<string, string>>
  readonly cf?: unknown
  readonly facts: Partial<ConnectionFacts>
}

const tls = (protocol: string | undefined, cipher: string | undefined) => ({
  tls: { protocol, cipher, keyExchange: undefined, handshakeMs: undefined },
})

describe('Cloudflare', () => {
  const rows: readonly Row[] = [
    { name: 'nothing', facts: {} },
    {
      name: 'all of it',
      headers: { 'cf-connecting-ip': '203.0.113.1', 'cf-ray': '7d1b-FRA' },
      cf: { tlsVersion: 'TLSv1.3', tlsCipher: 'AEAD-AES128-GCM-SHA256' },
      facts: {
        clientIp: '203.0.113.1',
        traceId: '7d1b-FRA',
        ...tls('TLSv1.3', 'AEAD-AES128-GCM-SHA256'),
      },
    },
    { name: 'no TLS', cf: { tlsVersion: '', tlsCipher: '' }, facts: {} },
    { name: 'facts of another shape', cf: { tlsVersion: 7, tlsCipher: {} }, facts: {} },
    { name: 'no object', cf: 'TLSv1.3', facts: {} },
    { name: 'what another platform writes', headers: { 'x-forwarded-for': '::1' }, facts: {} },
  ]
  test.each(rows)('$name', ({ headers = {}, cf, facts }) => {
    const read = readConnectionFacts('cloudflare', { headers: new Headers(headers), cf })
    expect(read).toEqual({ ...unknown, ...facts })
  })
})

const forwardedFor = (value: string) => ({ 'x-forwarded-for': value })

describe('ALB', () => {
  const rows: readonly Row[] = [
    { name: 'nothing', facts: {} },
    {
      name: 'all of it',
      headers: {
        'x-forwarded-for': '203.0.113.1:36280',
        'x-forwarded-port': '443',
        'x-amzn-trace-id': 'Root=1-67891233-abcdef012345678912345678',
        'x-amzn-tls-version': 'TLSv1.2',
        'x-amzn-tls-cipher-suite': 'ECDHE-RSA-AES128-GCM-SHA256',
      },
      facts: {
        clientIp: '203.0.113.1',
        clientPort: 36_280,
        listenerPort: 443,
        traceId: 'Root=1-67891233-abcdef012345678912345678',
        ...tls('TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256'),
      },
    },
    {
      name: "a client's own address stands in front",
      headers: forwardedFor('10.0.0.1, 203.0.113.1'),
      facts: { clientIp: '203.0.113.1' },
    },
    {
      name: 'IPv6',
      headers: forwardedFor('2001:db8::1'),
      facts: { clientIp: '2001:db8::1' },
    },
    {
      name: 'IPv6 and a port',
      headers: forwardedFor('[2001:db8::1]:36280'),
      facts: { clientIp: '2001:db8::1', clientPort: 36_280 },
    },
    { name: 'an empty element', headers: forwardedFor('203.0.113.1,'), facts: {} },
    { name: 'a port that is none', headers: { 'x-forwarded-port': 'https' }, facts: {} },
    {
      name: 'the version alone',
      headers: { 'x-amzn-tls-version': 'TLSv1.3' },
      facts: tls('TLSv1.3', undefined),
    },
  ]
  test.each(rows)('$name', ({ headers = {}, facts }) => {
    const read = readConnectionFacts('alb', { headers: new Headers(headers) })
    expect(read).toEqual({ ...unknown, ...facts })
  })
})

describe('Node’s own TLS', () => {
  const socket = {
    remoteAddress: '203.0.113.1',
    remotePort: 36_280,
    localAddress: '192.0.2.1',
    localPort: 8443,
    getProtocol: () => 'TLSv1.2',
    getCipher: () => ({ name: 'ECDHE-RSA-AES128-GCM-SHA256', version: 'TLSv1.2' }),
  }
  const ended = { getProtocol: () => null, getCipher: () => undefined, remoteAddress: undefined }
  const rows = [
    {
      name: 'all of it',
      connection: socket,
      facts: {
        clientIp: '203.0.113.1',
        clientPort: 36_280,
        listenerPort: 8443,
        nodeIp: '192.0.2.1',
        ...tls('TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256'),
      },
    },
    { name: 'a connection that has ended', connection: ended, facts: {} },
    { name: 'no socket', connection: undefined, facts: {} },
    { name: 'a socket of another shape', connection: { remotePort: '1', getCipher: 1 }, facts: {} },
  ]
  test.each(rows)('$name', ({ connection, facts }) => {
    const headers = new Headers({ 'x-forwarded-for': '198.51.100.7' })
    const read = readConnectionFacts('node-tls', { headers, connection })
    expect(read).toEqual({ ...unknown, ...facts })
  })
})

test('of a platform without a reader its word on the address is known', () => {
  const connection = { identity: { sourceIp: '203.0.113.1' } }
  const read = readConnectionFacts('api-gateway', { headers: new Headers(), connection })
  expect(read).toEqual({ ...unknown, clientIp: '203.0.113.1' })
})

test('of a platform that tells nothing nothing is known', () => {
  const headers = new Headers({ 'x-forwarded-for': '203.0.113.1', 'cf-connecting-ip': '::1' })
  expect(readConnectionFacts('nginx', { headers })).toEqual(unknown)
})
