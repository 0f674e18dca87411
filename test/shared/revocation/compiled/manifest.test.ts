import { describe, expect, test } from 'vitest'
import { concatBytes, type Bytes } from '#shared/bytes.ts'
import {
  decodeManifest,
  encodeManifest,
  shardsMax,
  type ShardEntry,
} from '#shared/revocation/compiled/manifest.ts'
import type { CrlHeader } from '#shared/revocation/crl.ts'
import { createCrl, crlOf, entry, type CrlOverrides } from '../../crls.ts'
import { integer, nothing, nul, octets, octetString, sequence } from '../../der/writer.ts'
import { sameKeys } from '../../keys.ts'
import { createCa, extension, name } from '../../pki.ts'

const keys = await sameKeys('Ed25519')
const ca = await createCa({ keys })
const der = await createCrl(ca, { entries: [entry([1])] })
const digest = (first: number): Bytes => octets(first, ...Array<number>(31).fill(0))
const shard = (first: number, sizes: Partial<ShardEntry> = {}): ShardEntry => ({
  sha256: digest(first),
  octets: 34,
  entries: 1,
  ...sizes,
})

const said = {
  signerSpki: keys.spki,
  crlSha256: digest(9),
  otherIssuers: [name('Other'), name('Third')],
  shards: [shard(1), shard(2, { octets: 0, entries: 0 }), shard(3, { octets: 0x7fff_ffff })],
}

function decoded(crl: Bytes) {
  const manifest = decodeManifest(encodeManifest(crlOf(crl), said))
  if (!manifest.ok) throw new Error(`${manifest.error.expected} at ${manifest.error.offset}`)
  return manifest.value
}

/** What a list says beside its entries. */
const told = (crl: Omit<CrlHeader, 'entries'>) => ({
  issuer: crl.issuer,
  thisUpdate: crl.thisUpdate,
  nextUpdate: crl.nextUpdate,
  number: crl.number,
  deltaBase: crl.deltaBase,
  scope: crl.scope,
  authorityKeyIdentifier: crl.authorityKeyIdentifier,
  criticalUnknown: crl.criticalUnknown,
})

describe('what is encoded is read again', () => {
  test('signer, digest, other issuers and shards', () => {
    const { facts: _, ...rest } = decoded(der)
    expect(rest).toEqual(said)
  })

  test.each<{ title: string; list: CrlOverrides }>([
    { title: 'entries', list: { entries: [entry([1]), entry([2])] } },
    { title: 'no entry', list: {} },
    { title: 'an empty list of entries', list: { parts: { entries: sequence() } } },
    { title: 'no extensions', list: { parts: { extensions: nothing } } },
    { title: 'neither', list: { parts: { entries: nothing, extensions: nothing } } },
  ])('the facts of a list with $title', async ({ list }) => {
    const encoded = await createCrl(ca, list)
    const { facts } = decoded(encoded)
    expect(told(facts)).toEqual(told(crlOf(encoded)))
    expect(facts.signatureAlgorithm).toEqual(keys.algorithm)
  })

  test('whoever is listed, the manifest is as long', async () => {
    const full = await createCrl(ca, { entries: [entry([1]), entry([2])] })
    const [filled, hollow] = [full, await createCrl(ca)].map((list) =>
      encodeManifest(crlOf(list), said),
    )
    expect(filled?.length).toBe(hollow?.length)
  })

  test('of a list that is a view into a larger buffer', () => {
    const around = concatBytes(octets(1, 2, 3), der, octets(4))
    const { facts } = decoded(around.subarray(3, 3 + der.length))
    expect(facts.number).toBe(7n)
  })

  test('an empty list of entries stays one: the profile that forbids it sees it still', async () => {
    const empty = await createCrl(ca, { parts: { entries: sequence() } })
    const { facts: withList } = decoded(empty)
    const { facts: without } = decoded(await createCrl(ca))
    expect(withList.tbs.length).toBe(without.tbs.length + 2)
  })
})

const encoded = { digest: octetString(digest(1)), octets: integer(34), entries: integer(1) }
const oneShard = sequence(encoded.digest, encoded.octets, encoded.entries)
const times = (count: number) => sequence(...Array<Bytes>(count).fill(oneShard))

