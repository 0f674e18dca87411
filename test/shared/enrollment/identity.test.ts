import { expect, test } from 'vitest'
import { readIdentity } from '#shared/enrollment/identity.ts'
import { profiles, type IdentityRule } from '#shared/enrollment/profile.ts'
import { subjectOf } from '#shared/enrollment/subject.ts'
import { oid, sequence, set, utf8String } from '../der/writer.ts'

const attribute = (type: string, text: string) => set(sequence(oid(type), utf8String(text)))
const cn = (text: string) => attribute('2.5.4.3', text)
const sn = (text: string) => attribute('2.5.4.5', text)
const base = profiles.device.identity

interface Case {
  readonly name: string
  readonly subject: readonly ReturnType<typeof cn>[]
  readonly rule?: Partial<IdentityRule>
  readonly wanted?: string
  /** The device, or what was wanted in its place. */
  readonly told: string
  readonly refused?: 'refused'
}

const serialFirst = { from: ['serialNumber', 'commonName'] } as const
const framed = { prefix: 'urn:', suffix: ':x' }
const registration = { alphabet: 'registration', lengthMax: 64 } as const

const cases: readonly Case[] = [
  { name: 'the common name', subject: [cn('a')], told: 'a' },
  { name: 'the first place that is there', subject: [sn('s'), cn('a')], told: 'a' },
  { name: 'in the rule’s order', subject: [sn('s'), cn('a')], rule: serialFirst, told: 's' },
  {
    name: 'none',
    subject: [],
    told: 'commonName or serialNumber or uri or dns',
    refused: 'refused',
  },
  { name: 'none, where there need be none', subject: [], rule: { presence: 'optional' }, told: '' },
  { name: 'two of them', subject: [cn('a'), cn('b')], told: 'exactly one', refused: 'refused' },
  {
    name: 'two that are the same',
    subject: [cn('a'), cn('a')],
    told: 'exactly one',
    refused: 'refused',
  },
  { name: 'between prefix and suffix', subject: [cn('urn:a:x')], rule: framed, told: 'a' },
  {
    name: 'nothing between',
    subject: [cn('urn::x')],
    rule: framed,
    told: 'urn:<device>:x',
    refused: 'refused',
  },
  {
    name: 'prefix and suffix in one',
    subject: [cn('urn:x')],
    rule: framed,
    told: 'urn:<device>:x',
    refused: 'refused',
  },
  { name: 'the longest', subject: [cn('n'.repeat(64))], rule: registration, told: 'n'.repeat(64) },
  {
    name: 'one more',
    subject: [cn('n'.repeat(65))],
    rule: registration,
    told: 'at most 64',
    refused: 'refused',
  },
  { name: 'a hyphen at the end', subject: [cn('a.b:c_-')], rule: registration, told: 'a.b:c_-' },
  {
    name: 'a dot at the end',
    subject: [cn('a.')],
    rule: registration,
    told: 'letters, digits and - . _ : with a letter, a digit or - at the end',
    refused: 'refused',
  },
  { name: 'the one that is wanted', subject: [cn('a')], wanted: 'a', told: 'a' },
  { name: 'in other letters', subject: [cn('A')], wanted: 'a', told: 'a', refused: 'refused' },
]

test.each(cases)('$name: $told', ({ subject, rule, wanted, told, refused }) => {
  const read = readIdentity(
    subjectOf('request', sequence(...subject), undefined),
    { ...base, ...rule },
    wanted,
  )
  const [only] = read.findings
  expect(only?.wanted ?? read.device ?? '').toBe(told)
  expect(read.findings.length).toBe(refused === undefined ? 0 : 1)
})
