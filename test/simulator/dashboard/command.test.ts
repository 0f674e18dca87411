import { on } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runCli, startCli, type RunningCli } from '../commands/cli.ts'

const dir = mkdtempSync(join(tmpdir(), 'sallyport-dashboard-'))
afterAll(() => rmSync(dir, { recursive: true }))

const small = ['run', 'test/scenarios/small.yaml', '--report', dir]

/** What the command says on standard error, up to the address of the page. */
async function urlOf(cli: RunningCli): Promise<string> {
  let said = ''
  if (cli.process.stderr === null) throw new Error('the command has no standard error')
  for await (const text of on(cli.process.stderr, 'data')) {
    said += String(text)
    const url = /^dashboard {2}(\S+)\n/m.exec(said)?.[1]
    if (url !== undefined) return url
  }
  throw new Error(`no address in: ${said}`)
}

test.each(['virtual', 'wire'])(
  '--dashboard, engine %s: who looks sees the run and its end, and the command ends by itself',
  async (engine) => {
    const cli = startCli(...small, '--engine', engine, '--days', '3', '--dashboard')
    const stream = await fetch(new URL('/events', await urlOf(cli)))
    const told = await stream.text()
    expect(told).toContain('event: snapshot')
    expect(told).toContain('The run is over and passed')
    expect((await cli.ended).status).toBe(0)
  },
  240_000,
)

test('--dashboard with a word in place of a port: status 2', async () => {
  const done = await runCli(...small, '--dashboard', 'x')
  expect([done.status, done.stderr]).toEqual([2, expect.stringContaining('--dashboard')])
}, 20_000)
