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

export const compiledBench: Bench = {
  name: 'compiled',
  title: 'a compiled list of 1,000,000 entries loaded whole, in a process that just started',
  runtimes: ['node', 'workerd'],
  async *run({ runtime }) {
    const contender = coldContender(runtime.name, 'ours', 'compiled', await compiledFixture())
    const costs: number[] = []
    for (let start = 0; start < starts; start += 1) costs.push((await contender.cpuUs(1)) / 1000)
    yield {
      title: 'signature, digests and one look-up',
      unit: 'ms',
      figures: [figureOf('ours', costs)],
      goals: [{ of: 'ours', atMost: 30 }],
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
