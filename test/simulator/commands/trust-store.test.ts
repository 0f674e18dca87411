import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readTokens } from '#edge/control/tokens.ts'
import { withExits } from '#simulator/commands/options.ts'
import { trustStoreCommand } from '#simulator/commands/trust-store/trust-store.ts'
import { createPauses } from '#simulator/commands/trust-store/watch.ts'
import { plain, table } from '#simulator/commands/trust-store/print.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { instantFromMs } from '#shared/time.ts'
import { createDirectoryPki, valueOf, type DirectoryPki } from '../../runtime/directory-pki.ts'
import { dayMs } from '../../runtime/given.ts'
import { runCli, startCli, type CliResult, type RunningCli } from './cli.ts'

// A process takes a second to start, and longer where much runs beside it.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let pki: DirectoryPki
let device: DeviceCredential
let directory: string
let serving: RunningCli
/** Where a list is published: `published.crl` of the PKI's directory, or nothing. */
let publisher: Server
let published: string

beforeAll(async () => {
  pki = await createDirectoryPki(Date.now())
  device = await pki.issue('car-1')
  await pki.put('car-1.pem', toUtf8(device.chainPem))
  directory = await mkdtemp(join(tmpdir(), 'sallyport-control-'))
  publisher = createServer((_request, response) => {
    readFile(inside('published.crl')).then(
      (octets) => response.end(octets),
      () => response.writeHead(404).end(),
    )
  }).listen(0, '127.0.0.1')
  await once(publisher, 'listening')
  const host = `127.0.0.1:${(publisher.address() as AddressInfo).port}`
  published = `http://${host}/root.crl`
  process.env['SALLYPORT_SOURCES_OPEN_HOSTS'] = host
  serving = startCli('trust-store', 'serve', '--local', local(), '--listen', '127.0.0.1:0')
  await serving.said('listening on ')
  const made = await trustStore('create', 'cars', '--bundle', inside('anchors.pem'))
  if (made.stdout !== 'cars: made, epoch 1\n') throw new Error(made.stderr)
})
afterAll(async () => {
  delete process.env['SALLYPORT_SOURCES_OPEN_HOSTS']
  publisher.close()
  serving.process.kill('SIGTERM')
  await serving.ended
  await Promise.all([pki.remove(), rm(directory, { recursive: true })])
})

const inside = (name: string): string => join(pki.directory, name)
const local = (): string => join(directory, 'control')

class Exited extends Error {
  readonly status: number

  constructor(status: unknown) {
    super(`exit ${String(status)}`)
    this.status = Number(status)
  }
}

/** The command in this process: one of its own takes a second, and there are many here. */
async function trustStore(command: string, ...args: readonly string[]): Promise<CliResult> {
  const said = { stdout: '', stderr: '' }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      said.stdout += String(text)
      return true
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said.stderr += String(text)
      return true
    }),
    vi.spyOn(console, 'error').mockImplementation((text) => {
      said.stderr += `${String(text)}\n`
    }),
    vi.spyOn(process, 'exit').mockImplementation((status) => {
      throw new Exited(status)
    }),
  ]
  try {
    const where = ['--local', local()]
    const target = command === 'source' ? [] : where
    await withExits(trustStoreCommand()).parseAsync([command, ...target, ...args], { from: 'user' })
    return { status: Number(process.exitCode ?? 0), ...said }
  } catch (error) {
    if (error instanceof Exited) return { status: error.status, ...said }
    throw error
  } finally {
    process.exitCode = undefined
    for (const spy of spies) spy.mockRestore()
  }
}

/** Resolves once standard output has said this. */
async function prints({ process: { stdout }, ended }: RunningCli, text: string): Promise<void> {
  if (stdout === null) throw new Error('its standard output goes elsewhere')
  let printed = ''
  stdout.on('data', (chunk: unknown) => (printed += String(chunk)))
  while (!printed.includes(text)) await Promise.race([once(stdout, 'data'), ended])
}

async function shown(): Promise<unknown> {
  return JSON.parse((await trustStore('show', 'cars', '--json')).stdout)
}

test('the first start makes tokens that only their owner can read; the API knows their digests alone', async () => {
  for (const file of ['admin.token', 'read.token', 'tokens.json']) {
    expect((await stat(join(local(), file))).mode & 0o777).toBe(0o600)
  }
  const entries = await readFile(join(local(), 'tokens.json'), 'utf8')
  expect(valueOf(readTokens(entries)).map(({ name }) => name)).toEqual(['admin', 'gateway'])
  const token = (await readFile(join(local(), 'admin.token'), 'utf8')).trim()
  expect(entries).not.toContain(token)
})

