import { assert, asyncProperty, constantFrom, integer, record, tuple } from 'fast-check'
import { expect, test, vi } from 'vitest'
import { shift, type Instant } from '#shared/time.ts'
import { createCrl } from '../crls.ts'
import { sameKeys } from '../keys.ts'
import { createCa, issue, issueCa, noon } from '../pki.ts'
import { decide, runs, strictParty } from './worlds.ts'

/** Hundreds of verifications a test: seconds on a machine that does much else as well. */
vi.setConfig({ testTimeout: 120_000 })

/** From the first second to the last, both part of it. */
interface Window {
  readonly from: Instant
  readonly to: Instant
}

const secondMs = 1000
const hourMs = 3600 * secondMs

const hours = (min: number, max: number) => integer({ min, max }).map((count) => count * hourMs)

/** Most begin before noon and end after it; a few end before, or begin after. */
const windowsAround = record({ before: hours(-2, 24), after: hours(-2, 24) })
  .filter(({ before, after }) => before + after > 0)
  .map(({ before, after }): Window => ({ from: shift(noon, -before), to: shift(noon, after) }))

const keys = await sameKeys('Ed25519')
const root = await createCa({ keys })

/** A path of two with a list of each CA, each with a window of its own. */
async function decideAt(
  now: Instant,
  [ca, leaf, upper, lower]: readonly Window[],
): Promise<string> {
  const issuing = await issueCa(root, { keys, ...validity(ca) })
  const device = await issue(issuing, { keys, ...validity(leaf) })
  const crls = [await createCrl(root, updates(upper)), await createCrl(issuing, updates(lower))]
  const party = await strictParty({ root }, crls, { now })
  return (await decide(device.der, [issuing.der], party)).outcome
}

const always: Window = { from: noon, to: noon }
const validity = ({ from, to } = always) => ({ notBefore: from, notAfter: to })
const updates = ({ from, to } = always) => ({ thisUpdate: from, nextUpdate: to })

const four = tuple(windowsAround, windowsAround, windowsAround, windowsAround)

test('time moved within every validity and freshness window changes nothing; out of one, it refuses', async () => {
  let accepted = 0
  const moved = record({
    windows: four,
    /** Near which border of which window, and how many seconds off; the last is noon. */
    border: constantFrom(...(['from', 'to'] as const)),
    which: integer({ min: 0, max: 3 }),
    off: constantFrom(-hourMs, -secondMs, 0, secondMs, hourMs),
  })
  const holds = asyncProperty(moved, async ({ windows, border, which, off }) => {
    const near = windows[which] ?? always
    const now = shift(near[border], off)
    const isWithin = windows.every(({ from, to }) => now >= from && now <= to)
    if (isWithin) accepted += 1
    expect(await decideAt(now, windows)).toBe(isWithin ? 'accepted' : 'refused')
  })
  await assert(holds, { ...runs, numRuns: 600 })
  expect(accepted).toBeGreaterThan(50)
})
