import { expect, test } from 'vitest'
import { rfc9440Platform } from '#edge/platforms/rfc9440.ts'
import { readOf, leafAlone, malformed, none, spelt, wholeChain, type HeadersCase } from './given.ts'

const { leafField, intermediateField, leafBase64 } = spelt

const cases: readonly HeadersCase[] = [
  { name: 'no header', headers: {}, presented: none },
  { name: 'a leaf', headers: { 'Client-Cert': leafField }, presented: leafAlone },
  {
    name: 'leaf and chain',
    headers: { 'Client-Cert': leafField, 'Client-Cert-Chain': intermediateField },
    presented: wholeChain,
  },
  {
    name: 'a chain over two lines',
    headers: {
      'Client-Cert': leafField,
      'Client-Cert-Chain': [intermediateField, intermediateField],
    },
    presented: {
      ...wholeChain,
      intermediates: [...wholeChain.intermediates, ...wholeChain.intermediates],
    },
  },
  {
    name: 'an empty chain',
    headers: { 'Client-Cert': leafField, 'Client-Cert-Chain': '' },
    presented: leafAlone,
  },
  {
    name: 'a chain without its leaf',
    headers: { 'Client-Cert-Chain': intermediateField },
    presented: malformed('client-cert', 'the leaf of the chain'),
  },
  {
    name: 'an empty leaf',
    headers: { 'Client-Cert': '' },
    presented: malformed('client-cert', 'a byte sequence between colons'),
  },
  {
    name: 'two leaves',
    headers: { 'Client-Cert': [leafField, leafField] },
    presented: malformed('client-cert', 'one byte sequence'),
  },
  {
    name: 'bare base64',
    headers: { 'Client-Cert': leafBase64 },
    presented: malformed('client-cert', 'a byte sequence between colons'),
  },
  {
    name: 'a broken chain: no part of it',
    headers: { 'Client-Cert': leafField, 'Client-Cert-Chain': `${intermediateField},` },
    presented: malformed('client-cert-chain', 'a byte sequence between colons'),
  },
]

test.each(cases)('$name', async (each) => {
  expect(await readOf(rfc9440Platform(), each.headers)).toEqual(each.presented)
})
