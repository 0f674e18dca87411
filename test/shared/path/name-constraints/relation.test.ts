import { describe, expect, test } from 'vitest'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { placeBase, placeName, relationOf } from '#shared/path/name-constraints/match.ts'
import { constrainedNames } from '#shared/path/name-constraints/names.ts'
import type { GeneralName } from '#shared/x509/general-name.ts'
import { element, octets, sequence, set } from '../../der/writer.ts'
import { nameOf } from '../../names.ts'
import { certificateOf, createCa } from '../../pki.ts'

const relate = (name: GeneralName, base: GeneralName) =>
  relationOf(placeName(name), placeBase(base))

const dns: GeneralName = { form: 'dns', text: 'a.org' }
const email: GeneralName = { form: 'email', text: 'a.org' }
const address: GeneralName = { form: 'ip', octets: octets(192, 0, 2, 1) }
const range: GeneralName = { form: 'ip', octets: octets(192, 0, 2, 0, 255, 255, 255, 0) }
const elsewhere: GeneralName = { form: 'ip', octets: octets(10, 0, 0, 0, 255, 0, 0, 0) }
const car: GeneralName = { form: 'directory', name: nameOf(['O', 'Fleet'], ['CN', 'car']) }
const fleet: GeneralName = { form: 'directory', name: nameOf(['O', 'Fleet']) }
const other: GeneralName = { form: 'otherName' }
const registered: GeneralName = { form: 'registeredID' }

describe('RFC 5280 4.2.1.10: a subtree says something of names of its own form alone', () => {
  test.each([
    { name: address, base: range, says: 'within' },
    { name: address, base: elsewhere, says: 'outside' },
    { name: address, base: dns, says: undefined },
    { name: dns, base: range, says: undefined },
    { name: dns, base: dns, says: 'within' },
    { name: dns, base: email, says: undefined },
    { name: email, base: dns, says: undefined },
    { name: car, base: fleet, says: 'within' },
    { name: car, base: dns, says: undefined },
    { name: dns, base: fleet, says: undefined },
    { name: address, base: fleet, says: undefined },
    { name: other, base: other, says: 'unclear' },
    { name: other, base: registered, says: undefined },
    { name: dns, base: other, says: undefined },
    { name: other, base: dns, says: undefined },
  ])('$name.form and $base.form: $says', ({ name, base, says }) => {
    expect(relate(name, base)).toBe(says)
  })
})

test.each(['dns', 'uri'] as const)('a mailbox as the base of %s says nothing clear', (form) => {
  const text = form === 'dns' ? 'a.org' : 'https://a.org/'
  expect(relate({ form, text }, { form, text: 'car@a.org' })).toBe('unclear')
})

describe('spellings that cannot be placed, and those that can', () => {
  test.each([
    ['car@a.org', 'car@b.org', 'outside'],
    ['car@a.org', 'bus@a.org', 'outside'],
    ['a b@a.org', 'a.org', 'unclear'],
    ['car @a.org', 'a.org', 'unclear'],
    [' car@a.org', 'a.org', 'unclear'],
    ['car@a.org', 'a..org', 'unclear'],
    ['car@', 'a.org', 'unclear'],
    ['car', '', 'unclear'],
  ])('mailbox %s in %s: %s', (name, base, says) => {
    expect(relate({ form: 'email', text: name }, { form: 'email', text: base })).toBe(says)
  })

  test.each([
    ['x https://a.org/', 'a.org', 'unclear'],
    ['https://10/', '', 'unclear'],
    ['https://a.10/', '', 'unclear'],
    ['https://a.0x1f/', '', 'unclear'],
    ['https://0x/', '', 'unclear'],
    ['https://10.org/', '10.org', 'within'],
    ['https://a.10.org/', '.org', 'within'],
    ['https://0xa.org/', '0xa.org', 'within'],
    ['https://a1/', 'a1', 'within'],
    ['', '', 'unclear'],
    ['https://a.org/', 'a..org', 'unclear'],
  ])('URI %s in %s: %s', (name, base, says) => {
    expect(relate({ form: 'uri', text: name }, { form: 'uri', text: base })).toBe(says)
  })

  test('a directory name that cannot be read, under one that can', () => {
    const unread: GeneralName = { form: 'directory', name: octets(0x30, 0x01, 0x00) }
    expect(relate(unread, fleet)).toBe('unclear')
    expect(relate(unread, { form: 'directory', name: sequence() })).toBe('unclear')
  })
})

/** A BMPString of half a character: an attribute that is no text. */
const noText = element(0x1e, octets(0x00))

const mailboxesOf = async (subject: Bytes) =>
  constrainedNames(certificateOf(await createCa({ parts: { subject } }))).filter(
    ({ form }) => form === 'email',
  )

describe('mailboxes in a subject', () => {
  test.each([
    { name: 'none', subject: nameOf(['CN', 'car']), says: [] },
    {
      name: 'one',
      subject: nameOf(['emailAddress', element(0x16, toUtf8('car@a.org'))]),
      says: [{ form: 'email', text: 'car@a.org' }],
    },
    {
      name: 'one that is no text lies in no subtree',
      subject: nameOf(['emailAddress', noText]),
      says: [{ form: 'email', text: '' }],
    },
    {
      name: 'nor does whatever is in a subject that cannot be read',
      subject: sequence(set(octets(0x05, 0x00))),
      says: [{ form: 'email', text: '' }],
    },
  ])('$name', async ({ subject, says }) => {
    expect(await mailboxesOf(subject)).toEqual(says)
  })
})
