import { loadCompiledCrl } from '#shared/revocation/compiled/load.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { awaited, expectTrue, octetsOf, type Operations } from './operation.ts'

/** A compiled list loaded whole, its manifest's signature and each shard's digest verified; and asked once. */
export const compiledOperations: Operations = (fixture) => {
  const manifest = octetsOf(fixture, 'manifest')
  const { shards = [] } = fixture
  const options = {
    compilerSpki: octetsOf(fixture, 'compilerSpki'),
    verifier: createWebCryptoVerifier(),
    loadShard: (shard: number) => Promise.resolve(shards[shard]),
  }
  return [
    awaited('ours', async () => {
      const loaded = await loadCompiledCrl(manifest, options)
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.error))
      const found = loaded.value.index.find(octetsOf(fixture, 'listed'))
      expectTrue(found !== undefined, 'a serial that is listed')
    }),
  ]
}
