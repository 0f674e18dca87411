import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  integer as anyInteger,
  nat,
  record,
  tuple,
  uint8Array,
} from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import {
  compileCrl,
  type CompiledFiles,
  type CompileOptions,
} from '#shared/revocation/compiled/compile.ts'
import {
  loadCompiledCrl,
  openByDigest,
  openCompiledCrl,
  type CompiledCrl,
  type CompiledFault,
  type ShardedCrl,
  type ShardOptions,
} from '#shared/revocation/compiled/load.ts'
import { checkEntries, readShard, type Shard } from '#shared/revocation/compiled/shard.ts'
import { sha256 } from '#shared/revocation/compiled/format.ts'
import { encodeManifest } from '#shared/revocation/compiled/manifest.ts'
import type { CrlEntry } from '#shared/revocation/crl-entry.ts'
import type { RevocationList } from '#shared/revocation/crl-signature.ts'
import type { Crl } from '#shared/revocation/crl.ts'
import { strictFreshness } from '#shared/revocation/freshness.ts'
import { buildTrustStore, defaultLimits } from '#shared/trust-store/trust-store.ts'
import { verify } from '#shared/verify.ts'
import { nameKey } from '#shared/x509/name.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl, crlOf, entry, reason, type CrlOverrides } from '../../crls.ts'
import {
  context,
  explicit,
  generalizedTime,
  integer,
  octets,
  sequence,
  time,
  utcTime,
} from '../../der/writer.ts'
import { newKeys, sameKeys } from '../../keys.ts'
import {
  at,
  certificateOf,
  createCa,
  extension,
  issue,
  issueCa,
  keyUsage,
  name,
} from '../../pki.ts'
import { lenientFreshness, relyingParty } from '../../relying-party.ts'

const verifier = createWebCryptoVerifier()
const keys = await sameKeys('Ed25519')
const ca = await createCa({ keys })
const compiler = await newKeys('Ed25519')
const compilerSpki = compiler.spki

async function compiled(crl: Crl, options: Partial<CompileOptions> = {}): Promise<CompiledFiles> {
  const asked = { issuer: certificateOf(ca), verifier, sign: compiler.sign, ...options }
  const files = await compileCrl(crl, asked)
  if (!files.ok) throw new Error(files.error.code)
  return files.value
}

function load({ manifest, shards }: CompiledFiles, spki = compilerSpki) {
  const loadShard = async (shard: number): Promise<Bytes | undefined> => shards[shard]
  return loadCompiledCrl(manifest, { loadShard, compilerSpki: spki, verifier })
}

async function loaded(files: CompiledFiles): Promise<CompiledCrl> {
  const list = await load(files)
  if (!list.ok) throw new Error(list.error.code)
  return list.value
}

/** What an entry says of its certificate. */
function wordOf(found: CrlEntry | undefined) {
  return found && { serial: found.serial, since: found.since, reason: found.reason }
}

const forOthers = extension('2.5.29.28', sequence(context(4, octets(0xff))), 'critical')
const of = (commonName: string) =>
  extension('2.5.29.29', sequence(explicit(4, name(commonName))), 'critical')

test('every fact of the list is kept', async () => {
  const crl = crlOf(
    await createCrl(ca, {
      number: 9,
      entries: [entry([1]), entry([2], of('Other'))],
      extensions: {
        forOthers,
        base: extension('2.5.29.27', integer(6), 'critical'),
        key: extension('2.5.29.35', sequence(context(0, octets(1, 2, 3)))),
        odd: extension('1.2.3', octets(5, 0), 'critical'),
      },
    }),
  )
  const list = await loaded(await compiled(crl))
  const { der, signature, tbs, index, indexOfOthers, ...facts } = crl
  expect(list).toMatchObject(facts)
  expect(list.index.size).toBe(index.size)
  expect([...list.indexOfOthers.keys()]).toEqual([...indexOfOthers.keys()])
  expect(list.signerSpki).toEqual(keys.spki)
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der))
  expect(list.manifest.crlSha256).toEqual(digest)
  expect({ tbs: tbs.length > list.tbs.length, signed: signature.length }).toEqual({
    tbs: true,
    signed: 64,
  })
})

const serials = uint8Array({ minLength: 1, maxLength: 9, min: 0, max: 3 }).map((content) => [
  0x40,
  ...content,
])

