import { expect, test } from 'vitest'
import { renderMetrics } from '#simulator/report/metrics.ts'
import { fakeFailure, fakeRun } from './fake-run.ts'

const run = fakeRun()

test('one HELP and one TYPE for each family, and every sample bears the scenario', () => {
  const lines = renderMetrics(run).trimEnd().split('\n')
  const types = lines.filter((line) => line.startsWith('# TYPE '))
  expect(new Set(types).size).toBe(types.length)
  const samples = lines.filter((line) => !line.startsWith('#'))
  const form = /^sallyport_run_\w+\{scenario="quickstart"[^}]*\} -?[\d.e+-]+$/
  expect(samples.filter((line) => !form.test(line))).toEqual([])
  expect(samples.length).toBeGreaterThan(40)
})

test.each([
  { name: 'the verdict', run, line: 'sallyport_run_passed{scenario="quickstart"} 1' },
  {
    name: 'a wrong accept',
    run: fakeFailure(),
    line: 'sallyport_run_wrong_accepts{scenario="quickstart"} 1',
  },
  {
    name: 'latency, in seconds',
    run: { ...run, latency: { count: 1, p50: 2, p90: 3, p99: 1500, max: 2000 } },
    line: 'sallyport_run_latency_seconds{scenario="quickstart",phase="",quantile="0.99"} 1.5',
  },
  {
    name: 'exposure, in seconds',
    run: { ...run, exposureByMeans: { cookie: { tries: 2, exposureMs: 4200 } } },
    line: 'sallyport_run_exposure_seconds{scenario="quickstart",means="cookie"} 4.2',
  },
  {
    name: 'availability',
    run: { ...run, availability: { car: { attempts: 8, accepted: 6 } } },
    line: 'sallyport_run_availability_ratio{scenario="quickstart",kind="car"} 0.75',
  },
  {
    name: 'an assertion with quotes',
    run: { ...run, assertions: [{ assertion: 'a "b"', found: '', holds: false }] },
    line: String.raw`sallyport_run_assertion_holds{scenario="quickstart",assertion="a \"b\""} 0`,
  },
])('$name', ({ run: result, line }) => {
  expect(renderMetrics(result).split('\n')).toContain(line)
})

test('what was not measured is not there', () => {
  const latency = { count: 0, p50: 0, p90: 0, p99: 0, max: 0 }
  const text = renderMetrics({ ...run, latency, phases: [], assertions: [] })
  expect(text).not.toContain('latency_seconds')
  expect(text).not.toContain('assertion_holds')
})
