import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { allowsKeyUsage } from '#shared/path/checks/key-usage.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { equalNames } from '#shared/x509/name.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { CrlIssuer } from '../authenticated-crls.ts'
import { isCrlSignedBy } from '../crl-signature.ts'
import type { Crl } from '../crl.ts'
import type { PlacedIndex } from '../crl-index.ts'
import { manifestMagic, sha256 } from './format.ts'
import { encodeManifest, shardsMax, type ShardEntry } from './manifest.ts'
import { checkEntries, readShard, type EntriesFault, type ShardFault } from './shard.ts'
import {
  buildShard,
  createShardMemory,
  dateSecondsOf,
  type BuiltShard,
  type ShardGroups,
  type ShardMemory,
} from './shard-writer.ts'

/** The two kinds of files of a compiled list: to be named, stored and served as one likes. */
export interface CompiledFiles {
  readonly manifest: Bytes
  readonly shards: readonly Bytes[]
}

/** Why a list is not compiled. */
export type CompileRefusal =
  /** Not of this name, or this key has no leave to sign lists, or has not signed this one. */
  | { readonly code: 'not_signed_by_issuer' }
  /** Neither side of the years that the compiled form has room for: 1950 to 2086. */
  | { readonly code: 'date_out_of_range'; readonly serial: Bytes; readonly since: Instant }
  | { readonly code: 'too_many_entries'; readonly entries: number; readonly limit: number }
  /** What was made of it is no shard that could be asked: nobody is to vouch for it. */
  | {
      readonly code: 'shard_unfit'
      readonly shard: number
      readonly fault: ShardFault | EntriesFault
    }

export interface CompileOptions {
  /** Whose key has signed the list: proven here, so that whoever loads it need not. */
  readonly issuer: CrlIssuer
  readonly verifier: SignatureVerifier
  /**
   * Signs with the compiler's Ed25519 key (RFC 8032): 64 octets. `by_digest` where whoever loads the
   * manifest asks for it by its digest, which vouches for it already: then it is the DER alone.
   */
  readonly sign: ((octets: Bytes) => Promise<Bytes>) | 'by_digest'
  /** On average; `entriesPerShard` where it says nothing. */
  readonly entriesPerShard?: number
}

/** A shard of so many entries with serials of 16 octets is 344 kB: a third of a millisecond to hash. */
export const entriesPerShard = 16_384

/**
 * Makes the form of a list that is loaded without parsing: shards of sorted serials, and a manifest
 * of what the list says, with the digest of each shard, signed by the compiler or named by its digest.
 */
export async function compileCrl(
  crl: Crl,
  options: CompileOptions,
): Promise<Result<CompiledFiles, CompileRefusal>> {
  const shards: Bytes[] = []
  const manifest = await compileCrlTo(crl, options, async (shard) => void shards.push(shard))
  return manifest.ok ? ok({ manifest: manifest.value, shards }) : manifest
}

/**
 * The same for a list whose compiled form does not fit beside it: each shard is given away before the
 * next is made, so that beside the list and its index one shard and four octets an entry are held.
 *
 * @param keep takes the shards in their order; where the list is refused in the end, some for nothing
 * @returns the manifest
 */
export async function compileCrlTo(
  crl: Crl,
  options: CompileOptions,
  keep: (shard: Bytes) => Promise<void>,
): Promise<Result<Bytes, CompileRefusal>> {
  if (!(await isOfIssuer(crl, options))) return err({ code: 'not_signed_by_issuer' })
  const perShard = options.entriesPerShard ?? entriesPerShard
  const count = Math.max(1, Math.ceil(crl.entries / perShard))
  const limit = shardsMax * perShard
  if (count > shardsMax) return err({ code: 'too_many_entries', entries: crl.entries, limit })
  const issuers = issuersOf(crl)
  const order = sortedByShard(issuers, count)
  const indexes = issuers.map(({ index }) => index)
  const shards: ShardEntry[] = []
  const memory = createShardMemory()
  for (let shard = 0; shard < count; shard += 1) {
    const groups = groupsOf(issuers, placesOf(order, shard), memory)
    if (!groups.ok) return groups
    const built = buildShard(groups.value, indexes)
    const fit = checkBuilt(built.octets, issuers.length)
    if (!fit.ok) return err({ code: 'shard_unfit', shard, fault: fit.error })
    shards.push(await entryOf(built))
    await keep(built.octets)
  }
  const octets = encodeManifest(crl, {
    signerSpki: options.issuer.spki,
    crlSha256: await sha256(crl.der),
    otherIssuers: issuers.slice(1).map(({ name }) => name),
    shards,
  })
  return ok(options.sign === 'by_digest' ? octets : await signed(octets, options.sign))
}

