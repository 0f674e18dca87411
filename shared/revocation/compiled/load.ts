import { concatBytes, equalBytes, toHex, type Bytes } from '#shared/bytes.ts'
import type { DerFault } from '#shared/der/reader.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { after, type Soon } from '#shared/soon.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { nameKey } from '#shared/x509/name.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Signed } from '#shared/x509/signed.ts'
import type { Crl, CrlFacts, CrlHeader, WholeCrl } from '../crl.ts'
import type { CrlIndex, EntryIndex } from '../crl-index.ts'
import {
  ed25519Identifier,
  manifestMagic,
  sha256,
  shardOf,
  signatureOctets,
  type Sha256,
} from './format.ts'
import { decodeManifest, type Manifest } from './manifest.ts'
import { entriesInShard, findInShard, readShard, type Shard, type ShardFault } from './shard.ts'

/** What a compiled list has beside what it says; its `tbs` is that of the list without entries. */
interface Compiled extends Pick<Signed, 'tbs' | 'signatureAlgorithm'> {
  /** DER of the key that signed the list, as its compiler has verified. */
  readonly signerSpki: Bytes
  readonly manifest: Manifest
}

/**
 * A list in its compiled form: asked like a parsed one, and vouched for by its compiler. A shard is
 * loaded when a serial of it is asked for.
 */
export interface ShardedCrl extends CrlFacts, Compiled {
  /** Undefined where nothing was in force in its place before. */
  readonly held?: HeldBefore | undefined
}

/** What answers for a while where a shard is not to be had (`listsBefore`). */
export interface HeldBefore {
  /** Whether the shard of a serial is in memory. */
  isAtHand(serial: Bytes): boolean
  /** What was in force in the list's place before, deltas included; none where that is too long ago. */
  before(): readonly (Crl | ShardedCrl)[]
}

/** A list in its compiled form with all of its shards in memory. */
export interface CompiledCrl extends WholeCrl, Compiled {}

/** Why a compiled list, or a shard of one, is not loaded. The list that was held stays in force. */
export type CompiledFault =
  /** The first octets: another kind of file, or another version of this one. */
  | { readonly code: 'format_unknown' }
  | { readonly code: 'manifest_truncated' }
  | { readonly code: 'manifest_not_signed' }
  | ({ readonly code: 'manifest_malformed' } & DerFault)
  | { readonly code: 'shard_missing'; readonly shard: number }
  | {
      readonly code: 'shard_octets_differ'
      readonly shard: number
      readonly expected: number
      readonly found: number
    }
  | { readonly code: 'shard_digest_differs'; readonly shard: number }
  | { readonly code: 'shard_malformed'; readonly shard: number; readonly fault: ShardFault }
  | {
      readonly code: 'shard_entries_differ'
      readonly shard: number
      readonly expected: number
      readonly found: number
    }

/** How shards are come by. */
export interface ShardOptions {
  /** The octets of one shard, wherever they are stored; undefined where they are not to be had. */
  readonly loadShard: (shard: number) => Promise<Bytes | undefined>
  /** Those loaded before; kept all unless told. One memory may serve several lists, and a list's successors. */
  readonly loaded?: LoadedShards
  /**
   * WebCrypto unless the runtime has something cheaper: Node's copies what it digests, and takes twice
   * as long as `crypto.hash` over a million entries.
   */
  readonly sha256?: Sha256
  /** Told of a shard that was asked for and not loaded. */
  readonly report?: (fault: CompiledFault) => void
  /** What may answer in the list's place where a shard is not to be had; nothing unless told. */
  readonly before?: HeldBefore['before']
}

/** Verified shards by the digests of their octets. Values only, and it may forget. */
export interface LoadedShards {
  get(digest: string): Shard | undefined
  set(digest: string, shard: Shard, octets: number): unknown
}

export interface LoadOptions extends ShardOptions {
  /** DER of the SubjectPublicKeyInfo of the compiler's Ed25519 key: trusted beforehand. */
  readonly compilerSpki: Bytes
  readonly verifier: SignatureVerifier
}

