import { expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { checkProfile } from '#shared/path/profile/check.ts'
import { listedExtensions } from '#shared/path/profile/listed-extensions.ts'
import { explicit, integer, nothing, nul, sequence } from '../../der/writer.ts'
import { newKeys } from '../../keys.ts'
import { certificateOf, createCa, extension, keyUsage } from '../../pki.ts'

const ca = certificateOf(
  await createCa({ extensions: { odd: extension('1.2.3', nul), keyUsage: undefined } }),
)

test('every extension is listed with its criticality, known or not', () => {
  const listed = listedExtensions(ca)
  expect(listed.ok && Object.fromEntries(listed.value)).toEqual({
    '1.2.3': { critical: false, value: nul },
    '2.5.29.19': { critical: true, value: expect.anything() },
  })
})

test('a certificate without extensions has none', async () => {
  const keys = await newKeys()
  const parts = { version: nothing, extensions: nothing }
  const listed = listedExtensions(certificateOf(await createCa({ keys, parts })))
  expect(listed.ok && listed.value.size).toBe(0)
})

const one = extension('1.2.3', nul)

test.each<{ title: string; tbs: Bytes; says: string }>([
  { title: 'fields alone', tbs: sequence(integer(1), nul), says: 'ok' },
  { title: 'one extension', tbs: sequence(nul, explicit(3, sequence(one))), says: 'ok' },
  { title: 'no sequence', tbs: nul, says: 'TBSCertificate' },
  { title: 'a field cut off', tbs: sequence(Uint8Array.of(5, 1)), says: 'a field within' },
  { title: 'no list', tbs: sequence(explicit(3, nul)), says: 'Extensions' },
  {
    title: 'more behind the list',
    tbs: sequence(explicit(3, sequence(one), nul)),
    says: 'the end of the element',
  },
  {
    title: 'more behind the extensions',
    tbs: sequence(explicit(3, sequence(one)), nul),
    says: 'the end of the element',
  },
])('octets that are read as a certificate’s: $title: $says', ({ tbs, says }) => {
  const listed = listedExtensions({ tbs })
  expect(listed.ok ? 'ok' : listed.error.expected).toContain(says)
})

test('octets of no certificate are told as what they are', () => {
  const checked = checkProfile({ ...ca, tbs: sequence(explicit(3, nul)) }, 2, 'anchor', 'rfc5280')
  expect(checked).toEqual({
    ok: false,
    error: {
      code: 'profile_violated',
      at: 2,
      rule: 'extensions',
      found: 'byte 4',
      wanted: 'Extensions',
    },
  })
})

test('keyUsage is listed like any other', async () => {
  const usage = certificateOf(await createCa({ extensions: { keyUsage: keyUsage('cRLSign') } }))
  const listed = listedExtensions(usage)
  expect(listed.ok && listed.value.get('2.5.29.15')?.critical).toBe(true)
})
