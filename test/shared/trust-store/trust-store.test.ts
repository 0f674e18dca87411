import { describe, expect, test } from 'vitest'
import { albLimits, defaultLimits } from '#shared/trust-store/trust-store.ts'
import { nameKey } from '#shared/x509/name.ts'
import { createCrl, entry } from '../crls.ts'
import { octets } from '../der/writer.ts'
import { createCa, issueCa, name } from '../pki.ts'
import { trust } from '../relying-party.ts'

const root = await createCa()
const twin = await createCa({ subject: 'Root' })
const other = await createCa({ subject: 'Other' })
const upper = await issueCa(root, { subject: 'Upper' })
const lower = await issueCa(upper, { subject: 'Lower' })

describe('a snapshot is asked by name', () => {
  test('anchors, intermediates and lists of one name stand together, in their order', async () => {
    const crls = [await createCrl(root, { number: 1 }), await createCrl(twin, { number: 2 })]
    const store = await trust({ anchors: [root, other, twin], intermediates: [upper, lower], crls })
    const key = nameKey(root.name)
    expect(store.anchorsBySubject.get(key)?.map(({ spki }) => spki)).toEqual([
      root.keys.spki,
      twin.keys.spki,
    ])
    expect(store.crlsByIssuer.get(key)?.map(({ number }) => number)).toEqual([1n, 2n])
    expect(store.intermediatesBySubject.get(nameKey(upper.name))?.length).toBe(1)
    expect(store.anchorsBySubject.get(nameKey(name('Nobody')))).toBeUndefined()
  })

  test('names are equal where their octets are, whatever these are', () => {
    const all = Array.from({ length: 256 }, (_, octet) => nameKey(octets(octet)))
    expect(new Set(all).size).toBe(256)
    expect(nameKey(octets(0x80, 0xff))).toBe(nameKey(octets(0x80, 0xff)))
    expect(nameKey(octets())).not.toBe(nameKey(octets(0)))
  })

  test('epoch and limits are kept as given', async () => {
    const store = await trust({ anchors: [root], epoch: 7, limits: albLimits })
    expect({ epoch: store.epoch, limits: store.limits }).toEqual({ epoch: 7, limits: albLimits })
  })
})

const hash = async (parts: Parameters<typeof trust>[0]) => (await trust(parts)).trustHash

describe('the hash of what is trusted', () => {
  test('is the same for', async () => {
    const known = await hash({ anchors: [root, other], intermediates: [upper, lower] })
    const crls = [await createCrl(root, { entries: [entry([1])] })]
    const same = [
      { anchors: [other, root], intermediates: [lower, upper] },
      { anchors: [root, other], intermediates: [upper, lower], crls },
      { anchors: [root, other], intermediates: [upper, lower], epoch: 99 },
    ]
    for (const parts of same) expect(await hash(parts)).toBe(known)
  })

  test('is another one for', async () => {
    const parts = [
      { anchors: [] },
      { anchors: [root] },
      { anchors: [twin] },
      { anchors: [root, upper] },
      { anchors: [root], intermediates: [upper] },
      { anchors: [], intermediates: [root, upper] },
    ]
    const hashes = new Set(await Promise.all(parts.map(hash)))
    expect(hashes.size).toBe(parts.length)
  })

  test('is base64url of 32 octets', async () => {
    expect(await hash({ anchors: [root] })).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })
})

test('sets of limits', () => {
  expect(albLimits).toEqual({
    certificateOctetsMax: 16_384,
    presentedMax: 3,
    intermediatesMax: 3,
    pathMax: 4,
  })
  expect(defaultLimits).toEqual({
    certificateOctetsMax: 16_384,
    presentedMax: 10,
    intermediatesMax: 6,
  })
})
