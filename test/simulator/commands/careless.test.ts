import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { runCli, startCli } from './cli.ts'

const dir = mkdtempSync(join(tmpdir(), 'sallyport-careless-'))
afterAll(() => rmSync(dir, { recursive: true }))

const path = (name: string): string => join(dir, name)
const small = 'test/scenarios/small.yaml'

const folder = path('folder')
mkdirSync(folder)
/** Of a private key's file the second line is what nobody should see again. */
const secret = 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg'
const keyFile = path('car.key')
writeFileSync(keyFile, `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`)
const hugeFile = path('huge.yaml')
writeFileSync(hugeFile, 'a'.repeat(1024 * 1024 + 1))

const missing = path('missing')

const readers = [
  { command: 'scenario check', args: (file: string) => ['scenario', 'check', file] },
  { command: 'run', args: (file: string) => ['run', file] },
  { command: 'verify', args: (file: string) => ['verify', '--trust', file, file] },
  { command: 'verify --batch', args: (file: string) => ['verify', '--batch', file] },
  { command: 'inspect', args: inspectArgs },
  { command: 'inspect --batch', args: (file: string) => ['inspect', '--batch', file] },
  {
    command: 'onboard check --deny-list',
    args: (file: string) => ['onboard', 'check', small, '--deny-list', file],
  },
]

function inspectArgs(file: string): readonly string[] {
  return ['inspect', '--platform', 'nginx', '--headers', file]
}

describe('a file that cannot be read is named, with status 2', () => {
  test.each(readers)('$command: a directory', async ({ args }) => {
    const done = await runCli(...args(folder))
    expect(done.stderr).toContain(`${folder}: this is a directory, and a file was expected`)
    expect(done.status).toBe(2)
  })

  test.each(readers)('$command: one that is not there', async ({ args }) => {
    const done = await runCli(...args(missing))
    expect(done.stderr).toContain(`${missing}: there is no such file`)
    expect(done.status).toBe(2)
  })

  test.each([
    { command: 'scenario check', args: ['scenario', 'check', hugeFile] },
    {
      command: 'onboard check --profile',
      args: ['onboard', 'check', small, '--profile', hugeFile],
    },
  ])('$command: far too large for what people write', async ({ args }) => {
    const done = await runCli(...args)
    expect(done.stderr).toContain(`${hugeFile}: more than 1048576 octets`)
    expect(done.status).toBe(2)
  })
})

test.each([
  { command: 'verify --batch', args: ['verify', '--batch', keyFile] },
  { command: 'inspect --batch', args: ['inspect', '--batch', keyFile] },
  { command: 'onboard check --jsonl', args: ['onboard', 'check', '--jsonl', keyFile] },
])('$command: a private key in place of cases is not quoted', async ({ args }) => {
  const done = await runCli(...args)
  expect(done.stdout).toContain("this is not JSON: Unexpected token 'M'")
  expect(`${done.stdout}${done.stderr}`).not.toContain(secret.slice(0, 4))
  expect(done.status).toBe(2)
})

test('scenario check: a private key in place of a scenario is not quoted', async () => {
  const done = await runCli('scenario', 'check', keyFile)
  expect(done.stderr).toContain(`${keyFile}:1:1: found a text, expected a mapping`)
  expect(`${done.stdout}${done.stderr}`).not.toContain(secret.slice(0, 4))
  expect(done.status).toBe(2)
})

const refusedRuns = [
  {
    name: 'a report that has no place',
    args: ['--report', keyFile],
    says: `cannot write the report into the directory ${keyFile}`,
  },
  { name: 'more devices than memory holds', args: ['--devices', '10000001'], says: '10,000,000' },
  { name: 'a port that is none', args: ['--port', '65536'], says: 'from 0 to 65535' },
  { name: 'the same of the dashboard', args: ['--dashboard', '65536'], says: 'from 0 to 65535' },
]

test.each(refusedRuns)('run: $name: told before the run, status 2', async ({ args, says }) => {
  const done = await runCli('run', small, '--report', path('none'), ...args)
  expect(done.stderr).toContain(says)
  expect(done.stderr).not.toContain('starting')
  expect(done.status).toBe(2)
})

test('output that nobody reads on ends the command in silence, with the status of SIGPIPE', async () => {
  const line = `${JSON.stringify({ csr: 'AAAA' })}\n`
  const file = path('many.jsonl')
  writeFileSync(file, line.repeat(20_000))
  const command = fileURLToPath(new URL('../../../simulator/sallyport.js', import.meta.url))
  const args = [command, 'onboard', 'check', file, '--format', 'jsonl']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [status] = (await once(child, 'close')) as [number | null]
  expect([status, stderr]).toEqual([141, ''])
})

test('soak: a signal has it say how far it came', async () => {
  const cli = startCli('soak', '--seeds', '100000', '--threads', '1', '--out', path('soak'))
  await cli.said('50 of 100000 worlds')
  cli.process.kill('SIGTERM')
  const done = await cli.ended
  expect(done.stderr).toMatch(/interrupted: \d+ of 100000 worlds were lived/)
  expect([done.status, done.stdout, existsSync(path('soak'))]).toEqual([130, '', false])
})
