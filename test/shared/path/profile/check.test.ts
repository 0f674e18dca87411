import { describe, expect, test } from 'vitest'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { checkProfile } from '#shared/path/profile/check.ts'
import type { Role } from '#shared/path/profile/profile.ts'
import {
  boolean,
  context,
  element,
  explicit,
  integer,
  nothing,
  octets,
  octetString,
  oid,
  sequence,
  set,
} from '../../der/writer.ts'
import { newKeys } from '../../keys.ts'
import {
  altNames,
  basicConstraints,
  certificateOf,
  createCa,
  extension,
  issue,
  issueCa,
  nameConstraints,
  type Overrides,
} from '../../pki.ts'

const keys = await newKeys()
const identifier = octetString(octets(1, 2, 3))
const ski = extension('2.5.29.14', identifier)
const aki = extension('2.5.29.35', sequence(context(0, octets(1, 2, 3))))
const root = await createCa({ keys, extensions: { ski } })

const dns = (text: string) => context(2, toUtf8(text))
const access = (...descriptions: readonly Bytes[]) =>
  extension('1.3.6.1.5.5.7.1.1', sequence(...descriptions))
const description = sequence(oid('1.3.6.1.5.5.7.48.2'), context(6, toUtf8('http://a.example/ca')))

async function made(role: Role, { extensions, ...overrides }: Overrides) {
  const whole = { ...overrides, keys, extensions: { ski, aki, ...extensions } }
  if (role === 'leaf') return issue(root, whole)
  return role === 'issuer' ? issueCa(root, whole) : createCa(whole)
}

/** The rule that a profile finds broken, and the two values that disagreed; or ok. */
async function said(role: Role, overrides: Overrides, profile: 'rfc5280' | 'conforming') {
  const result = checkProfile(certificateOf(await made(role, overrides)), 1, role, profile)
  if (result.ok) return 'ok'
  const { error } = result
  if (error.code !== 'profile_violated') throw new Error(error.code)
  expect(error.at).toBe(1)
  return `${error.rule}: ${error.found}, not ${error.wanted}`
}

describe.each(['leaf', 'issuer', 'anchor'] as const)('a conforming %s', (role) => {
  test.each(['rfc5280', 'conforming'] as const)('keeps to %s', async (profile) => {
    expect(await said(role, {}, profile)).toBe('ok')
  })
})

