import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { childrenOf, runCli, startCli } from './cli.ts'

const small = 'test/scenarios/small.yaml'
const dir = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
afterAll(() => rmSync(dir, { recursive: true }))

const report = (name: string): readonly string[] => ['--report', join(dir, name)]

test('a run ends with a report, an event log and status 0', async () => {
  const done = await runCli('run', small, '--days', '3', ...report('good'))
  expect(done.stdout).toMatch(/PASS {2}\d+ decisions, each as the ledger says/)
  expect(done.status).toBe(0)
  expect(existsSync(join(dir, 'good', 'report.html'))).toBe(true)
  expect(
    readFileSync(join(dir, 'good', 'events.jsonl'), 'utf8').split('\n').length,
  ).toBeGreaterThan(100)
}, 60_000)

test('--json prints the result and nothing else', async () => {
  const done = await runCli(
    'run',
    small,
    '--days',
    '1',
    '--mode',
    'verify',
    '--json',
    ...report('json'),
  )
  expect(JSON.parse(done.stdout)).toMatchObject({ ended: 'complete', devices: 18 })
}, 60_000)

test('Ctrl-C: the report is still written, status 130, nothing left running', async () => {
  const cli = startCli('run', small, ...report('interrupted'))
  await cli.said('accepted')
  cli.process.kill('SIGINT')
  const done = await cli.ended
  expect(done.status).toBe(130)
  expect(done.stderr).toContain('the report of what happened so far is being written')
  expect(done.stdout).toContain('The run was interrupted before its end')
  expect(existsSync(join(dir, 'interrupted', 'report.html'))).toBe(true)
  expect(childrenOf(cli.process.pid, 'workerd')).toEqual([])
}, 60_000)

test('a worker that dies: said in words, the report is written, nothing left running', async () => {
  const cli = startCli('run', small, ...report('died'))
  await cli.said('accepted')
  const [workerd] = childrenOf(cli.process.pid, 'workerd')
  if (workerd === undefined) throw new Error('the run has no workerd')
  process.kill(workerd, 'SIGKILL')
  const done = await cli.ended
  expect(done.status).toBe(1)
  expect(done.stdout).toContain('the edge worker has stopped')
  expect(done.stdout.trimEnd().split('\n').at(-1)).toBe(
    `npm run sallyport -- run ${small} --seed 7`,
  )
  expect(existsSync(join(dir, 'died', 'report.json'))).toBe(true)
}, 60_000)

test('a port in use is named', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const done = await runCli('run', small, '--port', String(port), ...report('port'))
  server.close()
  expect(done.status).toBe(2)
  expect(done.stderr).toContain(`port ${port} on 127.0.0.1 is in use`)
}, 60_000)

const badScenarios = [
  {
    name: 'an unknown key',
    yaml: 'seeed: 3',
    says: /:2:1: seeed: found the unknown key "seeed", expected perhaps "seed"/,
  },
  {
    name: 'a wrong unit',
    yaml: 'time: { start: 2027-01-01T00:00:00Z, duration: 3 fortnights }',
    says: /:2:48: time\.duration: found "3 fortnights", expected a duration with units/,
  },
  {
    name: 'a negative count',
    yaml: 'fleets: [{ kind: car, count: -3 }]',
    says: /:2:30: fleets\[0\]\.count: found -3, expected a whole number of at least 0/,
  },
  { name: 'no YAML', yaml: 'a: [', says: /:\d+:\d+: / },
]

test.each(badScenarios)(
  'a scenario with $name: file, line and what was expected',
  async ({ yaml, says }) => {
    const file = join(dir, 'bad.yaml')
    writeFileSync(file, `version: 1\n${yaml}\n`)
    const done = await runCli('run', file)
    expect(done.stderr).toMatch(says)
    expect(done.stderr).toContain(file)
    expect(done.status).toBe(2)
  },
  20_000,
)

const badUsages = [
  { args: ['run'], says: "missing required argument 'file'" },
  { args: ['run', 'nowhere.yaml'], says: 'nowhere.yaml' },
  { args: ['run', small, '--devices', '0'], says: 'expected a whole number of at least 1' },
  { args: ['run', small, '--mode', 'off'], says: 'verify, passthrough' },
  { args: ['run', small, '--target', 'http://127.0.0.1'], says: 'expected an https URL' },
  { args: ['frobnicate'], says: "unknown command 'frobnicate'" },
]

test.each(badUsages)(
  '$args cannot be used: status 2',
  async ({ args, says }) => {
    const done = await runCli(...args)
    expect(done.stderr).toContain(says)
    expect(done.status).toBe(2)
  },
  20_000,
)

test.each([[], ['run'], ['verify']])(
  '%s --help',
  async (...command) => {
    const done = await runCli(...command, '--help')
    expect(done.stdout).toContain('Usage: sallyport')
    expect(done.status).toBe(0)
  },
  20_000,
)