const entries = array(
  record({
    serial: serials,
    reason: constantFrom(undefined, 0, 1, 6, 8, 10),
    issuer: constantFrom(undefined, undefined, undefined, 'Other', 'Third', 'Root'),
    second: nat(86_399),
  }),
  { maxLength: 40 },
)

test('the compiled list and the raw one say the same of every serial', async () => {
  const keysOf = ['Root', 'Other', 'Third', 'Nobody'].map((commonName) => nameKey(name(commonName)))
  const holds = asyncProperty(
    entries,
    array(serials, { maxLength: 20 }),
    constantFrom(1, 2, 7, 1000),
    async (listed, asked, entriesPerShard) => {
      const encoded = listed.map(({ serial, reason: code, issuer, second }) => {
        const extensions = [
          ...(code === undefined ? [] : [reason(code)]),
          ...(issuer === undefined ? [] : [of(issuer)]),
        ]
        const when = time(at('2026-06-01T00:00:00Z'))
        when.set(new TextEncoder().encode(digitsOf(second)), 8)
        const own = extensions.length === 0 ? octets() : sequence(...extensions)
        return sequence(integer(...serial), when, own)
      })
      const overrides = { entries: encoded, extensions: { forOthers } }
      const crl = crlOf(await createCrl(ca, overrides))
      const list = await loaded(await compiled(crl, { entriesPerShard }))
      for (const serial of [...listed.map((each) => each.serial), ...asked]) {
        const content = octets(...serial)
        expect(wordOf(list.index.find(content))).toEqual(wordOf(crl.index.find(content)))
        for (const key of keysOf) {
          const found = list.indexOfOthers.get(key)?.find(content)
          expect(wordOf(found)).toEqual(wordOf(crl.indexOfOthers.get(key)?.find(content)))
        }
      }
    },
  )
  await assert(holds, { seed: 20_260_615, numRuns: 100 })
})

function digitsOf(second: number): string {
  const parts = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join('')
}

const crlWith = (overrides: CrlOverrides = {}) => createCrl(ca, overrides).then(crlOf)

const compile = async (list: Crl, issuer = ca) =>
  compileCrl(list, { issuer: certificateOf(issuer), verifier, sign: compiler.sign })

describe('what is not compiled', () => {
  test('a list that the issuer has not signed, or may not have', async () => {
    const says = { ok: false, error: { code: 'not_signed_by_issuer' } }
    const forged = await crlWith({ signedWith: await newKeys() })
    const renamed = await issueCa(ca, { keys, subject: 'Renamed' })
    const unable = await createCa({
      keys,
      extensions: { usage: keyUsage('keyCertSign'), keyUsage: undefined },
    })
    expect(await compile(forged)).toEqual(says)
    expect(await compile(await crlWith(), renamed)).toEqual(says)
    expect(await compile(await crlWith(), unable)).toEqual(says)
  })

  test.each([
    { when: utcTime('500101000000Z'), ok: true },
    { when: generalizedTime('19491231235959Z'), ok: false },
    { when: generalizedTime('20860206062815Z'), ok: true },
    { when: generalizedTime('20860206062816Z'), ok: false },
  ])(
    'revocation dates before 1950 or after the 32 bits of seconds from there',
    async ({ when, ok }) => {
      const list = await crlWith({ entries: [sequence(integer(1), when)] })
      const files = await compile(list)
      expect(files.ok ? 'ok' : files.error.code).toBe(ok ? 'ok' : 'date_out_of_range')
    },
  )
})

const list = crlOf(
  await createCrl(ca, {
    entries: Array.from({ length: 50 }, (_, index) => entry([0x40, index], reason(1))),
  }),
)
const files = await compiled(list, { entriesPerShard: 20 })

const bent = (from: Bytes, place: number): Bytes => {
  const copy = from.slice()
  copy[place] = (copy[place] ?? 0) ^ 1
  return copy
}

