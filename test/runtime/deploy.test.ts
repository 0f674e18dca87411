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

test('wrangler deploy --dry-run builds the worker of wrangler.toml', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--outdir', dir],
    { cwd: projectRoot, env: { ...process.env, ...offline } },
  )
  expect(stdout).toContain('env.TRUST (sallyport-trust)')
  expect(stdout).toContain('env.MANAGED_TRANSFORM ("off")')
  const script = await readFile(join(dir, 'worker.js'), 'utf8')
  expect(script).toContain('x-sallyport-hop')
  expect(script).not.toContain('x-sallyport-local')
}, 60_000)
