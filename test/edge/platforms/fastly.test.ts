import { expect, test } from 'vitest'
import { fastlyPlatform } from '#edge/platforms/fastly.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { intermediatePem, leafPem } from '../../vectors/device.ts'
import { leaf, leafAlone, malformed, none, noHeaders, wholeChain } from './given.ts'

const field = 'client.tlsClientCertificate'
const buffer = (text: string): ArrayBuffer => toUtf8(text).buffer
const client = (tlsClientCertificate: unknown): object => ({
  address: '203.0.113.1',
  tlsClientCertificate,
})

const cases = [
  { name: 'PEM', connection: client(buffer(leafPem)), presented: leafAlone },
  {
    name: 'PEM of a chain',
    connection: client(buffer(leafPem + intermediatePem)),
    presented: wholeChain,
  },
  { name: 'DER', connection: client(leaf.slice().buffer), presented: leafAlone },
  { name: 'null', connection: client(null), presented: none },
  { name: 'nothing', connection: client(undefined), presented: none },
  { name: 'no octets', connection: client(new ArrayBuffer(0)), presented: none },
  { name: 'a text', connection: client(leafPem), presented: malformed(field, 'an ArrayBuffer') },
  {
    name: 'octets of neither',
    connection: client(new ArrayBuffer(8)),
    presented: malformed(field, '-----BEGIN CERTIFICATE-----'),
  },
  {
    name: 'one octet too many',
    connection: client(new ArrayBuffer(8193)),
    presented: malformed(field, 'at most 8192 octets'),
  },
  { name: 'no client', connection: undefined, presented: malformed('client', 'an object') },
]

test.each(cases)('$name', ({ connection, presented }) => {
  expect(fastlyPlatform().read({ headers: noHeaders, connection })).toEqual(presented)
})