test('a certificate is revoked by its file, shown, watched, and restored with a word', async () => {
  const watching = startCli('trust-store', 'watch', 'cars', '--local', local(), '--every', '0.1')
  const printed = prints(watching, 'restore serials (1)')
  await watching.said('watching cars')
  const revoked = await trustStore(
    'revoke',
    'cars',
    inside('car-1.pem'),
    '--reason',
    'keyCompromise',
  )
  expect(revoked).toMatchObject({ status: 0, stderr: '' })
  expect(revoked.stdout).toMatch(/^cars: epoch \d+, 1 certificate revoked\n$/)
  expect(await shown()).toMatchObject({
    document: { revoked: [{ serial: device.serial, reason: 'keyCompromise' }] },
  })
  const unasked = await trustStore('restore', 'cars', inside('car-1.pem'))
  expect(unasked).toMatchObject({ status: 2, stdout: '' })
  expect(unasked.stderr).toContain('--yes says that it is meant')
  expect(await trustStore('restore', 'cars', inside('car-1.pem'), '--yes')).toMatchObject({
    status: 0,
  })
  expect(await shown()).toMatchObject({ document: { revoked: [] } })
  await printed
  watching.process.kill('SIGINT')
  const watched = await watching.ended
  expect(watched.status).toBe(130)
  expect(watched.stdout).toMatch(/epoch \d+ {2}admin {2}revoke serials \(1\)\n/)
})

test('serials of a file: every line at fault is told, and nothing is sent', async () => {
  const file = inside('serials')
  await writeFile(file, '# stolen in May\n\n0a:ff\nnot one\n0b\n123\n')
  const args = ['cars', '--issuer', inside('intermediates.pem'), '--from', file]
  const refused = await trustStore('revoke', ...args)
  expect(refused).toMatchObject({ status: 2, stdout: '' })
  expect(refused.stderr).toContain(`${file}: line 4: expected a serial`)
  expect(refused.stderr).toContain(`${file}: line 6: expected a serial`)
  expect(refused.stderr).toContain('2 lines are no serials; nothing was sent')
  const lines = Array.from({ length: 1500 }, (_, index) => (index + 0x1000).toString(16))
  await writeFile(file, [...lines, '0a:ff'].join('\n'))
  const sent = await trustStore('revoke', ...args)
  expect(sent).toMatchObject({ status: 0, stderr: '1000 of 1501\n1501 of 1501\n' })
  expect(sent.stdout).toContain('1501 certificates revoked')
  expect(await trustStore('roll-back', 'cars', '1', '--yes')).toMatchObject({ status: 0 })
})

test('lists are added, superseded and taken away; what the gate refuses names the file', async () => {
  const [first, second] = [inside('first.crl'), inside('second.crl')]
  for (const file of [first, second]) {
    const lists = await pki.authority.crls(instantFromMs(Date.now()), dayMs)
    await writeFile(file, lists.find(({ name }) => name === 'root.crl')?.der ?? '')
  }
  expect(await trustStore('add-crl', 'cars', first, '--source', 'by hand')).toMatchObject({
    status: 0,
  })
  const replaced = await trustStore('replace-crl', 'cars', second, '--yes')
  expect(replaced.stderr).toMatch(/second\.crl takes the place of list \d+\.\n$/)
  expect(await shown()).toMatchObject({ document: { lists: [{ source: 'upload' }] } })
  const older = await trustStore('add-crl', 'cars', first)
  expect(older).toMatchObject({ status: 1, stdout: '' })
  expect(older.stderr).toContain(`number not advanced: ${first}: CRL number`)
  const log = await trustStore('audit', 'cars', '--limit', '1')
  expect(log.stdout).toMatch(/refused {2}admin {2}add lists \(1\): number not advanced/)
})

test('doctor finds what will break: severe is 1', async () => {
  const lists = await pki.authority.crls(instantFromMs(Date.now() - 2 * dayMs), dayMs)
  const stale = inside('stale.crl')
  await writeFile(stale, lists.find(({ name }) => name === 'root.crl')?.der ?? '')
  await trustStore('create', 'stale', '--bundle', inside('anchors.pem'), '--crl', stale)
  const found = await trustStore('doctor', 'stale')
  expect(found.status).toBe(1)
  expect(found.stdout).toMatch(/severe: /)
  const deleted = await trustStore('delete', 'stale', '--yes')
  expect(deleted).toMatchObject({ status: 0, stdout: 'stale: deleted\n' })
  expect(deleted.stderr).toContain('refuses every device')
})

test.each([
  ['no store of this name', ['show', 'nope'], 1, 'there is no trust store nope'],
  ['a file that is not there', ['add-crl', 'cars', '/nowhere.crl'], 2, '/nowhere.crl'],
  ['a serial without its issuer', ['revoke', 'cars', '--serial', '0a'], 2, '--issuer <file> goes'],
  ['nothing to revoke', ['revoke', 'cars'], 2, 'expected a certificate'],
  ['nothing to modify', ['modify', 'cars'], 2, 'expected --bundle'],
  ['an epoch that is none', ['roll-back', 'cars', 'x'], 2, 'expected a whole number'],
  ['an address for no token', ['list', '--url', 'http://a.example'], 2, 'expected an https URL'],
  ['an address without a token', ['list', '--url', 'https://a.example'], 2, 'a token is needed'],
  ['nobody there', ['list', '--local', '/nowhere'], 2, 'no control plane runs in /nowhere'],
])('%s', async (_name, [command = '', ...args], status, because) => {
  const result = await trustStore(command, ...args)
  expect(result).toMatchObject({ status, stdout: '' })
  expect(result.stderr).toContain(because)
})

