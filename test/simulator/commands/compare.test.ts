import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { renderJson } from '#simulator/report/json.ts'
import { fakeRun } from '../report/fake-run.ts'
import { runCli } from './cli.ts'

const dir = mkdtempSync(join(tmpdir(), 'sallyport-compare-'))
afterAll(() => rmSync(dir, { recursive: true }))

const run = fakeRun({ wrongAccepts: 0, unexplainedRefusals: 0, broken: 0 })
const good = join(dir, 'good')
const bad = join(dir, 'bad.json')
mkdirSync(good)
writeFileSync(join(good, 'report.json'), renderJson(run))
writeFileSync(bad, renderJson({ ...run, wrongAccepts: 1 }))

const usages = [
  { name: 'a directory and itself', args: [good, good], status: 0, says: 'NOT WORSE' },
  { name: 'one that got worse', args: [good, bad], status: 1, says: '1 wrong accept, where' },
  { name: 'one that got better', args: [bad, good], status: 0, says: '−100 %' },
  { name: 'no such file', args: [good, join(dir, 'none')], status: 2, says: 'none' },
  { name: 'one file alone', args: [good], status: 2, says: "missing required argument 'b'" },
  { name: 'help', args: ['--help'], status: 0, says: 'What counts' },
]

test.each(usages)('$name: status $status', async ({ args, status, says }) => {
  const done = await runCli('compare', ...args)
  expect(done.stdout + done.stderr).toContain(says)
  expect(done.status).toBe(status)
})

test('--json: heads, measures, assertions, settings, what is worse', async () => {
  const done = await runCli('compare', good, bad, '--json')
  expect(JSON.parse(done.stdout)).toMatchObject({
    a: { path: good, seed: 42 },
    b: { path: bad, seed: 42 },
    settings: [],
    worse: ['1 wrong accept, where there were 0.'],
  })
  expect(done.status).toBe(1)
})
