import { describe, expect, test } from 'vitest'
import { concatBytes, toHex, type Bytes } from '#shared/bytes.ts'
import { compileCrl } from '#shared/revocation/compiled/compile.ts'
import { manifestMagic, sha256, type Sha256 } from '#shared/revocation/compiled/format.ts'
import { loadCompiledCrl, openCompiledCrl } from '#shared/revocation/compiled/load.ts'
import { encodeManifest, shardsMax, type ShardEntry } from '#shared/revocation/compiled/manifest.ts'
import type { CrlIndex } from '#shared/revocation/crl-index.ts'
import type { Crl } from '#shared/revocation/crl.ts'
import { nameKey } from '#shared/x509/name.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl, crlOf, entry, reason } from '../../crls.ts'
import { context, explicit, octets, sequence } from '../../der/writer.ts'
import { newKeys, sameKeys } from '../../keys.ts'
import { certificateOf, createCa, extension, name } from '../../pki.ts'

const verifier = createWebCryptoVerifier()
const keys = await sameKeys('Ed25519')
const ca = await createCa({ keys })
const compiler = await newKeys('Ed25519')
const list = crlOf(await createCrl(ca))

const compile = (crl: Crl, entriesPerShard?: number) =>
  compileCrl(crl, {
    issuer: certificateOf(ca),
    verifier,
    sign: compiler.sign,
    ...(entriesPerShard !== undefined && { entriesPerShard }),
  })

/** A manifest's file over shards as they stand, signed by the compiler. */
async function fileOver(shards: readonly ShardEntry[]): Promise<Bytes> {
  const crlSha256 = await sha256(list.der)
  const body = encodeManifest(list, { signerSpki: keys.spki, crlSha256, otherIssuers: [], shards })
  return concatBytes(manifestMagic, await compiler.sign(concatBytes(manifestMagic, body)), body)
}

async function loading(shard: Bytes, said: Partial<ShardEntry> = {}, digestOf: Sha256 = sha256) {
  const known = { sha256: await sha256(shard), octets: shard.length, entries: 0, ...said }
  const loadShard = async () => shard
  const options = { loadShard, sha256: digestOf, compilerSpki: compiler.spki, verifier }
  return loadCompiledCrl(await fileOver([known]), options)
}

const noGroups = octets(0, 0, 0, 0)

describe('a shard that is not what its signed manifest says: both values are told', () => {
  test('as it says', async () => {
    expect((await loading(noGroups)).ok).toBe(true)
  })

  test('by the digest of a runtime that brings its own', async () => {
    const asked: Bytes[] = []
    const own = (whole: Sha256) => (shard: Bytes) => {
      asked.push(shard)
      return whole(shard)
    }
    expect((await loading(noGroups, {}, own(sha256))).ok).toBe(true)
    expect(asked).toEqual([noGroups])
    expect(
      await loading(
        noGroups,
        {},
        own(() => octets()),
      ),
    ).toEqual({
      ok: false,
      error: { code: 'shard_digest_differs', shard: 0 },
    })
  })

  test('another size', async () => {
    expect(await loading(noGroups, { octets: 5 })).toEqual({
      ok: false,
      error: { code: 'shard_octets_differ', shard: 0, expected: 5, found: 4 },
    })
  })

  test('another number of entries', async () => {
    expect(await loading(noGroups, { entries: 1 })).toEqual({
      ok: false,
      error: { code: 'shard_entries_differ', shard: 0, expected: 1, found: 0 },
    })
  })

  test('octets that are no shard', async () => {
    expect(await loading(octets(0, 0, 0))).toEqual({
      ok: false,
      error: { code: 'shard_malformed', shard: 0, fault: 'truncated' },
    })
  })
})

test('a key that is not Ed25519 vouches for nothing, whatever a verifier says of it', async () => {
  const files = await compile(list)
  if (!files.ok) throw new Error(files.error.code)
  const { manifest, shards } = files.value
  const credulous = { verify: () => true }
  const load = (compilerSpki: Bytes) =>
    loadCompiledCrl(manifest, {
      loadShard: async (shard) => shards[shard],
      compilerSpki,
      verifier: credulous,
    })
  expect((await load(compiler.spki)).ok).toBe(true)
  const other = await newKeys('P-256')
  for (const spki of [other.spki, octets(5, 0), octets()]) {
    const fault = { ok: false, error: { code: 'manifest_not_signed' } }
    expect(await load(spki)).toEqual(fault)
  }
})

