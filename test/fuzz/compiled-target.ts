import { concatBytes, equalBytes, fromBase64Url, type Bytes } from '#shared/bytes.ts'
import { compileCrl, type CompiledFiles } from '#shared/revocation/compiled/compile.ts'
import { manifestMagic, signatureOctets } from '#shared/revocation/compiled/format.ts'
import { loadCompiledCrl } from '#shared/revocation/compiled/load.ts'
import { decodeManifest } from '#shared/revocation/compiled/manifest.ts'
import {
  checkEntries,
  entriesInShard,
  findInShard,
  readShard,
} from '#shared/revocation/compiled/shard.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { chance, pick, type Random } from '#simulator/random.ts'
import { derOfPem } from './corpus.ts'
import { mutateDer, type Document } from './der-mutations.ts'
import { flatten, readTree } from './der-tree.ts'
import { must, type Input, type Target } from './target.ts'
import { issuerPem, listPem } from './vectors.ts'

const verifier = createWebCryptoVerifier()

/** Issuers that a shard is read for: the list's own and two more. */
const issuers = 3

/** Compiled lists: shards as they are, manifests behind their signature, and whole files. */
export async function createCompiledTarget(): Promise<Target> {
  const compiler = await fixedCompiler()
  const files = await compiled(compiler)
  const shards = files.shards.map(plain)
  const manifest = documentOf(files.manifest.subarray(manifestMagic.length + signatureOctets))
  return {
    name: 'compiled',
    share: 40,
    make: (random) => {
      if (chance(random, 0.6)) return shardInput(pick(random, shards), random)
      if (chance(random, 0.8)) return manifestInput(manifest, random)
      return fileInput(files, compiler.spki, random)
    },
  }
}

const plain = (bytes: Bytes): Document => ({ bytes, nodes: [], all: [] })

function documentOf(bytes: Bytes): Document {
  const nodes = readTree(bytes) ?? []
  return { bytes, nodes, all: flatten(nodes) }
}

interface Compiler {
  readonly spki: Bytes
  readonly sign: (octets: Bytes) => Promise<Bytes>
}

/** DER around the 32 octets of an Ed25519 key (RFC 8410): PKCS #8, and SubjectPublicKeyInfo. */
const pkcs8Frame = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32)
const spkiFrame = Uint8Array.of(48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0)

/** A key of a fixed seed: every run mutates the same files. */
async function fixedCompiler(): Promise<Compiler> {
  const seed = new Uint8Array(32).fill(7)
  const pkcs8 = concatBytes(pkcs8Frame, seed)
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign'])
  const { x = '' } = await crypto.subtle.exportKey('jwk', key)
  return {
    spki: concatBytes(spkiFrame, fromBase64Url(x) ?? new Uint8Array()),
    sign: async (octets) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, octets)),
  }
}

async function compiled({ sign }: Compiler): Promise<CompiledFiles> {
  const crl = parseCrl(derOfPem(listPem))
  const issuer = parseCertificate(derOfPem(issuerPem))
  if (!crl.ok || !issuer.ok) throw new Error('the vectors are not read')
  const files = await compileCrl(crl.value, { issuer: issuer.value, verifier, sign })
  if (!files.ok) throw new Error(files.error.code)
  return files.value
}

function shardInput(document: Document, random: Random): Input {
  const octets = mutateDer(document, document, random)
  return { octets: () => octets, ask: () => askShard(octets) }
}

/** Whatever is read as a shard can be asked; where it has been checked, every entry is found by its serial. */
function askShard(octets: Bytes): boolean {
  const shard = readShard(octets, issuers)
  if (!shard.ok) return false
  const isFit = checkEntries(shard.value).ok
  let count = 0
  for (let issuer = 0; issuer < issuers; issuer += 1) {
    for (const { serial } of entriesInShard(shard.value, issuer)) {
      const found = findInShard(shard.value, issuer, serial)
      const isFound = found !== undefined && equalBytes(found.serial, serial)
      must(isFound || !isFit, 'an entry that is not found')
      count += 1
    }
  }
  must(count === shard.value.entries, `${count} entries of ${shard.value.entries}`)
  return true
}

function manifestInput(document: Document, random: Random): Input {
  const octets = mutateDer(document, document, random)
  return { octets: () => octets, ask: () => decodeManifest(octets).ok }
}

/** One file of a list changed: it is the same, or it is not loaded. */
function fileInput({ manifest, shards }: CompiledFiles, spki: Bytes, random: Random): Input {
  const isManifest = chance(random, 0.5)
  const original = isManifest ? manifest : pick(random, shards)
  const bent = mutateDer(plain(original), plain(original), random)
  const changed = (octets: Bytes) => (octets === original ? bent : octets)
  return {
    octets: () => bent,
    ask: async () => {
      const loaded = await loadCompiledCrl(changed(manifest), {
        loadShard: (shard) => Promise.resolve(shards[shard] && changed(shards[shard])),
        compilerSpki: spki,
        verifier,
      })
      must(!loaded.ok || equalBytes(bent, original), 'a compiled list that nobody signed')
      return loaded.ok
    },
  }
}
