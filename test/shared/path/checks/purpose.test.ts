import { describe, expect, test } from 'vitest'
import { checkLeafKeyUsage } from '#shared/path/checks/key-usage.ts'
import { checkIssuerPurpose, checkLeafPurpose } from '#shared/path/checks/purpose.ts'
import { strictPolicy, type PurposeRules } from '#shared/path/policy.ts'
import { noExtensions } from '#shared/x509/extensions.ts'
import { octets } from '../../der/writer.ts'
import { anyPurpose, certificateOf, clientAuth, createCa, serverAuth } from '../../pki.ts'

const base = certificateOf(await createCa())
const withPurposes = (...extendedKeyUsage: readonly string[]) => ({
  ...base,
  extensions: { ...noExtensions, extendedKeyUsage },
})

const strict = strictPolicy.purpose
const acceptsAny: PurposeRules = { ...strict, anyExtendedKeyUsage: 'accept' }
const leafOnly: PurposeRules = { ...strict, of: 'leaf' }
const server: PurposeRules = { ...strict, use: 'server' }
const unasked: PurposeRules = { ...strict, use: 'any' }

describe('purposes by the words of the policy (RFC 5280 4.2.1.12)', () => {
  test.each([
    { name: 'the purpose', rules: strict, has: clientAuth, leaf: true, issuer: true },
    { name: 'another one', rules: strict, has: serverAuth, leaf: false, issuer: false },
    { name: 'any purpose', rules: strict, has: anyPurpose, leaf: false, issuer: true },
    { name: 'any, accepted', rules: acceptsAny, has: anyPurpose, leaf: true, issuer: true },
    {
      name: 'any accepted, another',
      rules: acceptsAny,
      has: serverAuth,
      leaf: false,
      issuer: false,
    },
    { name: 'of leaves alone', rules: leafOnly, has: serverAuth, leaf: false, issuer: true },
    { name: 'a server', rules: server, has: serverAuth, leaf: true, issuer: true },
    { name: 'a client as server', rules: server, has: clientAuth, leaf: false, issuer: false },
    { name: 'not asked', rules: unasked, has: serverAuth, leaf: true, issuer: true },
  ])('$name: leaf $leaf, issuer $issuer', ({ rules, has, leaf, issuer }) => {
    expect(checkLeafPurpose(withPurposes(has), 0, rules).ok).toBe(leaf)
    expect(checkIssuerPurpose(withPurposes(has), 1, rules).ok).toBe(issuer)
  })
})

test.each([
  { usage: 0x80, client: true, server: true },
  { usage: 0x40, client: false, server: false },
  { usage: 0x20, client: false, server: true },
  { usage: 0x08, client: false, server: true },
  { usage: 0x04, client: false, server: false },
])('key usage $usage of a leaf: client $client, server $server', ({ usage, ...as }) => {
  const leaf = { ...base, extensions: { ...noExtensions, keyUsage: octets(usage) } }
  expect(checkLeafKeyUsage(leaf, 0, strict).ok).toBe(as.client)
  expect(checkLeafKeyUsage(leaf, 0, server).ok).toBe(as.server)
  expect(checkLeafKeyUsage(leaf, 0, unasked).ok).toBe(true)
})