test('a shard that was missing is asked for again, and taken when it is there', async () => {
  const files = await compile(crlOf(await createCrl(ca, { entries: [entry([7])] })))
  if (!files.ok) throw new Error(files.error.code)
  const { manifest, shards } = files.value
  const stored: (Bytes | undefined)[] = []
  const opened = await openCompiledCrl(manifest, {
    loadShard: async (shard) => stored[shard],
    compilerSpki: compiler.spki,
    verifier,
  })
  if (!opened.ok) throw new Error(opened.error.code)
  const missing = { ok: false, error: { code: 'shard_missing', shard: 0 } }
  expect(await opened.value.list.index.find(octets(7))).toBe('not_at_hand')
  expect(await opened.value.whole()).toEqual(missing)
  stored.push(...shards)
  expect(await opened.value.list.index.find(octets(7))).toMatchObject({ serial: octets(7) })
})

const forOthers = extension('2.5.29.28', sequence(context(4, octets(0xff))), 'critical')
const ofOther = extension('2.5.29.29', sequence(explicit(4, name('Other'))), 'critical')

const told = (index: CrlIndex | undefined) =>
  [...(index?.entries() ?? [])]
    .map((each) => `${toHex(each.serial)} ${each.since} ${each.reason}`)
    .toSorted()

async function bothForms(entries: readonly Bytes[], perShard?: number) {
  const raw = crlOf(await createCrl(ca, { entries, extensions: { forOthers } }))
  const files = await compile(raw, perShard)
  if (!files.ok) throw new Error(files.error.code)
  const { manifest, shards } = files.value
  const loadShard = async (shard: number) => shards[shard]
  const options = { loadShard, compilerSpki: compiler.spki, verifier }
  const loaded = await loadCompiledCrl(manifest, options)
  if (!loaded.ok) throw new Error(loaded.error.code)
  return { raw, compiled: loaded.value }
}

describe('both forms of a list have the same entries', () => {
  const entries = [
    entry([1], reason(1)),
    entry([2]),
    entry([0x40, 0x01], reason(4)),
    entry([3], ofOther),
    entry([1], reason(6)),
  ]

  test.each([1, 2, 100])('%i in a shard', async (perShard) => {
    const { raw, compiled } = await bothForms(entries, perShard)
    expect(told(compiled.index)).toEqual(told(raw.index))
    const other = nameKey(name('Other'))
    expect(told(compiled.indexOfOthers.get(other))).toEqual(told(raw.indexOfOthers.get(other)))
    expect(told(compiled.index)).toHaveLength(3)
    expect(told(compiled.indexOfOthers.get(other))).toHaveLength(2)
  })

  test('however many are in one shard', async () => {
    const many = Array.from({ length: 40 }, (_, serial) => entry([serial + 1], reason(serial % 7)))
    const { raw, compiled } = await bothForms(many)
    expect(told(compiled.index)).toEqual(told(raw.index))
    expect(compiled.index.size).toBe(40)
  })

  test('of a serial that is listed more than once the word of the list itself counts', async () => {
    const reasons = [4, 1, 6]
    const { raw, compiled } = await bothForms(reasons.map((code) => entry([9], reason(code))))
    const found = raw.index.find(octets(9))
    expect(compiled.index.find(octets(9))).toMatchObject({
      since: found?.since,
      reason: found?.reason,
    })
    expect(compiled.index.size).toBe(1)
  })
})

test('a list of more shards than a manifest has room for is not compiled', async () => {
  const perShard = 2 / shardsMax
  const lists = [
    [entry([1]), entry([2])],
    [entry([1]), entry([2]), entry([3])],
  ]
  const [most, more] = await Promise.all(
    lists.map(async (entries) => compile(crlOf(await createCrl(ca, { entries })), perShard)),
  )
  expect(most?.ok && most.value.shards.length).toBe(shardsMax)
  const error = { code: 'too_many_entries', entries: 3, limit: 2 }
  expect(more).toEqual({ ok: false, error })
})