async function signed(
  octets: Bytes,
  sign: Exclude<CompileOptions['sign'], string>,
): Promise<Bytes> {
  return concatBytes(manifestMagic, await sign(concatBytes(manifestMagic, octets)), octets)
}

/** RFC 5280 6.3.3 (f) and (g). */
async function isOfIssuer(crl: Crl, { issuer, verifier }: CompileOptions): Promise<boolean> {
  if (!equalNames(issuer.subject, crl.issuer) || !allowsKeyUsage(issuer, 'cRLSign')) return false
  return isCrlSignedBy(crl, issuer.spki, verifier)
}

/** Whose certificates are listed: the list's own issuer first. */
interface ListedIssuer {
  readonly name: Bytes
  readonly index: PlacedIndex
}

function issuersOf(crl: Crl): readonly ListedIssuer[] {
  const others = [...crl.indexOfOthers.values()].flatMap((index) => {
    // The entry that begins an issuer's part names it (RFC 5280 5.3.3).
    for (const { certificateIssuer: name } of index.entries()) {
      if (name !== undefined) return [{ name, index }]
    }
    return []
  })
  return [{ name: crl.issuer, index: crl.index }, ...others]
}

/** Entries shard after shard; those of one serial stay in the order of the list. */
interface ShardOrder {
  /** Of each entry its place in the index of its issuer, beyond all places of the issuers before. */
  readonly places: Uint32Array
  /** Where each shard starts among them, and at the end where the last one ends. */
  readonly starts: Uint32Array
}

/** A stable counting sort: the hash is read twice and kept nowhere. */
function sortedByShard(issuers: readonly ListedIssuer[], count: number): ShardOrder {
  const starts = new Uint32Array(count + 1)
  let entries = 0
  for (const { index } of issuers) {
    entries += index.size
    for (let place = 0; place < index.size; place += 1) {
      const after = (index.hashOf(place) % count) + 1
      starts[after] = (starts[after] ?? 0) + 1
    }
  }
  for (let shard = 1; shard <= count; shard += 1) {
    starts[shard] = (starts[shard] ?? 0) + (starts[shard - 1] ?? 0)
  }
  const places = new Uint32Array(entries)
  const next = starts.slice()
  let base = 0
  for (const { index } of issuers) {
    for (let place = 0; place < index.size; place += 1) {
      const shard = index.hashOf(place) % count
      const at = next[shard] ?? 0
      places[at] = base + place
      next[shard] = at + 1
    }
    base += index.size
  }
  return { places, starts }
}

const placesOf = ({ places, starts }: ShardOrder, shard: number): Uint32Array =>
  places.subarray(starts[shard], starts[shard + 1])

/** The entries of one shard, by issuer and length of serial. */
function groupsOf(
  issuers: readonly ListedIssuer[],
  places: Uint32Array,
  memory: ShardMemory,
): Result<ShardGroups, CompileRefusal> {
  const groups = memory.begin()
  let issuer = 0
  let base = 0
  for (const place of places) {
    // Rising: those of one issuer come before those of the next.
    for (;;) {
      const { size } = indexAt(issuers, issuer)
      if (place < base + size) break
      base += size
      issuer += 1
    }
    const entry = indexAt(issuers, issuer).entryAt(place - base)
    const { serial, since } = entry
    const seconds = dateSecondsOf(since)
    if (seconds === undefined) return err({ code: 'date_out_of_range', serial, since })
    groups.add(issuer, entry, seconds)
  }
  return ok(groups)
}

function indexAt(issuers: readonly ListedIssuer[], at: number): PlacedIndex {
  const issuer = issuers[at]
  if (issuer !== undefined) return issuer.index
  throw new RangeError(`a list of ${issuers.length} issuers has no issuer ${at}`)
}

/** All that a loader relies on: it looks at the entries no more. */
function checkBuilt(octets: Bytes, issuers: number): Result<void, ShardFault | EntriesFault> {
  const shard = readShard(octets, issuers)
  return shard.ok ? checkEntries(shard.value) : shard
}

async function entryOf({ octets, entries }: BuiltShard): Promise<ShardEntry> {
  return { sha256: await sha256(octets), octets: octets.length, entries }
}
