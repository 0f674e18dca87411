import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot } from '#simulator/engine/bundle-worker.ts'

/** Nothing is fetched, reported or logged. */
const offline = {
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  WRANGLER_LOG: 'log',
  DO_NOT_TRACK: '1',
  NO_COLOR: '1',
  CI: 'true',
}

const wrangler = join(
  dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
)

let dir = ''

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-deploy-'))
})

afterAll(() => rm(dir, { recursive: true, force: true }))

/** What wrangler says of a deployment that it does not make. */
async function dryRun(...options: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--outdir', dir, ...options],
    { cwd: projectRoot, env: { ...process.env, ...offline } },
  )
  return stdout
}

test('wrangler deploy --dry-run builds the worker of wrangler.toml', async () => {
  const stdout = await dryRun()
  expect(stdout).toContain('env.TRUST (sallyport-trust)')
  expect(stdout).toContain('env.MANAGED_TRANSFORM ("off")')
  const script = await readFile(join(dir, 'worker.js'), 'utf8')
  expect(script).toContain('x-sallyport-hop')
  expect(script).not.toContain('x-sallyport-local')
}, 60_000)

test.each([
  ['production', '', 'sallyport-trust'],
  ['staging', 'staging', 'sallyport-trust-staging'],
])(
  'and the control plane, for %s',
  async (_name, env, bucket) => {
    const stdout = await dryRun('--config', 'edge/control/wrangler.toml', '--env', env)
    expect(stdout).toContain('env.STORES (TrustStoreObject)')
    expect(stdout).toContain('env.DIRECTORY (DirectoryObject)')
    expect(stdout).toContain(`env.TRUST (${bucket})`)
  },
  60_000,
)