describe('what is not loaded', () => {
  const [first = octets(), ...rest] = files.shards
  const code = async (changes: Partial<CompiledFiles>) => {
    const list0 = await load({ ...files, ...changes })
    return list0.ok ? 'ok' : list0.error.code
  }
  const { manifest } = files

  test.each([
    { title: 'as it is', changes: {}, says: 'ok' },
    { title: 'nothing', changes: { manifest: octets() }, says: 'format_unknown' },
    {
      title: 'another kind of file',
      changes: { manifest: bent(manifest, 0) },
      says: 'format_unknown',
    },
    { title: 'another version', changes: { manifest: bent(manifest, 7) }, says: 'format_unknown' },
    {
      title: 'a manifest cut off early',
      changes: { manifest: manifest.slice(0, 72) },
      says: 'manifest_truncated',
    },
    {
      title: 'a manifest cut off',
      changes: { manifest: manifest.slice(0, -1) },
      says: 'manifest_not_signed',
    },
    {
      title: 'a bent signature',
      changes: { manifest: bent(manifest, 8) },
      says: 'manifest_not_signed',
    },
    {
      title: 'a bent manifest',
      changes: { manifest: bent(manifest, manifest.length - 1) },
      says: 'manifest_not_signed',
    },
    { title: 'a shard missing', changes: { shards: [first] }, says: 'shard_missing' },
    {
      title: 'a shard cut off',
      changes: { shards: [first.slice(0, -1), ...rest] },
      says: 'shard_octets_differ',
    },
    {
      title: 'a bent shard',
      changes: { shards: [bent(first, 30), ...rest] },
      says: 'shard_digest_differs',
    },
    {
      title: 'shards in another order',
      changes: { shards: files.shards.toReversed() },
      says: 'shard_',
    },
  ])('$title: $says', async ({ changes, says }) => {
    expect(await code(changes)).toContain(says)
  })

  test('signed by another compiler, or by a key that is not Ed25519', async () => {
    for (const other of [await newKeys('Ed25519'), await newKeys('P-256')]) {
      expect(await load(files, other.spki)).toEqual({
        ok: false,
        error: { code: 'manifest_not_signed' },
      })
    }
  })

  test('signed, and no manifest', async () => {
    const magic = manifest.slice(0, 8)
    for (const body of [octets(0x30, 0), octets(0x30, 0x80), octets(5, 0)]) {
      const signature = await compiler.sign(octets(...magic, ...body))
      const file = octets(...magic, ...signature, ...body)
      expect(await code({ manifest: file })).toBe('manifest_malformed')
    }
  })
})

const word = (value: number): readonly number[] => [
  value >>> 24,
  (value >> 16) & 255,
  (value >> 8) & 255,
  value & 255,
]

const group = (issuer: number, serialOctets: number, count: number) =>
  [issuer, serialOctets, count].flatMap(word)

describe('octets that are no shard', () => {
  const dates = [0, 0, 0, 1, 0, 0, 0, 2]
  test.each([
    { title: 'none', parts: [], says: 'truncated' },
    { title: 'no groups', parts: [...word(0)], says: 'ok' },
    { title: 'more groups than octets', parts: word(0xffff_ffff), says: 'truncated' },
    {
      title: 'two entries',
      parts: [...word(1), ...group(0, 1, 2), 1, 2, ...dates, 0, 1],
      says: 'ok',
    },
    {
      title: 'one octet less',
      parts: [...word(1), ...group(0, 1, 2), 1, 2, ...dates, 0],
      says: 'truncated',
    },
    {
      title: 'one octet more',
      parts: [...word(1), ...group(0, 1, 2), 1, 2, ...dates, 0, 1, 0],
      says: 'trailing_octets',
    },
    {
      title: 'more entries than octets',
      parts: [...word(1), ...group(0, 0xffff_ffff, 0xffff_ffff)],
      says: 'truncated',
    },
    {
      title: 'an issuer too many',
      parts: [...word(1), ...group(2, 1, 2), 1, 2, ...dates, 0, 1],
      says: 'issuer_unknown',
    },
    {
      title: 'one group twice',
      parts: [...word(2), ...group(0, 1, 0), ...group(0, 1, 0)],
      says: 'group_twice',
    },
    {
      title: 'falling serials',
      parts: [...word(1), ...group(0, 1, 2), 2, 1, ...dates, 0, 1],
      says: 'entries_unsorted',
    },
    {
      title: 'one serial twice',
      parts: [...word(1), ...group(0, 1, 2), 2, 2, ...dates, 0, 1],
      says: 'entries_unsorted',
    },
    {
      title: 'long serials that fall in their last octet',
      parts: [...word(1), ...group(0, 5, 2), 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, ...dates, 0, 1],
      says: 'entries_unsorted',
    },
    {
      title: 'long serials that fall in their first',
      parts: [...word(1), ...group(0, 4, 2), 0x80, 0, 0, 0, 1, 0, 0, 0, ...dates, 0, 1],
      says: 'entries_unsorted',
    },
    {
      title: 'two serials of no octet',
      parts: [...word(1), ...group(0, 0, 2), ...dates, 0, 1],
      says: 'entries_unsorted',
    },
    {
      title: 'reason 7 behind four of none',
      parts: [
        ...word(1),
        ...group(0, 1, 6),
        1,
        2,
        3,
        4,
        5,
        6,
        ...dates,
        ...dates,
        ...dates,
        0,
        0,
        0,
        0,
        1,
        7,
      ],
      says: 'reason_unknown',
    },
    {
      title: 'reason 7 before four of none',
      parts: [
        ...word(1),
        ...group(0, 1, 6),
        1,
        2,
        3,
        4,
        5,
        6,
        ...dates,
        ...dates,
        ...dates,
        1,
        7,
        0,
        0,
        0,
        0,
      ],
      says: 'reason_unknown',
    },
    {
      title: 'reason 7',
      parts: [...word(1), ...group(0, 1, 2), 1, 2, ...dates, 0, 7],
      says: 'reason_unknown',
    },
    {
      title: 'reason 11',
      parts: [...word(1), ...group(0, 1, 2), 1, 2, ...dates, 11, 0],
      says: 'reason_unknown',
    },
  ])('$title: $says', ({ parts, says }) => {
    const shard = readShard(octets(...parts), 2)
    const checked = shard.ok ? checkEntries(shard.value) : shard
    expect(checked.ok ? 'ok' : checked.error).toBe(says)
  })
})

