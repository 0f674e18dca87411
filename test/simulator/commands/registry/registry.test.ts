import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { instantFromMs } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { createCa, factoryCertificate, newKeys } from '../../../interop/est/devices.ts'
import { runCli, startCli, type CliResult, type RunningCli } from '../cli.ts'

// A process takes a second to start, and longer where much runs beside it.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let directory: string
let serving: RunningCli

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-registry-cli-'))
  serving = startCli('trust-store', 'serve', '--local', local(), '--listen', '127.0.0.1:0')
  await serving.said('listening on ')
})
afterAll(async () => {
  serving.process.kill('SIGTERM')
  await serving.ended
  await rm(directory, { recursive: true })
})

const local = (): string => join(directory, 'control')

const registry = (...args: readonly string[]): Promise<CliResult> =>
  runCli('registry', ...args, '--local', local())

test('devices come in, each line that is not taken is told, and all go out again', async () => {
  const file = join(directory, 'devices.jsonl')
  const lines = ['{"name": "car-1", "classes": ["model:x"]}', '', 'car-2', '{"name": "bad name"}']
  await writeFile(file, [...lines, '{"nam": 1}', '{"name": "car-3"}'].join('\n'))
  const brought = await registry('import', file)
  expect(brought.stdout).toBe('2 added, 1 name malformed\n')
  expect(brought.stderr).toContain('line 3: expected one JSON object a line\n')
  expect(brought.stderr).toContain('line 4: name malformed\n')
  expect(brought.stderr).toMatch(/line 5: request malformed: devices\.0\.name/)
  expect(brought.status).toBe(1)
  const out = join(directory, 'out.jsonl')
  expect(await registry('export', out)).toMatchObject({ status: 0 })
  const names = (await readFile(out, 'utf8')).trim().split('\n')
  expect(names.map((line) => (JSON.parse(line) as { name: string }).name)).toEqual([
    'car-1',
    'car-3',
  ])
  expect((await registry('import', out)).stdout).toBe('2 known\n')
})

test('a device is suspended, and shown with who did it', async () => {
  expect(await registry('suspend', 'car-1', '--because', 'a doubt')).toMatchObject({
    status: 0,
    stdout: 'car-1: suspended\n',
  })
  const shown = await registry('show', 'car-1')
  expect(shown.stdout).toMatch(/suspended +admin +a doubt\n/)
  const nobody = await registry('suspend', 'nobody', '--because', 'a doubt')
  expect(nobody).toMatchObject({
    status: 1,
    stderr: 'sallyport: device not found: there is no device nobody\n',
  })
})

test('what ends for good is asked about, and nothing is done where nobody can be asked', async () => {
  expect(await registry('revoke', 'car-1', '--because', 'stolen')).toMatchObject({ status: 2 })
  expect(await registry('revoke', 'car-1', '--because', 'stolen', '--yes')).toMatchObject({
    status: 0,
  })
})

test('a claim’s token goes to standard output alone', async () => {
  const claim = await registry('claim', '--quota', '3', '--for', '7d')
  expect(claim.stdout).toMatch(/^sallyport_claim_[\w-]{43}\n$/)
  expect(claim.stderr).toMatch(/^claim [0-9a-f]{16} for 3 keys, until /)
  const listed = await registry('claims')
  expect(listed.stdout).toMatch(/any +0 of 3 +0 /)
  expect((await registry('claim', '--for', 'a week')).status).toBe(2)
})

test('a CA is registered with a rule for first connections, which is changed', async () => {
  const now = instantFromMs(Date.now())
  const ca = await createCa('Factory CA', now)
  const nonce = (await registry('challenge')).stdout.trim()
  const proof = await factoryCertificate(ca, `CN=${nonce}`, await newKeys(), now)
  const [pem, proofPem] = [join(directory, 'ca.pem'), join(directory, 'proof.pem')]
  await writeFile(pem, ca.pem)
  await writeFile(proofPem, encodePem('CERTIFICATE', proof))
  const rule = ['--first-connection', 'pending', '--first-connections-max', '5']
  const registered = await registry('register-ca', pem, '--proof', proofPem, ...rule)
  expect(registered.stdout).toMatch(/^[0-9a-f]{64} {2}CN=Factory CA\n$/)
  expect((await registry('cas')).stdout).toMatch(/automatic +pending, 0 of 5 +CN=Factory CA\n/)
  const key = registered.stdout.slice(0, 64)
  expect(await registry('change-ca', key, '--first-connection', 'active')).toMatchObject({
    status: 0,
    stdout: 'CN=Factory CA: active, 0 of 5\n',
  })
  expect((await registry('change-ca', key, '--first-connections-max', '-1')).status).toBe(2)
  expect((await registry('change-ca', key)).stderr).toContain('expected something to change')
})

test.each([[['--help']], [['suspend', '--help']]])('%j tells how', async (args) => {
  const help = await runCli('registry', ...args)
  expect(help).toMatchObject({ status: 0, stdout: expect.stringContaining('Usage: ') })
})