/** A compiled list of which no shard is loaded yet. */
export interface OpenedCrl {
  /** The list, each shard of it loaded and verified when a serial first asks for it. */
  readonly list: ShardedCrl
  /** The whole list, every shard of it verified. */
  whole(): Promise<Result<CompiledCrl, CompiledFault>>
}

/** Opens a compiled list by its manifest, whose signature is verified before it is read. */
export async function openCompiledCrl(
  file: Bytes,
  options: LoadOptions,
): Promise<Result<OpenedCrl, CompiledFault>> {
  const manifest = await verifiedManifest(file, options)
  return manifest.ok ? ok(opened(manifest.value, options)) : manifest
}

/** The same of a manifest that was asked for by its digest, compiled with `by_digest`. */
export function openByDigest(
  octets: Bytes,
  options: ShardOptions,
): Result<OpenedCrl, CompiledFault> {
  const manifest = decodeManifest(octets)
  if (manifest.ok) return ok(opened(manifest.value, options))
  return err({ code: 'manifest_malformed', ...manifest.error })
}

/** Loads a whole compiled list. */
export async function loadCompiledCrl(
  file: Bytes,
  options: LoadOptions,
): Promise<Result<CompiledCrl, CompiledFault>> {
  const list = await openCompiledCrl(file, options)
  return list.ok ? list.value.whole() : list
}

async function verifiedManifest(
  file: Bytes,
  { compilerSpki, verifier }: LoadOptions,
): Promise<Result<Manifest, CompiledFault>> {
  const start = manifestMagic.length + signatureOctets
  if (!equalBytes(file.subarray(0, manifestMagic.length), manifestMagic)) {
    return err({ code: 'format_unknown' })
  }
  if (file.length <= start) return err({ code: 'manifest_truncated' })
  const octets = file.subarray(start)
  const algorithm = signatureAlgorithmOf(ed25519Identifier)
  const kind = publicKeyKindOf(compilerSpki)
  if (algorithm === undefined || kind?.family !== 'ed25519') {
    return err({ code: 'manifest_not_signed' })
  }
  const signature = file.subarray(manifestMagic.length, start)
  const signed = concatBytes(manifestMagic, octets)
  const isSigned = await verifier.verify({ algorithm, kind, spki: compilerSpki, signature, signed })
  if (!isSigned) return err({ code: 'manifest_not_signed' })
  const manifest = decodeManifest(octets)
  return manifest.ok ? manifest : err({ code: 'manifest_malformed', ...manifest.error })
}

/** The shards of a list by their numbers. */
interface Shards {
  at(number: number): Soon<Result<Shard, CompiledFault>>
  isLoaded(number: number): boolean
}

function opened(manifest: Manifest, options: ShardOptions): OpenedCrl {
  const { before } = options
  const all = shardsOf(manifest, options)
  const isAtHand = (serial: Bytes): boolean => all.isLoaded(shardOf(serial, manifest.shards.length))
  return {
    list: {
      ...headerOf(manifest),
      ...indexesOf(manifest, (issuer) => askedIndex(manifest, issuer, all, options)),
      held: before && { isAtHand, before },
    },
    async whole() {
      const shards = new Map<number, Shard>()
      for (const number of manifest.shards.keys()) {
        const shard = await all.at(number)
        if (!shard.ok) return shard
        shards.set(number, shard.value)
      }
      const indexes = indexesOf(manifest, (issuer) => wholeIndex(manifest, issuer, shards))
      return ok({ ...headerOf(manifest), ...indexes })
    },
  }
}

