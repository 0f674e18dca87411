import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toBase64 } from '#shared/bytes.ts'
import { instantFromIso } from '#shared/time.ts'
import { writeCertsOnly } from '#shared/wire/certs-only.ts'
import { p256Keys } from '#simulator/commands/onboard/corpus/keys.ts'
import {
  attribute,
  authority,
  basicConstraints,
  certificate,
  commonName,
  nameOf,
  request,
  stringOf,
} from '#simulator/commands/onboard/corpus/maker.ts'

const run = promisify(execFile)
const script = join(import.meta.dirname, '../../../../simulator/sallyport.js')

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The command as people call it. */
async function onboard(...args: readonly string[]): Promise<Ended> {
  const command = [script, 'onboard', ...args]
  try {
    return { code: 0, ...(await run(process.execPath, command, { cwd: directory })) }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'stdout' in error && 'stderr' in error)) {
      throw error
    }
    return {
      code: Number(error.code),
      stdout: String(error.stdout),
      stderr: String(error.stderr),
    }
  }
}

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onboard-'))
  const hostile = '<b>&"\u0007'
  const now = instantFromIso('2026-11-22T12:00:00Z')
  const ca = { name: nameOf(commonName('CA')), keys: p256Keys() }
  await Promise.all([
    writeFile(join(directory, 'good.csr'), request('good')),
    writeFile(
      join(directory, 'warned.csr'),
      request('warned', { subject: nameOf(attribute('2.5.4.3', stringOf(0x14, 'warned'))) }),
    ),
    writeFile(
      join(directory, 'hostile.csr'),
      request('hostile', {
        subject: nameOf(commonName(hostile)),
        extensions: [basicConstraints(true)],
      }),
    ),
    writeFile(
      join(directory, 'chain.p7c'),
      writeCertsOnly([certificate('a', ca, now), authority(ca, ca, now)]),
    ),
    writeFile(
      join(directory, 'batch.jsonl'),
      ['a', 'b'].map((id) => `${JSON.stringify({ id, csr: toBase64(request(id)) })}\n`).join(''),
    ),
    writeFile(join(directory, 'bad.yaml'), 'version: 1\nname: x\nkyes: {}\n'),
    writeFile(join(directory, 'denied.txt'), '# none\n'),
  ])
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const timeout = 60_000

describe('exit status', { timeout }, () => {
  const cases = [
    { name: 'nothing to object to', args: ['check', 'good.csr', 'batch.jsonl'], code: 0 },
    { name: 'a warning', args: ['check', 'warned.csr'], code: 0 },
    {
      name: 'a warning that fails',
      args: ['check', 'warned.csr', '--fail-on', 'warning'],
      code: 1,
    },
    { name: 'an error', args: ['check', 'good.csr', 'hostile.csr'], code: 1 },
    { name: 'no such file', args: ['check', 'missing.csr'], code: 2 },
    { name: 'no such profile', args: ['check', 'good.csr', '--profile', 'car'], code: 2 },
    {
      name: 'a profile with a slip',
      args: ['check', 'good.csr', '--profile', 'bad.yaml'],
      code: 2,
    },
    {
      name: 'a deny-list of nothing',
      args: ['check', 'good.csr', '--deny-list', 'denied.txt'],
      code: 2,
    },
    { name: 'no instant', args: ['check', 'good.csr', '--now', 'noon'], code: 2 },
    { name: 'a file that is no JSONL', args: ['check', '--jsonl', 'bad.yaml'], code: 2 },
    {
      name: 'issuers that outlive',
      args: ['horizon', 'chain.p7c', '--service-life', '1y'],
      code: 0,
    },
    {
      name: 'issuers that do not',
      args: ['horizon', 'chain.p7c', '--service-life', '15y'],
      code: 1,
    },
    { name: 'no duration', args: ['horizon', 'chain.p7c', '--service-life', 'long'], code: 2 },
  ]

  test.each(cases)('$name: $code', async ({ args, code }) => {
    const ended = await onboard(...args)
    expect({ ...ended, isTold: ended.stderr !== '' }).toMatchObject({ code, isTold: code === 2 })
  })
})

describe('formats', { timeout }, () => {
  test('a table: what was found, counted, and the verdict', async () => {
    const { stdout } = await onboard('check', 'hostile.csr')
    expect(stdout).toMatch(/error +csr\.ca +request\.basicConstraints +cA true/)
    expect(stdout).toMatch(/FAIL {2}1 item against profile device: 1 with errors/)
    expect(stdout).not.toContain('\u0007')
  })

  test('JSON', async () => {
    const { stdout } = await onboard('check', 'hostile.csr', 'good.csr', '--format', 'json')
    expect(JSON.parse(stdout)).toMatchObject({
      profile: 'device',
      checked: 2,
      failed: 1,
      items: { error: 1, clean: 1 },
      results: [{ id: 'hostile.csr', kind: 'request' }],
    })
  })

  test('SARIF 2.1.0: each result has its rule, its level and its place', async () => {
    const { stdout } = await onboard('check', 'hostile.csr', '--format', 'sarif')
    const sarif: unknown = JSON.parse(stdout)
    expect(sarif).toMatchObject({ version: '2.1.0', runs: [{ tool: { driver: {} } }] })
    const { runs } = sarif as {
      runs: [{ tool: { driver: { rules: { id: string }[] } }; results: Record<string, unknown>[] }]
    }
    const [{ tool, results }] = runs
    expect(results.length).toBeGreaterThan(1)
    for (const { ruleId, ruleIndex, level, locations } of results) {
      expect(tool.driver.rules[Number(ruleIndex)]?.id).toBe(ruleId)
      expect(level).toBe('error')
      expect(locations).toMatchObject([
        { physicalLocation: { artifactLocation: { uri: 'hostile.csr' } } },
      ])
    }
  })

  test('JUnit: what a name says is text, and no control character is in it', async () => {
    const { stdout } = await onboard('check', 'hostile.csr', 'good.csr', '--format', 'junit')
    expect(stdout).toContain('<testsuites tests="2" failures="1" errors="0">')
    expect(stdout).toContain('&lt;b&gt;&amp;&quot;')
    // oxlint-disable-next-line no-control-regex -- these are what XML cannot hold
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000B-\u001F]/)
    expect(stdout).not.toContain('<b>')
  })

  test('HTML: what a name says is text, and the page allows no script', async () => {
    const output = join(directory, 'report.html')
    const ended = await onboard('check', 'hostile.csr', '--format', 'html', '--output', output)
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    const page = await readFile(output, 'utf8')
    expect(page).toContain("default-src 'none'")
    expect(page).toContain('&lt;b&gt;&amp;&quot;')
    expect(page).not.toContain('<b>')
  })

  test('JSONL: a line an item, in order', async () => {
    const { stdout } = await onboard('check', 'batch.jsonl', 'good.csr', '--format', 'jsonl')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((each) => JSON.parse(each) as unknown)).toMatchObject([
      { id: 'a', device: 'a', line: 1, findings: [] },
      { id: 'b', device: 'b', line: 2, findings: [] },
      { id: 'good.csr', findings: [] },
    ])
  })
})

test('checks lists every code', { timeout }, async () => {
  const { stdout } = await onboard('checks')
  expect(stdout).toMatch(/key\.weak\.roca +error +CVE-2017-15361/)
})
