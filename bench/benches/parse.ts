import { parseCertificate } from '#shared/x509/parse.ts'
import type { Bench, Goal, Section } from '../bench.ts'
import { alternate, figureOf } from '../measure.ts'
import { octetsOf, type Fixture, type RuntimeName } from '../operations/operation.ts'
import { readEveryValue } from '../operations/parse.ts'
import { createPki, fixtureOf } from '../pki.ts'
import { allocatedOctets } from '../retained.ts'

export const parseBench: Bench = {
  name: 'parse',
  title: 'a leaf certificate parsed',
  runtimes: ['node', 'workerd'],
  async *run({ runtime, rounds }) {
    for (const kind of ['P-256', 'RSA-2048'] as const) {
      const fixture = fixtureOf(createPki(kind), 0)
      const figures = await alternate(await runtime.contenders('parse', fixture), rounds)
      const goals = kind === 'P-256' ? goalsIn(runtime.name) : []
      yield { title: kind, unit: 'µs', figures, goals }
      if (runtime.name === 'node' && kind === 'P-256') yield allocatedSection(fixture)
    }
  },
}

function goalsIn(runtime: RuntimeName): readonly Goal[] {
  return [
    { of: 'ours', atMost: 2 },
    { of: 'ours, every value taken', atMost: 2 },
    { of: 'pkijs', to: 'ours', atLeast: 1000 },
    { of: '@peculiar/x509', to: 'ours', atLeast: 400 },
    // In workerd X509Certificate is BoringSSL's, three times faster: the goal was set for Node's.
    ...(runtime === 'node' ? [{ of: 'node X509Certificate', to: 'ours', atLeast: 20 }] : []),
  ]
}

/** A thousand certificates allocate less than V8's young generation holds: nothing is collected. */
const times = 1000

function allocatedSection(fixture: Fixture): Section {
  const leaf = octetsOf(fixture, 'leaves')
  const rounds = [1, 2, 3, 4, 5]
  const parsed = rounds.map(() => allocatedOctets(() => parseCertificate(leaf), times))
  const taken = rounds.map(() => allocatedOctets(() => readEveryValue(leaf), times))
  return {
    title: 'allocated for a P-256 leaf',
    unit: 'B',
    figures: [figureOf('ours', parsed), figureOf('ours, every value taken', taken)],
    goals: [{ of: 'ours', atMost: 1024 }],
  }
}
