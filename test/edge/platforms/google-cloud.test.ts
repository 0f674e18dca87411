import { expect, test } from 'vitest'
import { googleCloudPlatform } from '#edge/platforms/google-cloud.ts'
import { readOf, leafAlone, malformed, none, spelt, wholeChain, type HeadersCase } from './given.ts'

const leaf = 'X-Client-Cert-Leaf'
const chain = 'X-Client-Cert-Chain'
const error = 'X-Client-Cert-Error'
const { leafField, intermediateField } = spelt

const cases: readonly HeadersCase[] = [
  { name: 'no header', headers: {}, presented: none },
  {
    name: 'leaf and chain',
    headers: { [leaf]: leafField, [chain]: intermediateField, [error]: '' },
    presented: wholeChain,
  },
  { name: 'a leaf alone', headers: { [leaf]: leafField, [chain]: '' }, presented: leafAlone },
  {
    name: 'no certificate',
    headers: { [leaf]: '', [chain]: '', [error]: 'client_cert_not_provided' },
    presented: none,
  },
  {
    name: 'no certificate, yet bytes',
    headers: { [leaf]: leafField, [error]: 'client_cert_not_provided' },
    presented: malformed('x-client-cert-error', 'no such error beside a certificate'),
  },
  {
    name: 'let pass unvalidated',
    headers: { [leaf]: '', [chain]: '', [error]: 'client_cert_validation_failed' },
    presented: malformed(
      'x-client-cert-error',
      'a certificate that was validated, not client_cert_validation_failed',
    ),
  },
  {
    name: 'a leaf that is too large',
    headers: { [leaf]: '', [chain]: '', [error]: 'client_cert_leaf_exceeded_size_limit' },
    presented: { kind: 'withheld', what: 'leaf' },
  },
  {
    name: 'a chain that is too large',
    headers: { [leaf]: leafField, [chain]: '', [error]: 'client_cert_chain_exceeded_size_limit' },
    presented: { kind: 'withheld', what: 'chain' },
  },
  {
    name: 'too many names: of no concern to the bytes',
    headers: {
      [leaf]: leafField,
      [error]:
        'client_cert_uri_sans_exceeded_size_limit,client_cert_dnsname_sans_exceeded_size_limit',
    },
    presented: leafAlone,
  },
  {
    name: 'an error that is none',
    headers: { [leaf]: leafField, [error]: 'x' },
    presented: malformed('x-client-cert-error', 'errors like client_cert_validation_failed'),
  },
  {
    name: 'present, yet neither bytes nor an error',
    headers: { 'X-Client-Cert-Present': 'true', [leaf]: '' },
    presented: malformed(
      'x-client-cert-leaf',
      'the certificate that x-client-cert-present speaks of',
    ),
  },
  { name: 'not present', headers: { 'X-Client-Cert-Present': 'false' }, presented: none },
  {
    name: 'two errors headers',
    headers: { [error]: ['client_cert_not_provided', 'client_cert_not_provided'] },
    presented: malformed('x-client-cert-error', 'errors like client_cert_validation_failed'),
  },
  {
    name: 'two leaves',
    headers: { [leaf]: [leafField, leafField] },
    presented: malformed('x-client-cert-leaf', 'one byte sequence'),
  },
  {
    name: 'a chain without its leaf',
    headers: { [leaf]: '', [chain]: intermediateField },
    presented: malformed('x-client-cert-leaf', 'the leaf of the chain'),
  },
]

test.each(cases)('$name', async (each) => {
  expect(await readOf(googleCloudPlatform(), each.headers)).toEqual(each.presented)
})

test('under names of the operator', async () => {
  const platform = googleCloudPlatform({ leaf: 'X-A', chain: 'X-B', error: 'X-C' })
  const headers = { 'x-a': leafField, 'x-b': intermediateField, [leaf]: 'forged' }
  expect(await readOf(platform, headers)).toEqual(wholeChain)
})