/** A manifest of these parts, each of which can be bent by itself. */
const parts = {
  crl: der,
  signer: keys.spki,
  crlSha256: octetString(digest(9)),
  otherIssuers: sequence(name('Other')),
  shards: sequence(oneShard),
  behind: nothing,
}

const fault = (manifest: Bytes) => {
  const read = decodeManifest(manifest)
  return read.ok ? 'ok' : read.error.expected
}

const faultOf = (bent: Partial<typeof parts>) =>
  fault(sequence(...Object.values({ ...parts, ...bent })))

const shards = (...bent: readonly Bytes[]) => ({ shards: sequence(sequence(...bent)) })

describe('octets that are no manifest: what belonged there', () => {
  test.each<{ title: string; bent: Partial<typeof parts>; says: string }>([
    { title: 'as it is', bent: {}, says: 'ok' },
    { title: 'no list', bent: { crl: nul }, says: 'hollow CertificateList' },
    { title: 'a list that is none', bent: { crl: sequence() }, says: 'tbsCertList' },
    { title: 'no signer', bent: { signer: nul }, says: 'signer' },
    { title: 'no digest', bent: { crlSha256: nul }, says: 'crlSha256' },
    {
      title: 'a digest of 31 octets',
      bent: { crlSha256: octetString(digest(1).subarray(1)) },
      says: 'crlSha256 of 32 octets',
    },
    {
      title: 'a digest of 33 octets',
      bent: { crlSha256: octetString(octets(...digest(1), 0)) },
      says: 'crlSha256 of 32 octets',
    },
    { title: 'no other issuers', bent: { otherIssuers: nul }, says: 'otherIssuers' },
    {
      title: 'another issuer of no name',
      bent: { otherIssuers: sequence(nul) },
      says: 'otherIssuers',
    },
    { title: 'no shards', bent: { shards: nul }, says: 'shards' },
    { title: 'an empty list of shards', bent: { shards: sequence() }, says: '1 to 16384 shards' },
    { title: 'as many shards as may be', bent: { shards: times(shardsMax) }, says: 'ok' },
    { title: 'one shard more', bent: { shards: times(shardsMax + 1) }, says: '1 to 16384 shards' },
    { title: 'no shard', bent: { shards: sequence(nul) }, says: 'shard' },
    { title: 'a shard of no digest', bent: shards(nul), says: 'sha256 of a shard' },
    {
      title: 'a shard of a short digest',
      bent: shards(octetString(octets(1)), encoded.octets, encoded.entries),
      says: 'sha256 of a shard of 32 octets',
    },
    { title: 'a shard of no size', bent: shards(encoded.digest, nul), says: 'octets of a shard' },
    {
      title: 'a shard of no entries',
      bent: shards(encoded.digest, encoded.octets, nul),
      says: 'entries of a shard',
    },
    {
      title: 'a shard with more in it',
      bent: shards(encoded.digest, encoded.octets, encoded.entries, nul),
      says: 'the end of the element',
    },
    { title: 'more behind the shards', bent: { behind: nul }, says: 'the end of the element' },
  ])('$title: $says', ({ bent, says }) => {
    expect(faultOf(bent)).toBe(says)
  })

  test('another element, and octets behind the manifest', () => {
    expect(fault(nul)).toBe('manifest')
    const whole = sequence(...Object.values(parts))
    expect(fault(concatBytes(whole, nul))).toBe('the end of the element')
  })

  test('faults are said at the octet where they are', () => {
    const before = sequence(...Object.values({ ...parts, shards: nothing }))
    const read = decodeManifest(sequence(...Object.values({ ...parts, shards: sequence() })))
    expect(read).toMatchObject({ ok: false, error: { offset: before.length } })
  })
})

test('a list with an unknown critical extension is compiled with it, and so answers for nothing', async () => {
  const odd = extension('1.2.3', octets(5, 0), 'critical')
  const manifest = decodeManifest(
    encodeManifest(crlOf(await createCrl(ca, { extensions: { odd } })), said),
  )
  expect(manifest.ok && manifest.value.facts.criticalUnknown).toEqual(['1.2.3'])
})
