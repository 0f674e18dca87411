import type { Bench, Goal } from '../bench.ts'
import { alternate } from '../measure.ts'
import { createPki, fixtureOf } from '../pki.ts'

/** Devices that speak one after another: more than are remembered by their texts, so that each is read. */
const leaves = 4000

export const headersBench: Bench = {
  name: 'headers',
  title: 'forwarded certificates read, P-256, a fresh text each time',
  runtimes: ['node', 'workerd'],
  async *run({ runtime, rounds }) {
    const fixture = fixtureOf(createPki('P-256', leaves), 0)
    const alb: Goal = { of: 'ours', atMost: runtime.name === 'node' ? 8 : 12 }
    yield {
      title: "ALB's chain of three certificates",
      unit: 'µs',
      figures: await alternate(await runtime.contenders('alb', fixture), rounds),
      goals: [alb],
    }
    yield {
      title: 'RFC 9440',
      unit: 'µs',
      figures: await alternate(await runtime.contenders('rfc9440', fixture), rounds),
      goals: [{ of: 'ours, Client-Cert', atMost: 3.5 }],
    }
  },
}