test('a reason there is none of revokes: nobody is taken off a list by it', async () => {
  for (const code of [7, 11, 255]) {
    const shard = octets(...word(1), ...group(0, 2, 1), 0x40, 7, 0, 0, 0, 1, code)
    const known = { sha256: await sha256(shard), octets: shard.length, entries: 1 }
    const manifest = encodeManifest(list, {
      signerSpki: keys.spki,
      crlSha256: await sha256(list.der),
      otherIssuers: [],
      shards: [known],
    })
    const opened = openByDigest(manifest, { loadShard: async () => shard })
    if (!opened.ok) throw new Error(opened.error.code)
    expect(await decide(7, [opened.value.list])).toBe('revoked')
  }
})

describe('what was made of a list is checked before anybody vouches for it', () => {
  test.each([
    { code: 10, says: 'ok' },
    { code: 11, says: { code: 'shard_unfit', shard: 0, fault: 'reason_unknown' } },
    { code: 7, says: { code: 'shard_unfit', shard: 0, fault: 'reason_unknown' } },
  ])('an index that tells of reason $code', async ({ code, says }) => {
    const { index } = list
    const entryAt = (place: number) => ({ ...index.entryAt(place), reason: code })
    const made = await compile({ ...list, index: { ...index, entryAt } })
    expect(made.ok ? 'ok' : made.error).toEqual(says)
  })
})

test('a shard is loaded when a serial of it is first asked for, and no other', async () => {
  const asked: number[] = []
  const loadShard = async (shard: number): Promise<Bytes | undefined> => {
    asked.push(shard)
    return files.shards[shard]
  }
  const opened = await openCompiledCrl(files.manifest, { loadShard, compilerSpki, verifier })
  if (!opened.ok) throw new Error(opened.error.code)
  const { index } = opened.value.list
  const serial = octets(0x40, 7)
  const first = index.find(serial)
  expect(first).toBeInstanceOf(Promise)
  expect(await first).toMatchObject({ serial })
  // At once, for the shard is at hand.
  expect(index.find(serial)).toMatchObject({ serial })
  expect(asked).toHaveLength(1)
  const whole = await opened.value.whole()
  expect(whole.ok && whole.value.index.size).toBe(50)
  expect(asked.toSorted()).toEqual([0, 1, 2])
})

/** The same list, whose shards come as they are given. */
async function sharded(
  loadShard: ShardOptions['loadShard'],
  faults: CompiledFault[] = [],
): Promise<ShardedCrl> {
  const known = await compiled(list, { sign: 'by_digest', entriesPerShard: 20 })
  const opened = openByDigest(known.manifest, {
    loadShard,
    report: (fault) => void faults.push(fault),
  })
  if (!opened.ok) throw new Error(opened.error.code)
  return opened.value.list
}

