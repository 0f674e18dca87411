import { generateKeyPairSync, sign } from 'node:crypto'
import { compileCrl } from '#shared/revocation/compiled/compile.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { Bench } from '../bench.ts'
import { figureOf } from '../measure.ts'
import type { Fixture } from '../operations/operation.ts'
import { valueOf } from '../operations/relying-party.ts'
import { createPki, serialsIn } from '../pki.ts'
import { coldContender } from '../runtimes/cold.ts'

const million = 1_000_000
/** Starts of a process, of which the median is told. */
const starts = 7

/** What is asked of a list that lies in storage: `firstAnswer` loads one shard of it. */
const ways = {
  compiled: 'loaded whole: signature, every digest and one look-up',
  firstAnswer: 'opened: signature, the digest of one shard and one look-up',
} as const

export const compiledBench: Bench = {
  name: 'compiled',
  title: 'a compiled list of 1,000,000 entries, in a process that just started',
  runtimes: ['node', 'workerd'],
  async *run({ runtime }) {
    const fixture = await compiledFixture()
    for (const set of ['compiled', 'firstAnswer'] as const) {
      const contender = coldContender(runtime.name, 'ours', set, fixture)
      const costs: number[] = []
      for (let start = 0; start < starts; start += 1) costs.push((await contender.cpuUs(1)) / 1000)
      const figures = [figureOf('ours', costs)]
      yield { title: ways[set], unit: 'ms', figures, goals: [{ of: 'ours', atMost: 30 }] }
    }
  },
}

async function compiledFixture(): Promise<Fixture> {
  const pki = createPki('P-256', 0)
  const der = pki.crl(million)
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const files = await compileCrl(valueOf(parseCrl(der)), {
    issuer: valueOf(parseCertificate(pki.intermediate)),
    verifier: createWebCryptoVerifier(),
    sign: (octets) => Promise.resolve(new Uint8Array(sign(null, octets, privateKey))),
  })
  const { manifest, shards } = valueOf(files)
  const compilerSpki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  return { manifest: [manifest], shards, compilerSpki: [compilerSpki], listed: serialsIn(der, 1) }
}
