import { expect, test } from 'vitest'
import { contentAt, lengthAt } from '#shared/der/element.ts'
import { DerReader, tag } from '#shared/der/reader.ts'
import { octetString } from './writer.ts'

test.each([0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000])(
  'an element of %i octets lies where a reader has found it',
  (length) => {
    const before = 3
    const element = octetString(new Uint8Array(length))
    const der = new Uint8Array(before + element.length + 1)
    der.set(element, before)
    const reader = new DerReader(der, before)
    const start = reader.passContent(tag.octetString, 'content')
    expect(contentAt(der, before)).toBe(start)
    expect(lengthAt(der, before)).toBe(reader.at - start)
  },
)
