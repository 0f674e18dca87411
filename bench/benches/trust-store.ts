import type { Bytes } from '#shared/bytes.ts'
import { buildTrustStore, defaultLimits, type TrustStore } from '#shared/trust-store/trust-store.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { Bench } from '../bench.ts'
import { figureOf, type Figure } from '../measure.ts'
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
    const ders = rootsOf(() => 'Fleet root')
    const named = rootsOf((nth) => `Fleet root ${nth}`)
    yield {
      title: 'memory of an anchor',
      unit: 'B',
      figures: [
        await anchorFigure('ours', () => storeOf(ders)),
        await anchorFigure('ours, of different names', () => storeOf(named)),
        await anchorFigure('@peculiar/x509', () => ders.map((der) => readPeculiar(der.slice()))),
        await anchorFigure('pkijs', () => ders.map((der) => readPkijs(der.slice()))),
      ],
      goals: [{ of: 'ours', atMost: 1024 }],
    }
  },
}

async function anchorFigure(name: string, make: () => unknown): Promise<Figure> {
  const octets: number[] = []
  // What V8 itself comes to hold, or lets go, in between moves one figure by a tenth.
  for (let round = 0; round < 5; round += 1) octets.push((await retainedOctets(make)) / anchors)
  return figureOf(name, octets)
}

function rootsOf(nameOf: (nth: number) => string): readonly Bytes[] {
  return Array.from({ length: anchors }, (_, nth) => createPki('P-256', 0, nameOf(nth)).root)
}

function storeOf(ders: readonly Bytes[]): Promise<TrustStore> {
  const certificates = ders.map((der) => valueOf(parseCertificate(der.slice())))
  const parts = { anchors: certificates, intermediates: [], crls: [], epoch: 1 }
  return buildTrustStore({ ...parts, limits: defaultLimits })
}
