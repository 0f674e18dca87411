import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runLocally } from '#simulator/engine/run.ts'
import { runVirtually } from '#simulator/engine/virtual/run-virtually.ts'
import { scenarioOf } from '../scenario/minimal.ts'

// What the edge says of a bucket that it cannot reach is part of the play.
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterAll(() => void vi.restoreAllMocks())

/**
 * What was decided. How many cookies were new is another matter: the buckets differ in whether a list
 * that is written again is a new version, and with a new version cookies are made anew.
 */
function decidedBy(counters: Readonly<Record<string, number>>) {
  return Object.fromEntries(Object.entries(counters).filter(([name]) => isDecision(name)))
}

function isDecision(name: string): boolean {
  return ['decisions', 'accepted', 'either'].includes(name) || name.startsWith('refused')
}

const file = 'test/scenarios/faults.yaml'

test('every stranger, clocks that jump, a bucket out of reach and deltas: both engines decide alike, and rightly', async () => {
  const options = {
    scenario: scenarioOf(readFileSync(file, 'utf8')),
    file,
    replay: '',
    signal: new AbortController().signal,
    onProgress: () => {},
  }
  const wire = await runLocally({ ...options, port: 0 })
  const virtual = await runVirtually(options)
  expect(wire.result.failures).toEqual([])
  expect(virtual.result.failures).toEqual([])
  const { counters, phases } = virtual.result
  expect(decidedBy(wire.result.counters)).toEqual(decidedBy(counters))
  // A broker there is over real sockets alone.
  const { messages_retained: retained, wills_delivered: wills } = wire.result.counters
  expect(retained).toBeGreaterThan(50)
  expect(wills).toBeGreaterThan(0)
  expect(wire.result.phases.map(({ intents }) => intents)).toEqual(
    phases.map(({ intents }) => intents),
  )
}, 600_000)