function shardsOf(manifest: Manifest, options: ShardOptions): Shards {
  // Without a memory of the caller's: bounded by the shards that the manifest names.
  const loaded = options.loaded ?? new Map<string, Shard>()
  const issuers = 1 + manifest.otherIssuers.length
  // Read for so many issuers: the same octets may be a fault under a manifest that names fewer.
  const digests = manifest.shards.map(({ sha256: digest }) => `${toHex(digest)} ${issuers}`)
  return {
    at(number) {
      const digest = digests[number] ?? ''
      const before = loaded.get(digest)
      if (before !== undefined) return ok(before)
      return verifiedShard(number, manifest, options).then((shard) => {
        if (shard.ok) loaded.set(digest, shard.value, shard.value.octets.length)
        return shard
      })
    },
    isLoaded: (number) => loaded.get(digests[number] ?? '') !== undefined,
  }
}

async function verifiedShard(
  shard: number,
  manifest: Manifest,
  { loadShard, sha256: digestOf = sha256 }: ShardOptions,
): Promise<Result<Shard, CompiledFault>> {
  const known = manifest.shards[shard]
  const octets = await loadShard(shard)
  if (octets === undefined || known === undefined) return err({ code: 'shard_missing', shard })
  if (octets.length !== known.octets) {
    const [expected, found] = [known.octets, octets.length]
    return err({ code: 'shard_octets_differ', shard, expected, found })
  }
  if (!equalBytes(await digestOf(octets), known.sha256)) {
    return err({ code: 'shard_digest_differs', shard })
  }
  const read = readShard(octets, 1 + manifest.otherIssuers.length)
  if (!read.ok) return err({ code: 'shard_malformed', shard, fault: read.error })
  if (read.value.entries === known.entries) return read
  const [expected, found] = [known.entries, read.value.entries]
  return err({ code: 'shard_entries_differ', shard, expected, found })
}

/** What a manifest says of its list beside the entries. */
function headerOf(manifest: Manifest): CrlHeader & Compiled {
  const { facts, signerSpki, shards } = manifest
  return {
    tbs: facts.tbs,
    signatureAlgorithm: facts.signatureAlgorithm,
    issuer: facts.issuer,
    thisUpdate: facts.thisUpdate,
    nextUpdate: facts.nextUpdate,
    number: facts.number,
    entries: shards.reduce((total, { entries }) => total + entries, 0),
    deltaBase: facts.deltaBase,
    scope: facts.scope,
    authorityKeyIdentifier: facts.authorityKeyIdentifier,
    criticalUnknown: facts.criticalUnknown,
    signerSpki,
    manifest,
  }
}

/** One index for each issuer that the manifest knows, the list's own first. */
function indexesOf<Index>(
  { otherIssuers }: Manifest,
  indexOf: (issuer: number) => Index,
): { readonly index: Index; readonly indexOfOthers: ReadonlyMap<string, Index> } {
  const others = otherIssuers.map((name, at) => [nameKey(name), indexOf(at + 1)] as const)
  return { index: indexOf(0), indexOfOthers: new Map(others) }
}

function askedIndex(
  { shards }: Manifest,
  issuer: number,
  all: Shards,
  { report }: ShardOptions,
): EntryIndex {
  return {
    find: (serial) =>
      after(all.at(shardOf(serial, shards.length)), (shard) => {
        if (shard.ok) return findInShard(shard.value, issuer, serial)
        report?.(shard.error)
        // Silence of a shard that is not there would clear a revoked certificate.
        return 'not_at_hand'
      }),
  }
}

function wholeIndex(
  manifest: Manifest,
  issuer: number,
  shards: ReadonlyMap<number, Shard>,
): CrlIndex {
  return {
    size: sizeOf(shards, issuer),
    find(serial) {
      const shard = shards.get(shardOf(serial, manifest.shards.length))
      if (shard === undefined) throw new Error('a shard of a whole list is not loaded')
      return findInShard(shard, issuer, serial)
    },
    *entries() {
      for (const shard of shards.values()) yield* entriesInShard(shard, issuer)
    },
  }
}

function sizeOf(shards: ReadonlyMap<number, Shard>, issuer: number): number {
  let size = 0
  for (const { groups } of shards.values()) {
    for (const group of groups.values()) if (group.issuer === issuer) size += group.entries
  }
  return size
}
