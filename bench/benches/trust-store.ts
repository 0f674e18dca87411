import { buildTrustStore, defaultLimits } from '#shared/trust-store/trust-store.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { Bench } from '../bench.ts'
import { figureOf } from '../measure.ts'
import { readPeculiar, readPkijs } from '../operations/peers.ts'
import { valueOf } from '../operations/relying-party.ts'
import { createPki } from '../pki.ts'
import { retainedOctets } from '../retained.ts'

const anchors = 1000

/** Bytes of V8's heap and beside it, the anchors' own DER included. */
export const trustStoreBench: Bench = {
  name: 'trust-store',
  title: 'a trust store of 1,000 P-256 anchors',
  runtimes: ['node'],
  async *run() {
    const ders = Array.from({ length: anchors }, () => createPki('P-256', 0).root)
    const each = async (name: string, make: () => unknown) =>
      figureOf(name, [(await retainedOctets(make)) / anchors])
    const ours = async () => {
      const certificates = ders.map((der) => valueOf(parseCertificate(der.slice())))
      const parts = { anchors: certificates, intermediates: [], crls: [], epoch: 1 }
      return buildTrustStore({ ...parts, limits: defaultLimits })
    }
    yield {
      title: 'memory of an anchor',
      unit: 'B',
      figures: [
        await each('ours', ours),
        await each('@peculiar/x509', () => ders.map((der) => readPeculiar(der.slice()))),
        await each('pkijs', () => ders.map((der) => readPkijs(der.slice()))),
      ],
      goals: [{ of: 'ours', atMost: 1024 }],
    }
  },
}
