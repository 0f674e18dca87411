import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { profiles, type ProfileName } from '#shared/path/profile/profiles.ts'
import { createCrl, crlOf, entry, type CrlOverrides } from '../../crls.ts'
import { context, element, integer, nothing, nul, octets, sequence } from '../../der/writer.ts'
import { newKeys } from '../../keys.ts'
import { certificateOf, createCa, extension, issue } from '../../pki.ts'

const keys = await newKeys()
const root = await createCa({ keys })
const aki = extension('2.5.29.35', sequence(context(0, octets(1, 2, 3))))
const onlyUsers = sequence(context(1, octets(0xff)))

/** The profiles under which a list may clear certificates. */
async function kept({ extensions, ...overrides }: CrlOverrides) {
  const crl = crlOf(await createCrl(root, { ...overrides, extensions: { aki, ...extensions } }))
  const names: readonly ProfileName[] = ['tolerant', 'rfc5280', 'conforming']
  return names.filter((name) => profiles[name].keepsCrl(crl)).join(' ')
}

describe('under which profiles a list may clear certificates', () => {
  const all = 'tolerant rfc5280 conforming'

  test.each<{ title: string; list: CrlOverrides; says: string }>([
    { title: 'a conforming one', list: {}, says: all },
    { title: 'with an entry', list: { entries: [entry([1])] }, says: all },
    {
      title: '5.1.2.6: an empty list of entries',
      list: { parts: { entries: sequence() } },
      says: 'tolerant',
    },
    {
      title: '5.2.1: no key identifier',
      list: { extensions: { aki: undefined } },
      says: 'tolerant rfc5280',
    },
    { title: '5.2.3: no number', list: { number: undefined }, says: 'tolerant rfc5280' },
    {
      title: 'no extensions',
      list: { parts: { extensions: nothing } },
      says: 'tolerant rfc5280',
    },
    {
      title: '5.2.1: a critical key identifier',
      list: { extensions: { aki: extension('2.5.29.35', sequence(), 'critical') } },
      says: 'tolerant',
    },
    {
      title: '5.2.3: a critical number',
      list: {
        number: undefined,
        extensions: { number: extension('2.5.29.20', integer(7), 'critical') },
      },
      says: 'tolerant',
    },
    {
      title: '5.2.4: a delta',
      list: { extensions: { base: extension('2.5.29.27', integer(6), 'critical') } },
      says: all,
    },
    {
      title: '5.2.4: a delta that is not marked critical',
      list: { extensions: { base: extension('2.5.29.27', integer(6)) } },
      says: 'tolerant',
    },
    {
      title: '5.2.5: an issuing distribution point',
      list: { extensions: { scope: extension('2.5.29.28', onlyUsers, 'critical') } },
      says: all,
    },
    {
      title: '5.2.5: an issuing distribution point that is not marked critical',
      list: { extensions: { scope: extension('2.5.29.28', onlyUsers) } },
      says: 'tolerant',
    },
    {
      title: '5.2.6: where the freshest is',
      list: { extensions: { freshest: extension('2.5.29.46', sequence()) } },
      says: all,
    },
    {
      title: '5.2.6: where the freshest is, critical',
      list: { extensions: { freshest: extension('2.5.29.46', sequence(), 'critical') } },
      says: 'tolerant',
    },
    {
      title: 'an extension of the issuer’s own, critical: for others to refuse',
      list: { extensions: { own: extension('1.2.3', nul, 'critical') } },
      says: all,
    },
  ])('RFC 5280 $title: $says', async ({ list, says }) => {
    expect(await kept(list)).toBe(says)
  })

  test('octets that are no list keep to none but the tolerant', () => {
    const fields = [integer(1), sequence(), sequence(), nul, nul]
    const numbered = extension('2.5.29.20', integer(7))
    const framed = (...behind: readonly Bytes[]) => element(0xa0, sequence(numbered), ...behind)
    for (const { tbs, says } of [
      { tbs: sequence(...fields, framed()), says: true },
      { tbs: sequence(...fields, framed(nul)), says: false },
      { tbs: sequence(...fields, framed(), nul), says: false },
      { tbs: sequence(...fields.slice(1)), says: false },
      { tbs: sequence(...fields, element(0xa0, nul)), says: false },
      { tbs: nul, says: false },
    ]) {
      expect(profiles.rfc5280.keepsCrl({ tbs })).toBe(says)
      expect(profiles.tolerant.keepsCrl({ tbs })).toBe(true)
    }
  })
})

describe('a certificate under the profiles by their names', () => {
  const attributes = extension('2.5.29.9', sequence(nul), 'critical')
  test.each([
    { name: 'tolerant', unnamed: 'ok', marked: 'ok' },
    { name: 'rfc5280', unnamed: 'ok', marked: 'criticality' },
    { name: 'conforming', unnamed: 'authority_key_identifier', marked: 'criticality' },
  ] as const)('$name', async ({ name, unnamed, marked }) => {
    const profile = profiles[name]
    expect(profile.name).toBe(name)
    const said = async (extensions = {}) => {
      const leaf = certificateOf(await issue(root, { keys, extensions }))
      const checked = profile.checkCertificate(leaf, 0, 'leaf')
      if (checked.ok) return 'ok'
      return checked.error.code === 'profile_violated' ? checked.error.rule : checked.error.code
    }
    expect(await said()).toBe(unnamed)
    expect(await said({ attributes })).toBe(marked)
  })
})
