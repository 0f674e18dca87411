import { expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import { createDerivedAuthority } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { createSecrets } from '#simulator/engine/local-variables.ts'
import { listenerVariables } from '#simulator/engine/virtual/run-virtually.ts'
import { createTrustTimeline } from '#simulator/engine/virtual/snapshots.ts'
import { smallScenario } from '../run-small.ts'

const small = smallScenario({ days: 1 })
// Lists that come out off the instants at which the edge asks.
const scenario = {
  ...small,
  edge: { ...small.edge, maxStalenessMs: 7_000 },
  pki: { ...small.pki, crl: { ...small.pki.crl, publishEveryMs: 3_600_000 } },
}
const { seed, time, pki, edge, phases } = scenario
const [phase] = phases
if (phase === undefined) throw new Error('no phase')
const ledger = new Ledger()
const { intermediates } = pki
const authority = await createDerivedAuthority({ seed, start: time.start, intermediates, ledger })
const variables = listenerVariables(scenario, phase, createSecrets()).gateway
const none = { planned: [], revocations: [] }
const trust = await createTrustTimeline({ scenario, ...none, variables, authority, ledger })

/** By the rule alone: what lay in the bucket when a busy edge asked last. */
function expectedAt(ms: number): number {
  const asked = time.start + Math.floor(ms / edge.maxStalenessMs) * edge.maxStalenessMs
  return trust.published.findLastIndex(({ at }) => at <= asked)
}

/** Around each publication and the instants at which it becomes known, and between. */
const moments = trust.published
  .flatMap(({ at }) => [-1, 0, 1, 3_500, 6_999, 7_000, 7_001, 1_800_000].map((ms) => at + ms))
  .map((at) => at - time.start)
  .filter((ms) => ms >= 0)

test.each([
  { name: 'forwards', order: moments.toSorted((a, b) => a - b) },
  { name: 'backwards', order: moments.toSorted((a, b) => b - a) },
  { name: 'from life to life', order: [...moments, ...moments] },
])('the snapshot in force does not depend on what was asked before: $name', ({ order }) => {
  expect(trust.published.length).toBeGreaterThan(20)
  const found = order.map((ms) => trust.stores.indexOf(trust.storeAt(shift(time.start, ms))))
  expect(found).toEqual(order.map(expectedAt))
})

test('nothing is known before the first publication', () => {
  expect(() => trust.storeAt(shift(time.start, -1))).toThrow(RangeError)
})
