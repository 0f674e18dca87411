import { expect, test } from 'vitest'
import { junitText } from '#simulator/report/junit-text.ts'
import { renderRunJunit } from '#simulator/report/junit.ts'
import { fakeFailure, fakeRun } from './fake-run.ts'

const run = fakeRun({
  wrongAccepts: 0,
  unexplainedRefusals: 0,
  broken: 0,
  wrong: [],
  events: [{ event: 'certificate renewed', count: 3, atLeast: 1 }],
  assertions: [{ assertion: 'renewed at least 3', found: '3', holds: true }],
  exposures: [],
})

test('a case for each invariant, each planned event and each assertion', () => {
  const text = renderRunJunit(run)
  expect(text).toContain('<testsuites tests="8" failures="0" errors="0" time="61.230">')
  expect(text).toContain('<property name="seed" value="42"/>')
  expect(text).toContain('<testcase classname="invariants" name="nobody is let in wrongly"/>')
  expect(text).toContain(
    '<testcase classname="planned events" name="certificate renewed"><system-out>happened 3 times, at least 1 planned</system-out></testcase>',
  )
  expect(text).toContain('<testcase classname="assertions" name="renewed at least 3"><system-out>')
})

const failing = [
  { name: 'a wrong accept', change: { wrongAccepts: 1 }, says: 'nobody is let in wrongly' },
  {
    name: 'an unexplained refusal',
    change: { unexplainedRefusals: 1 },
    says: 'nobody is refused without a reason',
  },
  { name: 'no decision', change: { broken: 1 }, says: 'every attempt is decided' },
  { name: 'nothing decided', change: { decisions: 0 }, says: 'something is decided' },
  {
    name: 'an event that never happened',
    change: { events: [{ event: 'certificate renewed', count: 0, atLeast: 1 }] },
    says: 'certificate renewed',
  },
  {
    name: 'an assertion that does not hold',
    change: { assertions: [{ assertion: 'renewed at least 3', found: '2', holds: false }] },
    says: 'renewed at least 3',
  },
] as const

test.each(failing)('$name fails its case alone', ({ change, says }) => {
  const text = renderRunJunit({ ...run, ...change })
  expect(text).toContain('failures="1"')
  expect(text.split('\n').find((line) => line.includes('<failure '))).toContain(`name="${says}"`)
})

test.each([
  { name: 'at the bound', overMs: 0, failures: 0 },
  { name: 'above it', overMs: 1, failures: 1 },
])('exposure $name', ({ overMs, failures }) => {
  const [exposure] = fakeRun().exposures
  if (exposure === undefined) throw new Error('the run has no exposure')
  const exposureMs = run.scenario.maxStalenessMs + overMs
  const text = renderRunJunit({ ...run, exposures: [{ ...exposure, exposureMs }] })
  expect(text).toContain(`failures="${failures}"`)
})

test('of half a run only its end is held against it; what it was not there for is skipped', () => {
  const events = [{ event: 'certificate renewed', count: 0, atLeast: 1 }]
  const text = renderRunJunit({ ...run, ended: 'interrupted', events })
  expect(text).toContain('<testsuites tests="8" failures="1" errors="0" skipped="2" ')
})

test('the stories of what was wrong stand in its case, and what names say is text', () => {
  const text = renderRunJunit(fakeFailure())
  expect(text).toContain('Wrong accept: car-0017, attempt 9120. ')
  expect(text).toContain('&lt;/script&gt;')
  expect(text).not.toContain('<script>')
})

test('what XML cannot hold is replaced', () => {
  const text = junitText({ name: 'a\u0000"<\n', cases: [] })
  expect(text).toContain('<testsuite name="a\uFFFD&quot;&lt; " tests="0"')
})