test('create leaves no store behind where a list is refused', async () => {
  const none = inside('none.crl')
  await writeFile(none, '<html>')
  const refused = await trustStore(
    'create',
    'half',
    '--bundle',
    inside('anchors.pem'),
    '--crl',
    none,
  )
  expect(refused).toMatchObject({ status: 1, stdout: '' })
  expect(refused.stderr).toContain(`no store was made: malformed crl: ${none}`)
  expect((await trustStore('list')).stdout).not.toContain('half')
  const missing = [
    'create',
    'half',
    '--bundle',
    inside('anchors.pem'),
    '--crl',
    '/nowhere',
  ] as const
  expect(await trustStore(...missing)).toMatchObject({ status: 2 })
  expect((await trustStore('list')).stdout).not.toContain('half')
})

test('a source is added, fetched, listed and removed with a word', async () => {
  await trustStore('create', 'fed', '--bundle', inside('anchors.pem'))
  const source = (...args: readonly string[]): Promise<CliResult> => {
    const [word = '', ...rest] = args
    return trustStore('source', word, '--local', local(), ...rest)
  }
  const added = await source('add', 'fed', published, '--every', '15m')
  expect(added).toMatchObject({ status: 0, stderr: '' })
  expect(added.stdout).toBe(`source 1: ${published}: not fetched yet\n`)
  const failed = await source('fetch', 'fed', '1')
  expect(failed.status).toBe(1)
  expect(failed.stdout).toContain('failed 1 time in a row')
  const lists = await pki.authority.crls(instantFromMs(Date.now()), dayMs)
  const der = lists.find(({ name }) => name === 'root.crl')?.der ?? ''
  await writeFile(inside('published.crl'), der)
  const taken = await source('fetch', 'fed', '1')
  expect(taken.status).toBe(0)
  expect(taken.stdout).toMatch(/: taken .*, epoch 2\n$/)
  expect((await source('list', 'fed')).stdout).toMatch(/\n1 +url +15m +.*root\.crl +taken /)
  expect((await source('add', 'fed', published)).stderr).toContain('source known')
  expect(await source('add', 'fed', 'http://10.0.0.1/x')).toMatchObject({ status: 1 })
  expect(await source('discover', 'fed')).toMatchObject({ status: 0 })
  expect(await source('remove', 'fed', '1')).toMatchObject({ status: 2, stdout: '' })
  expect((await source('remove', 'fed', '1', '--yes')).stdout).toBe('fed: source 1 removed\n')
  expect((await source('list', 'fed')).stdout).toBe('fed: no sources\n')
  expect(await source('fetch', 'fed', '1')).toMatchObject({ status: 1 })
})

test('a token is shown once, with the entry that lets it in', async () => {
  const args = ['fleet', '--scope', 'read', 'revoke', '--store', 'cars']
  const { status, stdout, stderr } = await runCli('trust-store', 'token', ...args)
  expect(status).toBe(0)
  expect(stdout).toMatch(/^sallyport_[\w-]{43}\n$/)
  const [, entry = ''] = stderr.split('\n')
  expect(valueOf(readTokens(`[${entry}]`))).toMatchObject([
    { name: 'fleet', scopes: ['read', 'revoke'], stores: ['cars'] },
  ])
})

test('one directory is one process: a second one is told', async () => {
  const second = await trustStore('serve', '--listen', '127.0.0.1:0')
  expect(second.status).toBe(2)
  expect(second.stderr).toContain('is open in another process')
})

test('SIGTERM ends it, and its address goes with it', async () => {
  const other = join(directory, 'other')
  const ending = startCli('trust-store', 'serve', '--local', other, '--listen', '127.0.0.1:0')
  await ending.said('listening on ')
  ending.process.kill('SIGTERM')
  expect((await ending.ended).status).toBe(0)
  expect((await trustStore('list', '--local', other)).stderr).toContain('no control plane runs in')
})

test('watch asks less often while nobody answers, and as often as before once somebody does', () => {
  const pauses = createPauses(1000)
  const waited = Array.from({ length: 7 }, () => {
    const ms = pauses.next()
    pauses.failed()
    return ms
  })
  expect(waited).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  expect([pauses.went(), pauses.went(), pauses.next()]).toEqual([true, false, 1000])
})

test("somebody else's text moves no cursor", () => {
  expect(plain('a\u001B[2Jb\r\nc')).toBe('a\uFFFD[2Jb\uFFFD\uFFFDc')
  expect(
    table([
      ['A', 'B'],
      ['long', 'x\u0007'],
    ]),
  ).toBe('A     B\nlong  x\uFFFD\n')
})