describe('what `rfc5280` asks', () => {
  const serials = [
    { role: 'leaf', overrides: { serial: [1] }, says: 'ok' },
    { role: 'leaf', overrides: { serial: [1, 0] }, says: 'ok' },
    { role: 'leaf', overrides: { serial: [0] }, says: 'serial_positive: 0, not 1 or more' },
    {
      role: 'issuer',
      overrides: { serial: [0x80] },
      says: 'serial_positive: a negative number, not 1 or more',
    },
    { role: 'anchor', overrides: { serial: [0] }, says: 'ok' },
  ] as const
  test.each(serials)('RFC 5280 4.1.2.2: $role, serial $overrides.serial', async (row) => {
    expect(await said(row.role, row.overrides, 'rfc5280')).toBe(row.says)
  })

  test('RFC 5280 4.1.2.1: version 3', async () => {
    const parts = { version: nothing, extensions: nothing }
    expect(await said('leaf', { parts }, 'rfc5280')).toBe('version: version 1, not version 3')
  })

  test.each([
    { name: 'a.example', says: 'ok' },
    { name: '*.a.example', says: 'ok' },
    { name: 'xn--a-1.example', says: 'ok' },
    { name: 'A', says: 'ok' },
    { name: `${'a'.repeat(63)}.example`, says: 'ok' },
    { name: `${'a'.repeat(64)}.example`, says: 'bad' },
    { name: 'a_b.example', says: 'bad' },
    { name: '-a.example', says: 'bad' },
    { name: 'a-.example', says: 'bad' },
    { name: 'a..example', says: 'bad' },
    { name: 'a.example.', says: 'bad' },
    { name: '192.0.2.1', says: 'bad' },
    { name: '1.example', says: 'ok' },
    { name: ' ', says: 'bad' },
  ])('RFC 5280 4.2.1.6: dNSName "$name": $says', async ({ name, says }) => {
    const wanted = says === 'ok' ? 'ok' : `host_name_syntax: ${name}, not preferred name syntax`
    const extensions = { names: altNames(dns(name)) }
    expect(await said('leaf', { extensions }, 'rfc5280')).toBe(wanted)
  })

  test('RFC 5280 4.1.2.6: an empty subject and nothing that says who it is', async () => {
    const says = await said('leaf', { parts: { subject: sequence() } }, 'rfc5280')
    expect(says).toBe('subject_named: no subject, no subjectAltName, not a name')
  })

  test('RFC 5280 4.1.2.6: an empty subject and a critical subjectAltName', async () => {
    const names = extension('2.5.29.17', sequence(dns('a.example')), 'critical')
    const overrides = { parts: { subject: sequence() }, extensions: { names } }
    expect(await said('leaf', overrides, 'rfc5280')).toBe('ok')
  })

  test.each(['rfc5280', 'conforming'] as const)(
    'RFC 5280 4.1.2.4: %s asks for the characters of a PrintableString, of issuer and subject',
    async (profile) => {
      const odd = sequence(set(sequence(oid('2.5.4.3'), element(0x13, toUtf8('part_7')))))
      const says = "name_string: _, not a PrintableString's characters"
      expect(await said('leaf', { parts: { subject: odd } }, profile)).toBe(says)
      expect(await said('issuer', { parts: { issuer: odd } }, profile)).toBe(says)
      expect(await said('anchor', { parts: { subject: odd } }, profile)).toBe('ok')
    },
  )

  test.each([
    { base: '.a.example', says: 'host_subtree_syntax: .a.example, not no dot in front' },
    { base: 'a.example', says: 'ok' },
    { base: '', says: 'ok' },
  ])('RFC 5280 4.2.1.10: a subtree of hosts "$base"', async ({ base, says }) => {
    for (const list of ['permitted', 'excluded'] as const) {
      const extensions = { constraints: nameConstraints({ [list]: [dns(base)] }) }
      expect(await said('issuer', { extensions }, 'rfc5280')).toBe(says)
    }
  })

  test('RFC 5280 4.2.1.10: a subtree of mailboxes may begin with a dot', async () => {
    const permitted = [context(1, toUtf8('.a.example'))]
    const extensions = { constraints: nameConstraints({ permitted }) }
    expect(await said('issuer', { extensions }, 'rfc5280')).toBe('ok')
  })

  test('no more is told of what was found than 256 characters', async () => {
    const extensions = { names: altNames(dns(' '.repeat(257))) }
    const says = `host_name_syntax: ${' '.repeat(256)}, not preferred name syntax`
    expect(await said('leaf', { extensions }, 'rfc5280')).toBe(says)
  })

  test.each([
    { name: 'one description', value: access(description), says: 'ok' },
    { name: 'two', value: access(description, description), says: 'ok' },
    { name: 'none', value: access(), says: 'at least one AccessDescription' },
    { name: 'no location', value: access(sequence(oid('1.2'))), says: 'accessLocation' },
    { name: 'no method', value: access(sequence(octets(5, 0))), says: 'accessMethod' },
    { name: 'no description', value: access(octets(5, 0)), says: 'AccessDescription' },
    {
      name: 'a description with more in it',
      value: access(sequence(oid('1.2'), octets(5, 0), octets(5, 0))),
      says: 'the end of the element',
    },
    {
      name: 'no sequence',
      value: extension('1.3.6.1.5.5.7.1.1', octets(5, 0)),
      says: 'AccessDescriptions',
    },
    {
      name: 'more behind the sequence',
      value: extension('1.3.6.1.5.5.7.1.1', octets(...sequence(description), 5, 0)),
      says: 'the end of the element',
    },
  ])('RFC 5280 4.2.2.1: access to an issuer, $name: $says', async ({ value, says }) => {
    const wanted = `access_descriptions: authorityInfoAccess, not ${says}`
    const told = await said('leaf', { extensions: { value } }, 'rfc5280')
    expect(told).toBe(says === 'ok' ? 'ok' : wanted)
  })

  test.each([
    {
      name: 'subjectKeyIdentifier',
      extensions: { ski: extension('2.5.29.14', identifier, 'critical') },
    },
    {
      name: 'authorityKeyIdentifier',
      extensions: { aki: extension('2.5.29.35', sequence(), 'critical') },
    },
    {
      name: 'authorityInfoAccess',
      extensions: { aia: extension('1.3.6.1.5.5.7.1.1', sequence(description), 'critical') },
    },
  ])('RFC 5280 4.2: $name is never critical', async ({ name, extensions }) => {
    const says = `criticality: ${name} critical, not not critical`
    expect(await said('issuer', { extensions }, 'rfc5280')).toBe(says)
  })

  test('RFC 5280 4.2.1.9: an anchor says that it is a CA', async () => {
    const overrides = { extensions: { basicConstraints: undefined } }
    expect(await said('anchor', overrides, 'rfc5280')).toBe('basic_constraints: none, not cA true')
  })
})