describe('a list whose shards are loaded when they are asked for', () => {
  test('decides like a parsed one', async () => {
    const asked = await sharded(async (shard) => files.shards[shard])
    expect(asked.entries).toBe(50)
    expect(await decide(7, [asked])).toBe('revoked')
    expect(await decide(60, [asked])).toBe('accepted')
  })

  test('a shard that is missing, or other octets, clear nobody, whatever is made of no list', async () => {
    const faults: CompiledFault[] = []
    const missing = await sharded(async () => undefined, faults)
    const wrong = await sharded(async () => octets(0, 0, 0, 0), faults)
    for (const asked of [missing, wrong]) {
      expect(await decide(60, [asked])).toBe('revocation_unknown not_at_hand')
      expect(await decide(60, [asked], ca, lenientFreshness)).toBe('revocation_unknown not_at_hand')
    }
    expect(new Set(faults.map(({ code }) => code))).toEqual(
      new Set(['shard_missing', 'shard_octets_differ']),
    )
  })

  test('what another list revokes is revoked all the same', async () => {
    const scope = extension('2.5.29.28', sequence(context(1, octets(0xff))), 'critical')
    const users = crlOf(
      await createCrl(ca, { entries: [entry([0x40, 60])], extensions: { scope } }),
    )
    expect(await decide(60, [await sharded(async () => undefined), users])).toBe('revoked')
  })

  test('a memory may serve its successors: what is the same octets is loaded once', async () => {
    const asked: number[] = []
    const memory = new Map<string, Shard>()
    for (let again = 0; again < 2; again += 1) {
      const opened = await openCompiledCrl(files.manifest, {
        loaded: memory,
        compilerSpki,
        verifier,
        loadShard: async (shard) => {
          asked.push(shard)
          return files.shards[shard]
        },
      })
      if (opened.ok) await opened.value.whole()
    }
    expect(asked).toEqual([0, 1, 2])
  })

  test('a manifest that is none is a fault', () => {
    const opened = openByDigest(octets(0x30, 0), { loadShard: async () => undefined })
    expect(opened.ok ? 'ok' : opened.error.code).toBe('manifest_malformed')
  })
})

const device = (serial: number) => issue(ca, { keys, serial: [0x40, serial] })

async function decide(
  serial: number,
  crls: readonly RevocationList[],
  root = ca,
  freshness = strictFreshness,
) {
  const anchors = [certificateOf(root)]
  const parts = { anchors, intermediates: [], crls, epoch: 1, limits: defaultLimits }
  const party = relyingParty(await buildTrustStore(parts), {
    policy: { ...strictPolicy, revocation: { ...strictPolicy.revocation, freshness } },
    verifier,
    crls: createAuthenticatedCrls(verifier),
  })
  const decision = await verify(
    { kind: 'chain', leaf: (await device(serial)).der, intermediates: [] },
    party,
  )
  if (decision.outcome === 'accepted') return 'accepted'
  const { rejection } = decision
  return rejection.code === 'revocation_unknown'
    ? `${rejection.code} ${rejection.gap}`
    : rejection.code
}

describe('a trust store holds either form', () => {
  const signedByOther = newKeys('Ed25519').then((other) => createCa({ keys: other }))

  test('and decides alike', async () => {
    const held = await loaded(files)
    for (const serial of [0, 49, 50, 99]) {
      expect(await decide(serial, [held])).toBe(await decide(serial, [list]))
    }
    expect(await decide(49, [held])).toBe('revoked')
    expect(await decide(50, [held])).toBe('accepted')
  })

  test('a list compiled for another key of that name answers for nobody', async () => {
    const other = await signedByOther
    const theirs = crlOf(await createCrl(other))
    const held = await loaded(await compiled(theirs, { issuer: certificateOf(other) }))
    expect(await decide(50, [held])).toBe('revocation_unknown forged')
  })
})

test('bent octets are never loaded', async () => {
  const bends = array(tuple(nat(10_000), anyInteger({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 3,
  })
  const holds = asyncProperty(bends, nat(files.shards.length), async (changes, which) => {
    const originals = [files.manifest, ...files.shards]
    const changed = originals.map((original) => original.slice())
    const file = changed[which] ?? octets()
    for (const [place, mask] of changes) {
      const index = place % file.length
      file[index] = (file[index] ?? 0) ^ mask
    }
    const [manifest = octets(), ...shards] = changed
    const isSame = file.every((octet, index) => octet === originals[which]?.[index])
    expect((await load({ manifest, shards })).ok).toBe(isSame)
  })
  await assert(holds, { seed: 20_260_615, numRuns: 300 })
})
