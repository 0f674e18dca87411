import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { allowsKeyUsage } from '#shared/path/checks/key-usage.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { equalNames } from '#shared/x509/name.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { CrlIssuer } from '../authenticated-crls.ts'
import { isCrlSignedBy } from '../crl-signature.ts'
import type { Crl } from '../crl.ts'
import type { CrlIndex } from '../crl-index.ts'
import { manifestMagic, sha256, shardOf } from './format.ts'
import { encodeManifest, shardsMax, type ShardEntry } from './manifest.ts'
import {
  addRecord,
  buildShard,
  dateSecondsOf,
  type BuiltShard,
  type ShardGroups,
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
  if (!(await isOfIssuer(crl, options))) return err({ code: 'not_signed_by_issuer' })
  const perShard = options.entriesPerShard ?? entriesPerShard
  const count = Math.max(1, Math.ceil(crl.entries / perShard))
  const limit = shardsMax * perShard
  if (count > shardsMax) return err({ code: 'too_many_entries', entries: crl.entries, limit })
  const issuers = issuersOf(crl)
  const groups = distribute(issuers, count)
  if (!groups.ok) return groups
  const indexes = issuers.map(({ index }) => index)
  const shards = groups.value.map((each) => buildShard(each, indexes))
  const octets = encodeManifest(crl, {
    signerSpki: options.issuer.spki,
    crlSha256: await sha256(crl.der),
    otherIssuers: issuers.slice(1).map(({ name }) => name),
    shards: await Promise.all(shards.map(entryOf)),
  })
  const manifest = options.sign === 'by_digest' ? octets : await signed(octets, options.sign)
  return ok({ manifest, shards: shards.map((each) => each.octets) })
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
  readonly index: CrlIndex
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

/** Every entry into its shard; those of one serial stay in the order of the list. */
function distribute(
  issuers: readonly ListedIssuer[],
  count: number,
): Result<readonly ShardGroups[], CompileRefusal> {
  const shards = Array.from({ length: count }, (): ShardGroups => new Map())
  for (const [issuer, { index }] of issuers.entries()) {
    for (const entry of index.entries()) {
      const { serial, since } = entry
      const seconds = dateSecondsOf(since)
      const groups = shards[shardOf(serial, count)]
      if (seconds === undefined || groups === undefined) {
        return err({ code: 'date_out_of_range', serial, since })
      }
      addRecord(groups, issuer, entry, seconds)
    }
  }
  return ok(shards)
}

async function entryOf({ octets, entries }: BuiltShard): Promise<ShardEntry> {
  return { sha256: await sha256(octets), octets: octets.length, entries }
}
