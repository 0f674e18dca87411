import type { Bench } from '../bench.ts'
import { alternate } from '../measure.ts'
import { createPki, fixtureOf } from '../pki.ts'

export const sessionBench: Bench = {
  name: 'session',
  title: 'a session token opened, P-256 leaf, CRL of 1,000 entries',
  runtimes: ['node', 'workerd'],
  async *run({ runtime, rounds }) {
    const contenders = await runtime.contenders('session', fixtureOf(createPki('P-256'), 1000))
    yield {
      title: 'the same claims in each',
      unit: 'µs',
      figures: await alternate(contenders, rounds),
      goals: runtime.name === 'workerd' ? [{ of: 'ours, openSession', atMost: 15 }] : [],
    }
  },
}
