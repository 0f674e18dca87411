import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { isDeltaOf } from '#shared/revocation/delta.ts'
import { createCrl, crlOf } from '../crls.ts'
import { context, explicit, integer, nothing, nul, octets, sequence } from '../der/writer.ts'
import { newKeys } from '../keys.ts'
import { createCa, extension } from '../pki.ts'

const ca = await createCa({ keys: await newKeys() })
const number = extension('2.5.29.20', integer(7))

/** What a list says is wrong with its extensions, these octets in their place. */
async function said(extensions: Bytes) {
  const parsed = parseCrl(await createCrl(ca, { parts: { extensions } }))
  return parsed.ok ? 'ok' : parsed.error.expected
}

describe('the extensions of a list (RFC 5280 5.1.2.7)', () => {
  test.each([
    { title: 'none', extensions: nothing, says: 'ok' },
    { title: 'one', extensions: explicit(0, sequence(number)), says: 'ok' },
    { title: 'no list', extensions: explicit(0, nul), says: 'crlExtensions' },
    {
      title: 'more behind the list',
      extensions: explicit(0, sequence(number), nul),
      says: 'the end of the element',
    },
    {
      title: 'more behind the number',
      extensions: explicit(0, sequence(extension('2.5.29.20', octets(...integer(7), ...nul)))),
      says: 'the end of the element',
    },
    {
      title: 'a number below zero',
      extensions: explicit(0, sequence(extension('2.5.29.20', integer(0x80)))),
      says: 'cRLNumber of at most 20 octets, not negative',
    },
    {
      title: 'no base number',
      extensions: explicit(0, sequence(extension('2.5.29.27', nul, 'critical'))),
      says: 'BaseCRLNumber',
    },
    {
      title: 'a base number below zero',
      extensions: explicit(0, sequence(extension('2.5.29.27', integer(0xff), 'critical'))),
      says: 'BaseCRLNumber of at most 20 octets, not negative',
    },
  ])('$title: $says', async ({ extensions, says }) => {
    expect(await said(extensions)).toBe(says)
  })
})

const flag = (at: number, ...content: readonly number[]) => context(at, octets(...content))
const on = 0xff

describe('the issuing distribution point (RFC 5280 5.2.5)', () => {
  const kinds = 'one kind of certificate at most'
  test.each([
    { title: 'user certificates', scope: sequence(flag(1, on)), says: 'ok' },
    { title: 'attribute certificates', scope: sequence(flag(5, on)), says: 'ok' },
    { title: 'nothing', scope: sequence(), says: 'an issuingDistributionPoint that is not empty' },
    { title: 'no sequence', scope: nul, says: 'issuingDistributionPoint' },
    { title: 'users and CAs', scope: sequence(flag(1, on), flag(2, on)), says: kinds },
    { title: 'users and attributes', scope: sequence(flag(1, on), flag(5, on)), says: kinds },
    { title: 'CAs and attributes', scope: sequence(flag(2, on), flag(5, on)), says: kinds },
    { title: 'more in it', scope: sequence(flag(1, on), nul), says: 'the end of the element' },
    { title: 'users as false', scope: sequence(flag(1, 0)), says: 'onlyContainsUserCerts as FF' },
    {
      title: 'users of two octets',
      scope: sequence(flag(1, on, 0)),
      says: 'onlyContainsUserCerts as FF',
    },
    { title: 'CAs as false', scope: sequence(flag(2, 0)), says: 'onlyContainsCACerts as FF' },
    { title: 'indirect as false', scope: sequence(flag(4, 0)), says: 'indirectCRL as FF' },
    {
      title: 'attributes as false',
      scope: sequence(flag(5, 0)),
      says: 'onlyContainsAttributeCerts as FF',
    },
    {
      title: 'an explicit flag with more in it',
      scope: sequence(explicit(1, octets(1, 1, on), nul)),
      says: 'the end of the element',
    },
  ])('$title: $says', async ({ scope, says }) => {
    const value = extension('2.5.29.28', scope, 'critical')
    expect(await said(explicit(0, sequence(number, value)))).toBe(says)
  })
})

const keyId = (id: number | undefined) =>
  id === undefined ? undefined : extension('2.5.29.35', sequence(context(0, octets(id))))

describe('a delta and its list are of one key (RFC 5280 6.3.3 (c)(3))', () => {
  const base = extension('2.5.29.27', integer(7), 'critical')

  test.each([
    { title: 'the same identifier', ofDelta: 1, ofList: 1, says: true },
    { title: 'another one', ofDelta: 1, ofList: 2, says: false },
    { title: 'one of the delta alone', ofDelta: 1, ofList: undefined, says: false },
    { title: 'one of the list alone', ofDelta: undefined, ofList: 1, says: false },
    { title: 'none', ofDelta: undefined, ofList: undefined, says: true },
  ])('$title: $says', async ({ ofDelta, ofList, says }) => {
    const complete = crlOf(await createCrl(ca, { extensions: { key: keyId(ofList) } }))
    const changes = { number: 8, extensions: { base, key: keyId(ofDelta) } }
    expect(isDeltaOf(crlOf(await createCrl(ca, changes)), complete)).toBe(says)
  })
})
