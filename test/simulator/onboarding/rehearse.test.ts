import { expect, test, vi } from 'vitest'
import { toBase64 } from '#shared/bytes.ts'
import { openVirtualEdge } from '#simulator/onboarding/edge.ts'
import { overTls } from '#simulator/onboarding/over-tls.ts'
import { hourMs, minimumOf, planOf, safeOutageMs } from '#simulator/onboarding/plan.ts'
import { rehearse, type OpenEdge } from '#simulator/onboarding/rehearse.ts'

// Enrolments by the hundred: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

test('the rehearsed outage lies just inside the safe one', () => {
  const plan = planOf(1, 1)
  // (1 - 0.5 - 0.05) * 45 h, less two back-offs of 4 h, one for an answer that is lost, and a minute of Retry-After
  expect(safeOutageMs(plan)).toBeCloseTo(12.25 * hourMs - 60_000)
  expect(plan.outage.forMs).toBeLessThan(safeOutageMs(plan))
})

test.each([
  [1, 1],
  [999, 4],
  [1000, 5],
  [100_000, 500],
])('of %i devices at least %i come back expired by token', (devices, minimum) => {
  expect(minimumOf('renewed_after_expiry_by_token', devices)).toBe(minimum)
})

/** Every device hostile once, and many away: each kind of event in a small fleet. */
function busyPlan(devices: number) {
  const plan = planOf(7, devices)
  return { ...plan, rates: { ...plan.rates, hostile: 1, away: 0.4, lapse: 0.3 } }
}

test('a fleet in virtual time: every rule holds, whatever is lost, doubled, crossed or forged', async () => {
  const rehearsal = await rehearse(busyPlan(80), openVirtualEdge)
  expect(rehearsal).toMatchObject({ told: [], violations: {}, lostService: 0, active: 80 })
  expect(rehearsal.events.hostile).toBeGreaterThan(70)
  const seen = Object.keys(rehearsal.events)
  expect(seen).toEqual(
    expect.arrayContaining(['crossed', 'duplicate', 'lapsed_and_enrolled_again', 'told_later']),
  )
})

test('a seed is a run', async () => {
  const [first, again] = [
    await rehearse(busyPlan(30), openVirtualEdge),
    await rehearse(busyPlan(30), openVirtualEdge),
  ]
  expect(again.events).toEqual(first.events)
  expect(again.requests).toBe(first.requests)
})

test('a CA that is away for longer than is safe costs devices their service', async () => {
  const plan = planOf(7, 40)
  const long = { ...plan, outage: { ...plan.outage, forMs: 30 * hourMs } }
  const rehearsal = await rehearse(long, openVirtualEdge)
  expect(rehearsal.lostService).toBeGreaterThan(10)
  expect(rehearsal.violations['service_without_gap']).toBeUndefined()
})

test('a run in which too little happened has not passed', async () => {
  const plan = planOf(7, 10)
  const quiet = { ...plan, rates: { ...plan.rates, hostile: 0, crossed: 0 } }
  const rehearsal = await rehearse(quiet, openVirtualEdge)
  const kinds = rehearsal.missing.map(({ kind }) => kind)
  expect(kinds).toEqual(expect.arrayContaining(['hostile', 'crossed']))
  expect(rehearsal.passed).toBe(false)
})

/** An edge that refuses, and says another reason. */
const miscoded: OpenEdge = async (options) => {
  const edge = await openVirtualEdge(options)
  return {
    ...edge,
    door: {
      ...edge.door,
      async ask(question) {
        const answer = await edge.door.ask(question)
        return answer.status === 403 || answer.status === 400
          ? { ...answer, text: 'other: a code that nobody wanted' }
          : answer
      },
    },
  }
}

test('a refusal by another code is not the one that was wanted', async () => {
  const rehearsal = await rehearse(busyPlan(20), miscoded)
  expect(rehearsal.violations.hostile_request_refused).toBeGreaterThan(0)
  expect(rehearsal.passed).toBe(false)
})

/** An edge that signs a second time what was signed before, as one without a registry would. */
const forgetful: OpenEdge = async (options) => {
  const edge = await openVirtualEdge(options)
  return {
    ...edge,
    door: {
      ...edge.door,
      async ask(question) {
        const answer = await edge.door.ask(question)
        if (answer.status !== 200) return answer
        const init = { method: 'POST', body: toBase64(question.request) }
        const signed = await options.askCa(new Request('https://ca.example', init))
        return { ...answer, text: await signed.text() }
      },
    },
  }
}

test('an edge that signs a request twice is found out', async () => {
  const { violations, passed } = await rehearse(busyPlan(30), forgetful)
  expect(violations.one_request_one_certificate).toBeGreaterThan(0)
  expect(violations.one_live_certificate_per_key).toBeGreaterThan(0)
  expect(passed).toBe(false)
})

test('the same lives over real TLS', async () => {
  const rehearsal = await rehearse(busyPlan(12), overTls(Date.now()))
  expect(rehearsal).toMatchObject({ told: [], violations: {}, lostService: 0, active: 12 })
})
