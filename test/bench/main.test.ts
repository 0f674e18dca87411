import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../../bench/main.ts', import.meta.url))

interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

function run(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) => {
      resolve({ status: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

/** One line of `--json`, as far as these tests look. */
interface Told {
  readonly bench: string
  readonly runtime: string
  readonly title: string
  readonly unit: string
  readonly figures: readonly { readonly name: string; readonly median: number }[]
  readonly goals: readonly {
    readonly of: string
    readonly figure: number
    readonly holds: boolean
  }[]
}

/** Turns as short as may be: that everything does its work is asked here, and never how fast. */
async function measured(...args: readonly string[]): Promise<readonly Told[]> {
  const { status, stdout, stderr } = await run(...args, '--rounds', '1', '--turn', '1', '--json')
  expect({ status, stderr }).toMatchObject({ status: 0 })
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Told)
}

const cases = [
  {
    bench: 'parse',
    runtime: 'node',
    titles: ['P-256', 'allocated for a P-256 leaf', 'RSA-2048'],
    peers: ['node X509Certificate', '@peculiar/x509', 'pkijs'],
  },
  {
    bench: 'cold',
    runtime: 'node',
    titles: ['P-256', 'RSA-2048', 'Ed25519'],
    peers: ['bare subtle.verify', 'bare node:crypto verify', '@peculiar/x509', 'pkijs'],
  },
  {
    bench: 'repeat',
    runtime: 'workerd',
    titles: ['P-256'],
    peers: ['SHA-256 of the leaf (WebCrypto)'],
  },
  {
    bench: 'headers',
    runtime: 'node',
    titles: ["ALB's chain of three certificates", 'RFC 9440'],
    peers: ['decodeURIComponent + PEM regex'],
  },
  {
    bench: 'session',
    runtime: 'workerd',
    titles: ['the same claims in each'],
    peers: ['jose (JWE dir A256GCM)', 'iron-session'],
  },
] as const

test.each(cases)(
  '$bench in $runtime: every contender does its work, and goals are judged',
  { timeout: 120_000 },
  async ({ bench, runtime, titles, peers }) => {
    const told = await measured(bench, '--runtime', runtime)
    expect(told.map(({ title }) => title)).toEqual(titles)
    for (const { figures } of told) {
      // In workerd a turn is shorter than a step of the clock that it is measured by.
      expect(figures.every(({ median }) => Number.isFinite(median) && median >= 0)).toBe(true)
    }
    const [first] = told
    expect(first).toMatchObject({ bench, runtime, unit: 'µs' })
    expect(first?.figures.map(({ name }) => name)).toEqual(expect.arrayContaining([...peers]))
    expect(first?.goals.length).toBeGreaterThan(0)
    expect(first?.goals.every(({ holds }) => typeof holds === 'boolean')).toBe(true)
  },
)

describe('the command', () => {
  test('--help names every bench', { timeout: 30_000 }, async () => {
    const { status, stdout } = await run('--help')
    expect(status).toBe(0)
    const names = [
      'parse',
      'known',
      'cold',
      'repeat',
      'crl',
      'compiled',
      'headers',
      'session',
      'bundle',
    ]
    for (const name of [...names, 'trust-store', 'batch', 'handshake']) {
      expect(stdout).toContain(name)
    }
  })

  test.each([
    { args: ['nothing'], says: /no bench is called nothing/ },
    { args: ['trust-store', '--runtime', 'workerd'], says: /none of these runs in workerd/ },
    { args: ['parse', '--rounds', '0'], says: /whole number of at least 1/ },
    { args: ['parse', '--runtime', 'deno'], says: /Allowed choices are node, workerd/ },
  ])('$args: status 2', { timeout: 30_000 }, async ({ args, says }) => {
    const { status, stderr } = await run(...args)
    expect(stderr).toMatch(says)
    expect(status).toBe(2)
  })
})