describe('what `conforming` asks beyond', () => {
  const constraints = sequence(explicit(0, sequence(dns('a.example'))))
  test.each([
    {
      name: '4.2.1.1: the key of the issuer',
      role: 'leaf',
      extensions: { aki: undefined },
      says: 'authority_key_identifier: none, not a key identifier',
    },
    {
      name: '4.2.1.2: the key of the subject',
      role: 'issuer',
      extensions: { ski: undefined },
      says: 'subject_key_identifier: none, not a key identifier',
    },
    {
      name: '4.2.1.3: what a CA’s key is for',
      role: 'anchor',
      extensions: { keyUsage: undefined },
      says: 'key_usage: none, not keyCertSign',
    },
    {
      name: '4.2.1.9: basicConstraints critical',
      role: 'issuer',
      extensions: { basicConstraints: extension('2.5.29.19', sequence(boolean(0xff))) },
      says: 'criticality: basicConstraints not critical, not critical',
    },
    {
      name: '4.2.1.9: a path length of a CA alone',
      role: 'leaf',
      extensions: { length: extension('2.5.29.19', sequence(integer(0)), 'critical') },
      says: 'path_length_of_ca: cA false, not cA true',
    },
    {
      name: '4.2.1.9: a path length of a key that signs certificates alone',
      role: 'leaf',
      extensions: { length: basicConstraints(0) },
      says: 'path_length_of_ca: no keyCertSign, not keyCertSign',
    },
    {
      name: '4.2.1.10: nameConstraints critical',
      role: 'issuer',
      extensions: { constraints: extension('2.5.29.30', constraints) },
      says: 'criticality: nameConstraints not critical, not critical',
    },
    {
      name: '4.2.1.11: policyConstraints critical',
      role: 'issuer',
      extensions: { constraints: extension('2.5.29.36', sequence(context(0, octets(0)))) },
      says: 'criticality: policyConstraints not critical, not critical',
    },
    {
      name: '4.2.1.14: inhibitAnyPolicy critical',
      role: 'issuer',
      extensions: { inhibit: extension('2.5.29.54', integer(0)) },
      says: 'criticality: inhibitAnyPolicy not critical, not critical',
    },
  ] as const)('RFC 5280 $name', async ({ role, extensions, says }) => {
    expect(await said(role, { extensions }, 'conforming')).toBe(says)
    expect(await said(role, { extensions }, 'rfc5280')).toBe('ok')
  })

  test('RFC 5280 4.2.1.2 and 4.2.1.3: of a device neither its key’s name nor what it is for', async () => {
    const extensions = { ski: undefined, keyUsage: undefined }
    expect(await said('leaf', { extensions }, 'conforming')).toBe('ok')
  })

  test('RFC 5280 4.2.1.10: critical in whatever certificate it is', async () => {
    const extensions = { constraints: extension('2.5.29.30', constraints) }
    const says = 'criticality: nameConstraints not critical, not critical'
    expect(await said('leaf', { extensions }, 'conforming')).toBe(says)
  })

  test('RFC 5280 4.2.1.1: a self-signed certificate need not name its own key', async () => {
    expect(await said('anchor', { extensions: { aki: undefined } }, 'conforming')).toBe('ok')
  })

  test('RFC 5280 4.2.1.9: basicConstraints of a device may be either', async () => {
    const extensions = { basic: extension('2.5.29.19', sequence()) }
    expect(await said('leaf', { extensions }, 'conforming')).toBe('ok')
    expect(
      await said('issuer', { extensions: { basicConstraints: basicConstraints(0) } }, 'conforming'),
    ).toBe('ok')
  })
})
