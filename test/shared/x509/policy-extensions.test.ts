import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { parseDer } from '#shared/der/reader.ts'
import type { Extensions } from '#shared/x509/certificate.ts'
import { readExtensions } from '#shared/x509/extensions.ts'
import { context, explicit, integer, nul, octets, oid, sequence } from '../der/writer.ts'
import { extension } from '../pki.ts'

/** What one extension is read as, or what belonged where the reading ended. */
function said<Field extends keyof Extensions>(
  field: Field,
  type: string,
  value: Bytes,
  weight?: 'critical',
): Extensions[Field] | string {
  const result = parseDer(sequence(extension(type, value, weight)), readExtensions)
  return result.ok ? result.value[field] : result.error.expected
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `1.2.3.${index}`)
const policy = (type: string, ...qualifiers: readonly string[]) =>
  qualifiers.length === 0
    ? sequence(oid(type))
    : sequence(oid(type), sequence(...qualifiers.map((each) => sequence(oid(each), nul))))
const practice = '1.3.6.1.5.5.7.2.1'
const notice = '1.3.6.1.5.5.7.2.2'
const ours = '1.3.6.1.4.1.55738.2'

describe('certificatePolicies (RFC 5280 4.2.1.4)', () => {
  test.each([
    { name: 'one', value: sequence(policy('1.2.3')), says: ['1.2.3'] },
    { name: 'two', value: sequence(policy('1.2.3'), policy('1.2.4')), says: ['1.2.3', '1.2.4'] },
    { name: 'qualified', value: sequence(policy('1.2.3', practice, notice)), says: ['1.2.3'] },
    { name: 'none', value: sequence(), says: 'at least one PolicyInformation' },
    {
      name: 'the same one twice',
      value: sequence(policy('1.2.3'), policy('1.2.3')),
      says: 'policy 1.2.3 only once',
    },
    {
      name: 'no qualifier in the list',
      value: sequence(sequence(oid('1.2.3'), sequence())),
      says: 'at least one PolicyQualifierInfo',
    },
    {
      name: 'a qualifier that is none',
      value: sequence(sequence(oid('1.2.3'), sequence(sequence(oid('1.2.3'))))),
      says: 'qualifier',
    },
    {
      name: 'something behind the qualifiers',
      value: sequence(sequence(oid('1.2.3'), sequence(sequence(oid('1.2.3'), nul)), nul)),
      says: 'the end of the element',
    },
    {
      name: 'as many as the bound',
      value: sequence(...many(256).map((each) => policy(each))),
      says: many(256),
    },
    {
      name: 'one more than the bound',
      value: sequence(...many(257).map((each) => policy(each))),
      says: 'at most 256 policies',
    },
  ])('$name', ({ value, says }) => {
    expect(said('certificatePolicies', '2.5.29.32', value)).toEqual(says)
  })

  test.each([
    { name: 'known qualifiers', qualifiers: [practice, notice], weight: 'critical', says: [] },
    { name: 'an unknown one', qualifiers: [ours], weight: undefined, says: [] },
    {
      name: 'an unknown one, critical',
      qualifiers: [practice, ours],
      weight: 'critical',
      says: [ours],
    },
  ] as const)('what cannot be understood: $name', ({ qualifiers, weight, says }) => {
    const value = sequence(policy('1.2.3', ...qualifiers))
    expect(said('criticalUnknown', '2.5.29.32', value, weight)).toEqual(says)
  })
})

const mapping = (from: string, to: string) => sequence(oid(from), oid(to))

describe('policyMappings (RFC 5280 4.2.1.5)', () => {
  const mapped = { issuerDomain: '1.2.3', subjectDomain: '1.2.4' }

  test.each([
    { name: 'one', value: sequence(mapping('1.2.3', '1.2.4')), says: [mapped] },
    { name: 'none', value: sequence(), says: 'at least one mapping' },
    {
      name: 'half of one',
      value: sequence(sequence(oid('1.2.3'))),
      says: 'subjectDomainPolicy',
    },
    {
      name: 'as many as the bound',
      value: sequence(...many(256).map(() => mapping('1.2.3', '1.2.4'))),
      says: many(256).map(() => mapped),
    },
    {
      name: 'one more than the bound',
      value: sequence(...many(257).map(() => mapping('1.2.3', '1.2.4'))),
      says: 'at most 256 mappings',
    },
  ])('$name', ({ value, says }) => {
    expect(said('policyMappings', '2.5.29.33', value)).toEqual(says)
  })
})

const rules = (requireExplicit?: number, inhibitMapping?: number) => ({
  requireExplicit,
  inhibitMapping,
})

describe('policyConstraints (RFC 5280 4.2.1.11)', () => {
  test.each([
    { name: 'the one', value: sequence(context(0, octets(0))), says: rules(0) },
    { name: 'the other', value: sequence(context(1, octets(3))), says: rules(undefined, 3) },
    {
      name: 'both',
      value: sequence(context(0, octets(1)), context(1, octets(2))),
      says: rules(1, 2),
    },
    { name: 'neither', value: sequence(), says: 'requireExplicitPolicy or inhibitPolicyMapping' },
    {
      name: 'both in the wrong order',
      value: sequence(context(1, octets(2)), context(0, octets(1))),
      says: 'the end of the element',
    },
    {
      name: 'less than none',
      value: sequence(context(0, octets(0xff))),
      says: 'requireExplicitPolicy from 0 to 2^31 - 1',
    },
    {
      name: 'explicit tagging',
      value: sequence(explicit(0, integer(1))),
      says: 'the end of the element',
    },
  ])('$name', ({ value, says }) => {
    expect(said('policyConstraints', '2.5.29.36', value)).toEqual(says)
  })
})

describe('inhibitAnyPolicy (RFC 5280 4.2.1.14)', () => {
  test.each([
    { name: 'at once', value: integer(0), says: 0 },
    { name: 'after so many', value: integer(5), says: 5 },
    { name: 'less than none', value: integer(0xff), says: 'inhibitAnyPolicy from 0 to 2^31 - 1' },
    { name: 'something else', value: sequence(), says: 'inhibitAnyPolicy' },
  ])('$name', ({ value, says }) => {
    expect(said('inhibitAnyPolicy', '2.5.29.54', value)).toEqual(says)
  })
})

test.each([
  { type: '2.5.29.32', value: sequence(policy('1.2.3')) },
  { type: '2.5.29.33', value: sequence(mapping('1.2.3', '1.2.4')) },
  { type: '2.5.29.36', value: sequence(context(0, octets(0))) },
  { type: '2.5.29.54', value: integer(0) },
])('$type is processed, critical or not', ({ type, value }) => {
  expect(said('criticalUnknown', type, value)).toEqual([])
  expect(said('criticalUnknown', type, value, 'critical')).toEqual([])
})
