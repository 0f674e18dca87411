import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runCli } from './cli.ts'

const folder = 'simulator/scenarios'
const dir = mkdtempSync(join(tmpdir(), 'sallyport-scenario-'))
afterAll(() => rmSync(dir, { recursive: true }))

test('check: every fault of every file by file, line and key; status 2', async () => {
  const bad = join(dir, 'bad.yaml')
  const text = readFileSync(`${folder}/quickstart.yaml`, 'utf8')
  writeFileSync(bad, text.replace('duration: 90d', 'duration: 90 d'))
  const missing = join(dir, 'missing.yaml')
  const done = await runCli('scenario', 'check', `${folder}/quickstart.yaml`, bad, missing)
  expect(done.status).toBe(2)
  expect(done.stdout).toBe(`${folder}/quickstart.yaml: good\n`)
  expect(done.stderr).toContain(
    `${bad}:15:13: time.duration: found "90 d", expected a duration with units`,
  )
  expect(done.stderr).toContain(missing)
}, 60_000)

test('explain: fleets with their arithmetic, outages, timeline and what has to be shown', async () => {
  const done = await runCli('scenario', 'explain', `${folder}/istio-ca-outage.yaml`)
  expect(done.status).toBe(0)
  for (const told of [
    'istio-ca-outage, seed 23: 200 devices, 3d from 2027-01-01 00:00:00 UTC, a tick of 1m.',
    'pod        200           1d  0.5 ± 0.01     0.00463  11 h 46 min      0.0278',
    'CA gone for 11 h: 183 renewals of kind pod fall due in it, 0 certificates end; within the safe outage.',
    '  2027-01-02 06:00:00  +1 d 6 h  the CA is gone for 11h',
    '  renewed at least 800',
  ]) {
    expect(done.stdout).toContain(`${told}\n`)
  }
}, 60_000)

test('explain takes the measures that run takes', async () => {
  const done = await runCli(
    'scenario',
    'explain',
    `${folder}/mass-revocation.yaml`,
    '--scale',
    '0.001',
  )
  expect(done.stdout).toContain('50 of kind gateway revoked (keyCompromise)')
}, 60_000)

test('explain: lists that stop, and what the policy makes of it', async () => {
  const done = await runCli('scenario', 'explain', `${folder}/crl-publisher-dead.yaml`)
  expect(done.stdout).toContain(
    'Lists stop at 2027-01-02 01:00:00: the last one outlives the outage.',
  )
  expect(done.stdout).toContain(
    'Lists stop at 2027-01-05 01:00:00: from 2027-01-07 12:00:00 to 2027-01-08 01:00:00 they are stale, and everybody is refused.',
  )
}, 60_000)

test('schema prints what is shipped', async () => {
  const done = await runCli('scenario', 'schema')
  expect(done.stdout).toBe(readFileSync(`${folder}/scenario.schema.json`, 'utf8'))
}, 60_000)
