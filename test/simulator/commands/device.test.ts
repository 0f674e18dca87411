import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventColumns } from '#simulator/report/event-log/columns.ts'
import { runCli } from './cli.ts'

const dir = mkdtempSync(join(tmpdir(), 'sallyport-device-'))
const run = join(dir, 'run')
afterAll(() => rmSync(dir, { recursive: true }))

const table = join(dir, 'table')

beforeAll(async () => {
  const small = ['run', 'test/scenarios/small.yaml', '--engine', 'virtual'] as const
  await runCli(...small, '--report', run)
  await runCli(...small, '--report', table, '--shards', '2', '--events', 'parquet')
  writeFileSync(join(dir, 'empty.jsonl'), '')
  writeFileSync(join(dir, 'broken.jsonl'), '{"at":"2027-01-01T00:00:00Z","event":"phase"}\n{"at"')
  writeFileSync(join(dir, 'long.jsonl'), 'x'.repeat(70_000))
  writeFileSync(join(dir, 'broken.parquet'), 'x'.repeat(70_000))
  mkdirSync(join(dir, 'unlogged'))
}, 120_000)

test('a revoked device: certificate, revocation, list, and each attempt as it was judged', async () => {
  const done = await runCli('device', 'meter-0004', '--run', run)
  expect(done.status).toBe(0)
  const told = [
    'got a certificate, serial ',
    'is revoked: keyCompromise',
    'the list that names its certificate is published',
    'refused, revoked',
  ]
  const places = told.map((text) => done.stdout.indexOf(text))
  expect(places).not.toContain(-1)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
}, 20_000)

test('--json: every line of the log that concerns it, and what it says', async () => {
  const done = await runCli('device', 'car-0001', '--run', join(run, 'events.jsonl'), '--json')
  const story: unknown = JSON.parse(done.stdout)
  expect(story).toMatchObject({ device: 'car-0001' })
  expect(done.stdout).toContain('"told": "is back after ')
}, 20_000)

test('threads that write a table, life by life, tell the same story as a log in order of time', async () => {
  const [together, apart] = await Promise.all([
    runCli('device', 'meter-0004', '--run', run),
    runCli('device', 'meter-0004', '--run', table),
  ])
  expect(apart.status).toBe(0)
  expect(comparable(apart.stdout)).toEqual(comparable(together.stdout))
  expect(comparable(apart.stdout).length).toBeGreaterThan(10)
}, 20_000)

/** Whether a session begins or goes on is not the same in both engines; nor are counts of it. */
function comparable(story: string): readonly string[] {
  return story
    .split('\n')
    .filter((line) => !line.includes('within a bound'))
    .map((line) =>
      line.replace(/, (session cookie issued|by its session cookie)|\(\d+ times.*/, ''),
    )
}

test('every fact of a log has a column of its own where it is written as a table', () => {
  const columns = new Set<string>(eventColumns.map(({ key }) => key))
  const log = readFileSync(join(run, 'events.jsonl'), 'utf8').trim().split('\n')
  const keys = new Set(log.flatMap((line) => Object.keys(JSON.parse(line) as object)))
  expect(keys.size).toBeGreaterThan(15)
  expect([...keys].filter((key) => !columns.has(key))).toEqual([])
})

const unusable = [
  { name: 'other zeros', args: ['car-1', '--run', run], says: 'perhaps car-0001' },
  { name: 'a slip', args: ['cra-0001', '--run', run], says: 'perhaps car-0001' },
  { name: 'nothing like it', args: ['banana', '--run', run], says: 'others: like car-0001' },
  {
    name: 'no run',
    args: ['car-0001', '--run', join(dir, 'none')],
    says: 'none: there is no such file',
  },
  {
    name: 'an empty log',
    args: ['car-0001', '--run', join(dir, 'empty.jsonl')],
    says: 'is empty',
  },
  {
    name: 'a run that kept no log',
    args: ['car-0001', '--run', join(dir, 'unlogged')],
    says: '--events jsonl or with fewer --devices',
  },
  {
    name: 'a table that is none',
    args: ['car-0001', '--run', join(dir, 'broken.parquet')],
    says: 'cannot read the event log of a run: parquet file invalid',
  },
  {
    name: 'a log cut short',
    args: ['car-0001', '--run', join(dir, 'broken.jsonl')],
    says: 'broken.jsonl:2: not a line of an event log',
  },
  {
    name: 'one endless line',
    args: ['car-0001', '--run', join(dir, 'long.jsonl')],
    says: 'longer than 65536 characters',
  },
  { name: 'no name', args: [], says: "missing required argument 'id'" },
]

test.each(unusable)(
  '$name: status 2',
  async ({ args, says }) => {
    const done = await runCli('device', ...args)
    expect(done.stderr).toContain(says)
    expect(done.status).toBe(2)
  },
  20_000,
)
