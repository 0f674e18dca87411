import { expect, test, vi } from 'vitest'
import { runVirtually, type VirtualSabotage } from '#simulator/engine/virtual/run-virtually.ts'
import { unshardable } from '#simulator/engine/virtual/run-sharded.ts'
import { explainScenario } from '#simulator/scenario/explain/explain.ts'
import { scenarioOf } from '../scenario/minimal.ts'

// Fleets that enrol: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const text = `version: 1
name: onboards
seed: 3
engine: virtual
time: { duration: 6d, tick: 5m }
pki:
  ca: { outages: [{ at: 2d, for: 6h }] }
phases: [{ name: only, for: 6d, mode: verify }]
fleets:
  - kind: car
    count: 16
    enrollment: { at: 1h, within: 4h }
    onboarding: { claims: 0.5, rekey: 0.5, wiped: 0.4, hostile: 1 }
    certificate: { validity: 24h, reenroll_after: 1h, retry: { base: 10m, cap: 1h } }
    traffic: { connect_every: 8h }
    offline: { ratio: 0.4, min: 30h, max: 60h }
revocations: [{ at: 4d, kind: car, count: 2, reason: keyCompromise, goes_on: true }]
`

async function lived(sabotage: VirtualSabotage = {}, yaml = text) {
  return runVirtually({
    scenario: scenarioOf(yaml),
    file: 'test.yaml',
    replay: 'sallyport run test.yaml',
    signal: new AbortController().signal,
    onProgress: () => {},
    sabotage,
  })
}

test('a fleet gets its certificates of the edge, and every decision is as the CA knows it', async () => {
  const { result, log } = await lived()
  expect([result.verdict, result.failure]).toEqual(['pass', undefined])
  const events = log.map((line) => JSON.parse(line) as { event?: string; name?: string })
  const count = (wanted: string) => events.filter(({ event }) => event === wanted).length
  // Each enrols once, and once more for each time that it was wiped.
  expect(count('wiped')).toBeGreaterThan(3)
  expect(count('hostile_request')).toBeGreaterThan(12)
  expect(count('renew')).toBeGreaterThan(60)
  expect(count('issuance_failed')).toBeGreaterThan(10)
  expect(result.certificatesIssued).toBeGreaterThanOrEqual(count('enroll') + count('renew'))
})

test.each([
  ['nginx', 'verify'],
  ['envoy', 'verify'],
  ['cloudflare', 'passthrough'],
] as const)('behind %s, in mode %s', async (profile, mode) => {
  const yaml = text
    .replace('duration: 6d', 'duration: 3d')
    .replace('for: 6d, mode: verify', `for: 3d, mode: ${mode}`)
    .replace('{ at: 4d,', '{ at: 2d,')
  const { result } = await lived({}, `${yaml}front: { profile: ${profile} }\n`)
  expect([result.wrongAccepts, result.unexplainedRefusals, result.broken]).toEqual([0, 0, 0])
  expect(result.failure).toBeUndefined()
  expect(result.certificatesIssued).toBeGreaterThan(30)
})

test('who was away for longer than a certificate may renew itself begins again', async () => {
  const yaml = `version: 1
name: away
seed: 5
engine: virtual
time: { duration: 50d, tick: 1h }
phases: [{ name: only, for: 50d, mode: verify }]
fleets:
  - kind: car
    count: 4
    enrollment: { at: 1h }
    onboarding: { claims: 0.5 }
    certificate: { validity: 3d, reenroll_after: 1h }
    traffic: { connect_every: 1d }
    offline: { ratio: 1, min: 38d, max: 40d }
`
  const { result, log } = await lived({}, yaml)
  expect([result.unexplainedRefusals, result.failure]).toEqual([0, undefined])
  const returned = log.filter((line) => line.includes('"event":"returned"')).length
  const enrolled = log.filter((line) => line.includes('"event":"enroll"')).length
  expect([returned > 1, enrolled]).toEqual([true, 4 + returned])
})

test('a seed is a run: the same log, line for line', async () => {
  const [first, again] = [await lived(), await lived()]
  expect(again.log).toEqual(first.log)
})

/** A gateway whose EST server answers otherwise than it would. */
const answering = (change: (response: Response) => Promise<Response>): VirtualSabotage => ({
  changeEdge: (edge) => ({
    ...edge,
    async fetch(request, facts) {
      const response = await edge.fetch(request, facts)
      return request.url.includes('/.well-known/est/') ? change(response) : response
    },
  }),
})

test('an EST server that serves hostile requests is found out', async () => {
  const { result } = await lived(
    answering(async (response) => (response.status >= 400 ? new Response('') : response)),
  )
  expect([result.verdict, result.wrongAccepts > 0]).toEqual(['fail', true])
})

test('an EST server that refuses good requests is found out', async () => {
  let asked = 0
  const { result } = await lived(
    answering(async (response) => {
      asked += 1
      return asked > 5 ? response : new Response('key_reuse: no\n', { status: 403 })
    }),
  )
  expect([result.verdict, result.unexplainedRefusals]).toEqual(['fail', 5])
})

test('another certificate than the device’s ends the run', async () => {
  let first: string | undefined
  const { result } = await lived(
    answering(async (response) => {
      if (response.status !== 200) return response
      first ??= await response.text()
      return new Response(first)
    }),
  )
  expect(result.failure).toMatch(/^car-00\d\d got [0-9A-F]+, which its CA never signed for it$/)
})

test('it is told before it runs, and is no story for threads', () => {
  const scenario = scenarioOf(text)
  expect(explainScenario(scenario)).toContain(
    '  car: 8 by a claim, 8 by a factory certificate; 50 % of renewals with a new key; 6 wiped, 16 imitated by somebody hostile',
  )
  expect(unshardable(scenario)).toEqual([expect.stringContaining('fleets[].onboarding')])
})
