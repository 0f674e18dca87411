import { expect, test } from 'vitest'
import { identityText } from '#shared/identity/identity-text.ts'
import { oid, sequence, set, utf8String } from '../der/writer.ts'
import { nameOf } from '../names.ts'
import { noon } from '../pki.ts'

/** A UTF8String that is none: an octet of a longer character stands by itself. */
const bent = sequence(set(sequence(oid('2.5.4.3'), utf8String('é').subarray(0, 3).fill(1, 1, 2))))

const rest = { serial: '2A', spiffeId: undefined, notBefore: noon, notAfter: noon }

test.each([
  {
    what: 'Names are written out',
    names: { subject: nameOf(['O', 'Fleet'], ['CN', 'car-1']), issuer: nameOf(['CN', 'Issuing']) },
    texts: { subject: 'CN=car-1,O=Fleet', issuer: 'CN=Issuing' },
  },
  {
    what: 'texts of a platform stay as they are',
    names: { subject: 'CN=car-1', issuer: '' },
    texts: { subject: 'CN=car-1', issuer: '' },
  },
  {
    what: 'a Name that cannot be written is shown as its octets',
    names: { subject: bent, issuer: bent },
    texts: { subject: '#300C310A300806035504030C01C3', issuer: '#300C310A300806035504030C01C3' },
  },
])('$what', ({ names, texts }) => {
  expect(identityText({ ...rest, ...names })).toEqual({ ...rest, ...texts })
})
