import {
  loadCompiledCrl,
  openCompiledCrl,
  type CompiledCrl,
} from '#shared/revocation/compiled/load.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { awaited, expectTrue, octetsOf, type Fixture, type Operations } from './operation.ts'
import { valueOf } from './relying-party.ts'

/** A compiled list loaded whole, its manifest's signature and each shard's digest verified; and asked once. */
export const compiledOperations: Operations = (fixture) => [
  awaited('ours', async () => {
    const list = await loadCompiledCrl(octetsOf(fixture, 'manifest'), loadOptions(fixture))
    expectListed(fixture, valueOf(list))
  }),
]

/** A compiled list opened, its manifest's signature verified; and asked once: one shard is loaded. */
export const firstAnswerOperations: Operations = (fixture) => [
  awaited('ours', async () => {
    const opened = await openCompiledCrl(octetsOf(fixture, 'manifest'), loadOptions(fixture))
    const found = await valueOf(opened).list.index.find(octetsOf(fixture, 'listed'))
    expectTrue(found !== undefined && found !== 'not_at_hand', 'a serial that is listed')
  }),
]

function loadOptions(fixture: Fixture): Parameters<typeof openCompiledCrl>[1] {
  const { shards = [] } = fixture
  return {
    compilerSpki: octetsOf(fixture, 'compilerSpki'),
    verifier: createWebCryptoVerifier(),
    loadShard: (shard) => Promise.resolve(shards[shard]),
  }
}

function expectListed(fixture: Fixture, { index }: CompiledCrl): void {
  expectTrue(index.find(octetsOf(fixture, 'listed')) !== undefined, 'a serial that is listed')
}
