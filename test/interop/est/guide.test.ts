import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { projectRoot } from '#simulator/engine/bundle-worker.ts'
import { noOpenssl } from '../../installed.ts'
import { freePort } from '../proxies/terminators.ts'

/* The guide's own blocks, one after the other, as somebody would type them; on ports that are free. */

const noCurl = spawnSync('curl', ['--version'], { stdio: 'ignore' }).error !== undefined

const commands = { sallyport: 'simulator/sallyport.js', 'sallyport-serve': 'edge/serve.ts' }

/** In place of `npx`, which would want the package installed: the same commands of this folder. */
function shim(folder: string): void {
  const cases = Object.entries(commands).map(
    ([name, path]) =>
      `${name}) shift; exec '${process.execPath}' '${join(projectRoot, path)}' "$@";;`,
  )
  const script = `#!/bin/sh\ncase "$1" in\n${cases.join('\n')}\n*) exit 127;;\nesac\n`
  writeFileSync(join(folder, 'npx'), script)
  chmodSync(join(folder, 'npx'), 0o755)
}

const blocksOf = (page: string): readonly string[] =>
  Array.from(page.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, block = '']) => block)

let folder = ''
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const guides = [
  { page: 'docs/enrollment.md', story: 'from the CA to the device that was stolen' },
  { page: 'docs/migration.md', story: 'from the old clouds to the last device that moves' },
]

test.skipIf(noOpenssl || noCurl).each(guides)(
  '$page: every block, $story',
  async ({ page }) => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-guide-'))
    shim(folder)
    const blocks = blocksOf(readFileSync(join(projectRoot, page), 'utf8'))
    expect(blocks.length).toBeGreaterThan(6)
    const [control, edge] = [await freePort(), await freePort()]
    const guide = blocks
      .join('\n')
      .replaceAll(':8600', `:${control}`)
      .replaceAll(':8443', `:${edge}`)
    // What runs beside ends with the shell, whatever became of it.
    const script = `set -e\ntrap 'kill $(jobs -p)' EXIT\n${guide}`
    const path = [folder, dirname(process.execPath), process.env['PATH'] ?? ''].join(':')
    const child = spawn('bash', ['-c', script], {
      cwd: folder,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
      // It waits for what it starts: where that never comes, it ends here.
      timeout: 180_000,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    }
    const [status] = (await once(child, 'close')) as [number | null]
    expect({ status, said: status === 0 ? '' : said }).toEqual({ status: 0, said: '' })
  },
  240_000,
)
