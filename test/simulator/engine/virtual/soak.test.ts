import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { VirtualSabotage } from '#simulator/engine/virtual/run-virtually.ts'
import { drawSketch, scenarioOf } from '#simulator/engine/virtual/soak/draw.ts'
import { liveInShards } from '#simulator/engine/virtual/soak/shard-hashes.ts'
import { liveSeed, shrinkFailure } from '#simulator/engine/virtual/soak/soak.ts'
import type { InProcessEdge } from '#simulator/worker/in-process.ts'

/** So many worlds at most until a sabotage is found. */
const seedsMax = 20
/** Devices of a world that was cut down. */
const devicesMax = 10

// What the edge says of damaged lists is part of the play.
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterAll(() => void vi.restoreAllMocks())

/** Each row breaks the edge in one place; the oracle is told nothing. More over the wire: `../sabotage.test.ts`. */
const sabotages: readonly { readonly name: string; readonly sabotage: VirtualSabotage }[] = [
  { name: 'lists are not taken after the first', sabotage: { changeEdge: withoutNewLists } },
  { name: 'any issuer is accepted', sabotage: { verifier: anySignature() } },
  { name: 'a session is not asked about revocation', sabotage: { changeEdge: forgivingSessions } },
  { name: 'a session is not bound to its certificate', sabotage: { changeEdge: unboundSessions } },
]

test.each(sabotages)(
  '$name: found within 20 seeds, and cut down to at most ten devices',
  async ({ sabotage }) => {
    for (let seed = 1; seed <= seedsMax; seed += 1) {
      const lived = await liveSeed(seed, sabotage)
      if (lived.failures.length === 0) continue
      const { sketch, failures } = await shrinkFailure(lived, sabotage)
      expect(failures.length).toBeGreaterThan(0)
      expect(sketch.fleets.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(
        devicesMax,
      )
      return
    }
    expect.fail(`not found in ${seedsMax} seeds`)
  },
  900_000,
)

test('without sabotage there is nothing to find', async () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const { failures, decisions } = await liveSeed(seed)
    expect(failures, `seed ${seed}`).toEqual([])
    expect(decisions).toBeGreaterThan(50)
  }
}, 300_000)

test('in shards the same world has one log, and its parts that devices meet in are left out', async () => {
  for (let seed = 1; seed <= 3; seed += 1) {
    const { failures, decisions, sketch } = await liveInShards(seed, [1, 3])
    expect(failures, `seed ${seed}`).toEqual([])
    expect(decisions).toBeGreaterThan(50)
    expect(sketch.fleets.some((fleet) => 'onboarding' in fleet)).toBe(false)
  }
}, 300_000)

test('a seed draws one world, another seed another, and each can be read again', () => {
  expect(drawSketch(5)).toEqual(drawSketch(5))
  expect(drawSketch(5)).not.toEqual(drawSketch(6))
  for (let seed = 1; seed <= 100; seed += 1) {
    expect(scenarioOf(drawSketch(seed))?.seed).toBe(seed)
  }
})

function withoutNewLists(edge: InProcessEdge): InProcessEdge {
  const seen = new Set<string>()
  return {
    ...edge,
    publish(name, octets) {
      if (name.startsWith('crl/') && seen.has(name)) return
      seen.add(name)
      edge.publish(name, octets)
    },
  }
}

function anySignature(): NonNullable<VirtualSabotage['verifier']> {
  return { rsaBitsMin: 2048, sha1: 'refuse', verify: () => true }
}

/** Answers again whatever a cookie was answered before, where its certificate has been revoked since. */
function forgivingSessions(edge: InProcessEdge): InProcessEdge {
  const answers = new Map<string, string>()
  return {
    ...edge,
    async fetch(request, facts) {
      const cookie = request.headers.get('cookie')
      const response = await edge.fetch(request, facts)
      if (cookie === null) return response
      const text = await response.clone().text()
      if (response.ok) answers.set(cookie, text)
      const before = answers.get(cookie)
      const isForgiven = before !== undefined && text.includes('"code":"revoked"')
      return isForgiven ? json(before) : response
    },
  }
}

/** Asks once more without the cookie that was another's. */
function unboundSessions(edge: InProcessEdge): InProcessEdge {
  return {
    ...edge,
    async fetch(request, facts) {
      const again = request.clone()
      const response = await edge.fetch(request, facts)
      const text = await response.clone().text()
      if (!text.includes('"code":"session_of_other_certificate"')) return response
      again.headers.delete('cookie')
      return edge.fetch(again, facts)
    },
  }
}

function json(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'application/json' } })
}
