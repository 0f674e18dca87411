import { concatBytes, equalBytes, type Bytes } from '#shared/bytes.ts'
import type { DerFault } from '#shared/der/reader.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { nameKey } from '#shared/x509/name.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Signed } from '#shared/x509/signed.ts'
import type { CrlFacts } from '../crl.ts'
import type { CrlIndex } from '../crl-index.ts'
import { ed25519Identifier, manifestMagic, sha256, shardOf, signatureOctets } from './format.ts'
import { decodeManifest, type Manifest } from './manifest.ts'
import { entriesInShard, findInShard, readShard, type Shard, type ShardFault } from './shard.ts'

/**
 * A list loaded from its compiled form: asked like a parsed one, and vouched for by its compiler.
 * Its `tbs` is that of the list without entries: nothing is signed by it any more.
 */
export interface CompiledCrl extends CrlFacts, Pick<Signed, 'tbs' | 'signatureAlgorithm'> {
  /** DER of the key that signed the list, as its compiler has verified. */
  readonly signerSpki: Bytes
  readonly manifest: Manifest
}

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

export interface LoadOptions {
  /** The octets of one shard, wherever they are stored; undefined where they are not to be had. */
  readonly loadShard: (shard: number) => Promise<Bytes | undefined>
  /** DER of the SubjectPublicKeyInfo of the compiler's Ed25519 key: trusted beforehand. */
  readonly compilerSpki: Bytes
  readonly verifier: SignatureVerifier
}

/** A compiled list of which no shard is loaded yet. */
export interface OpenedCrl {
  readonly manifest: Manifest
  /** The list as far as one serial needs it: one shard, verified when it is first loaded, and kept. */
  forSerial(serial: Bytes): Promise<Result<CompiledCrl, CompiledFault>>
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

function opened(manifest: Manifest, options: LoadOptions): OpenedCrl {
  // Values only: bounded by the number of shards, each of the size that the manifest says.
  const loaded = new Map<number, Shard>()
  const list = compiledCrl(manifest, loaded)
  const load = async (number: number): Promise<Result<Shard, CompiledFault>> => {
    const before = loaded.get(number)
    if (before !== undefined) return ok(before)
    const shard = await verifiedShard(number, manifest, options)
    if (shard.ok) loaded.set(number, shard.value)
    return shard
  }
  return {
    manifest,
    async forSerial(serial) {
      const shard = await load(shardOf(serial, manifest.shards.length))
      return shard.ok ? ok(list) : shard
    },
    async whole() {
      for (const number of manifest.shards.keys()) {
        const shard = await load(number)
        if (!shard.ok) return shard
      }
      return ok(list)
    },
  }
}

async function verifiedShard(
  shard: number,
  manifest: Manifest,
  { loadShard }: LoadOptions,
): Promise<Result<Shard, CompiledFault>> {
  const known = manifest.shards[shard]
  const octets = await loadShard(shard)
  if (octets === undefined || known === undefined) return err({ code: 'shard_missing', shard })
  if (octets.length !== known.octets) {
    const [expected, found] = [known.octets, octets.length]
    return err({ code: 'shard_octets_differ', shard, expected, found })
  }
  if (!equalBytes(await sha256(octets), known.sha256)) {
    return err({ code: 'shard_digest_differs', shard })
  }
  const read = readShard(octets, 1 + manifest.otherIssuers.length)
  if (!read.ok) return err({ code: 'shard_malformed', shard, fault: read.error })
  if (read.value.entries === known.entries) return read
  const [expected, found] = [known.entries, read.value.entries]
  return err({ code: 'shard_entries_differ', shard, expected, found })
}

/** What is loaded later is found by it as well. */
function compiledCrl(manifest: Manifest, loaded: ReadonlyMap<number, Shard>): CompiledCrl {
  const { facts, otherIssuers, signerSpki } = manifest
  const others = otherIssuers.map((name, at) => [nameKey(name), at + 1] as const)
  return {
    tbs: facts.tbs,
    signatureAlgorithm: facts.signatureAlgorithm,
    issuer: facts.issuer,
    thisUpdate: facts.thisUpdate,
    nextUpdate: facts.nextUpdate,
    number: facts.number,
    deltaBase: facts.deltaBase,
    scope: facts.scope,
    authorityKeyIdentifier: facts.authorityKeyIdentifier,
    criticalUnknown: facts.criticalUnknown,
    index: indexOf(manifest, 0, loaded),
    indexOfOthers: new Map(others.map(([key, at]) => [key, indexOf(manifest, at, loaded)])),
    signerSpki,
    manifest,
  }
}

function indexOf(
  { shards }: Manifest,
  issuer: number,
  loaded: ReadonlyMap<number, Shard>,
): CrlIndex {
  return {
    get size() {
      return sizeOf(loaded, issuer)
    },
    find(serial) {
      const shard = loaded.get(shardOf(serial, shards.length))
      // Silence of a shard that is not there would clear a revoked certificate.
      if (shard === undefined) throw new Error('a shard was asked that is not loaded')
      return findInShard(shard, issuer, serial)
    },
    *entries() {
      for (const shard of loaded.values()) yield* entriesInShard(shard, issuer)
    },
  }
}

function sizeOf(loaded: ReadonlyMap<number, Shard>, issuer: number): number {
  let size = 0
  for (const { groups } of loaded.values()) {
    for (const group of groups.values()) if (group.issuer === issuer) size += group.entries
  }
  return size
}
