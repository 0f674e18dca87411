import crypto from 'node:crypto'
import {
  loadCompiledCrl,
  openCompiledCrl,
  type CompiledCrl,
} from '#shared/revocation/compiled/load.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import {
  awaited,
  expectTrue,
  octetsOf,
  type Fixture,
  type Operations,
  type RuntimeName,
} from './operation.ts'
import { valueOf } from './relying-party.ts'

/** A compiled list loaded whole, its manifest's signature and each shard's digest verified; and asked once. */
export const compiledOperations: Operations = (fixture, runtime) => [
  awaited('ours', async () => {
    const list = await loadCompiledCrl(octetsOf(fixture, 'manifest'), loadOptions(fixture, runtime))
    expectListed(fixture, valueOf(list))
  }),
]

/** A compiled list opened, its manifest's signature verified; and asked once: one shard is loaded. */
export const firstAnswerOperations: Operations = (fixture, runtime) => [
  awaited('ours', async () => {
    const opened = await openCompiledCrl(
      octetsOf(fixture, 'manifest'),
      loadOptions(fixture, runtime),
    )
    const found = await valueOf(opened).list.index.find(octetsOf(fixture, 'listed'))
    expectTrue(found !== undefined && found !== 'not_at_hand', 'a serial that is listed')
  }),
]

/** The signatures and digests that a runtime is deployed with. */
const deployed = {
  node: () => ({ verifier: createNodeVerifier(crypto), sha256: hashed }),
  workerd: () => ({ verifier: createWebCryptoVerifier() }),
} as const satisfies Record<RuntimeName, () => Partial<Parameters<typeof openCompiledCrl>[1]>>

function loadOptions(
  fixture: Fixture,
  runtime: RuntimeName,
): Parameters<typeof openCompiledCrl>[1] {
  const { shards = [] } = fixture
  return {
    compilerSpki: octetsOf(fixture, 'compilerSpki'),
    loadShard: (shard) => Promise.resolve(shards[shard]),
    ...deployed[runtime](),
  }
}

const hashed = (octets: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(crypto.hash('sha256', octets, 'buffer'))

function expectListed(fixture: Fixture, { index }: CompiledCrl): void {
  expectTrue(index.find(octetsOf(fixture, 'listed')) !== undefined, 'a serial that is listed')
}
