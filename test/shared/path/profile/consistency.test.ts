import { describe, expect, test } from 'vitest'
import { toUtf8 } from '#shared/bytes.ts'
import { checkAnchorNamed, checkConsistency } from '#shared/path/profile/consistency.ts'
import { context, sequence } from '../../der/writer.ts'
import { newKeys } from '../../keys.ts'
import {
  basicConstraints,
  certificateOf,
  createCa,
  extension,
  issue,
  issueCa,
  keyUsage,
  nameConstraints,
  type Extensions,
} from '../../pki.ts'

const keys = await newKeys()
const root = await createCa({ keys })
const constraints = nameConstraints({ permitted: [context(2, toUtf8('a.example'))] })
const saysNo = extension('2.5.29.19', sequence(), 'critical')

async function said(kind: 'device' | 'ca', extensions: Extensions) {
  const make = kind === 'ca' ? issueCa : issue
  const result = checkConsistency(certificateOf(await make(root, { keys, extensions })), 0)
  return result.ok ? 'ok' : result.error
}

const broken = (rule: string) => ({
  code: 'profile_violated',
  at: 0,
  rule,
  found: 'cA false',
  wanted: 'cA true',
})

describe('the marks of a CA', () => {
  test.each([
    { kind: 'ca', name: 'both', extensions: { constraints }, says: 'ok' },
    { kind: 'device', name: 'neither', extensions: {}, says: 'ok' },
    { kind: 'device', name: 'no key usage', extensions: { keyUsage: undefined }, says: 'ok' },
    {
      kind: 'device',
      name: 'name constraints',
      extensions: { constraints },
      says: broken('name_constraints_of_ca'),
    },
    {
      kind: 'device',
      name: 'name constraints and cA false',
      extensions: { constraints, saysNo },
      says: broken('name_constraints_of_ca'),
    },
    {
      kind: 'device',
      name: 'keyCertSign',
      extensions: { keyUsage: keyUsage('keyCertSign') },
      says: broken('certificate_signing_of_ca'),
    },
    {
      kind: 'device',
      name: 'keyCertSign and cA false',
      extensions: { keyUsage: keyUsage('keyCertSignAndCRLSign'), saysNo },
      says: broken('certificate_signing_of_ca'),
    },
    {
      kind: 'device',
      name: 'CRL signing alone',
      extensions: { keyUsage: keyUsage('cRLSign') },
      says: 'ok',
    },
    {
      kind: 'device',
      name: 'keyCertSign and cA true',
      extensions: { keyUsage: keyUsage('keyCertSign'), basic: basicConstraints() },
      says: 'ok',
    },
  ] as const)('RFC 5280 4.2.1: $name, of a $kind', async ({ kind, extensions, says }) => {
    expect(await said(kind, extensions)).toEqual(says)
  })
})

const nameless = (at: number) => ({
  ok: false,
  error: {
    code: 'profile_violated',
    at,
    rule: 'issuer_named',
    found: 'an empty name',
    wanted: 'a name',
  },
})

test('RFC 5280 4.1.2.4: an issuer without a name', async () => {
  const leaf = certificateOf(await issue(root, { keys, parts: { issuer: sequence() } }))
  expect(checkConsistency(leaf, 2)).toEqual(nameless(2))
})

test('RFC 5280 4.1.2.6: an anchor without a name', () => {
  const anchor = certificateOf(root)
  expect(checkAnchorNamed(anchor, 1).ok).toBe(true)
  expect(checkAnchorNamed({ subject: sequence() }, 1)).toEqual(nameless(1))
})
