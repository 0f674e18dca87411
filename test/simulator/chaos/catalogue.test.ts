import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faultOf, faults } from '#simulator/chaos/faults/catalogue.ts'
import { projectRoot } from '#simulator/engine/bundle-worker.ts'
import { runCli } from '../commands/cli.ts'

test('the forty, in order, each by a name of its own', () => {
  expect(faults.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, nth) => `C${nth + 1}`))
  expect(new Set(faults.map(({ name }) => name)).size).toBe(40)
})

const byTests = faults.flatMap(({ id, played }) =>
  played.flatMap((each) => (each.by === 'test' ? [{ id, file: each.file }] : [])),
)

test.each(byTests)('$id is played where it says: $file', ({ file }) => {
  expect(existsSync(join(projectRoot, file))).toBe(true)
})

test.each([
  ['C7', 'C7'],
  ['c7', 'C7'],
  ['list-damaged', 'C7'],
  ['C0', undefined],
  ['C41', undefined],
  ['', undefined],
])('%j is %s', (text, id) => {
  expect(faultOf(text)?.id).toBe(id)
})

test('every fault of onboarding is played before the EST server', () => {
  const ofOnboarding = faults.slice(20, 33)
  const others = ofOnboarding.filter(({ played }) => !played.some(({ by }) => by === 'enrolment'))
  expect(others.map(({ id }) => id)).toEqual([])
})

test('chaos list has a line for each', async () => {
  const { status, stdout } = await runCli('chaos', 'list')
  expect([status, stdout.trim().split('\n').length]).toEqual([0, 41])
}, 60_000)

test.each([
  ['a fault that is none', ['run', 'C99'], 'no fault is called C99'],
  [
    'a fault of onboarding before a gateway that has no EST server',
    ['run', 'C27', '--target', 'nginx'],
    'none of this can be played before nginx (C27: chaos run --target est)',
  ],
  [
    'a fault that tests play',
    ['run', 'C13'],
    'C13 delta-early is not played by this command: test/chaos/trust-stores.test.ts',
  ],
  ['a gateway that is none', ['matrix', '--target', 'iis'], 'Allowed choices are nginx, haproxy'],
  [
    'a proxy to nowhere',
    ['proxy', '--upstream', 'localhost'],
    '--upstream localhost: expected host:port',
  ],
])(
  '%s is unusable input',
  async (_, args, said) => {
    const { status, stderr } = await runCli('chaos', ...args)
    expect([status, stderr]).toEqual([2, expect.stringContaining(said)])
  },
  60_000,
)

test('a fault is played before a gateway, and told', async () => {
  const { status, stdout } = await runCli(
    'chaos',
    'run',
    'list-damaged',
    '--target',
    'node',
    '--json',
  )
  const told = JSON.parse(stdout) as {
    readonly gateways: readonly object[]
    readonly findings: readonly object[]
  }
  expect([status, told.gateways.length, told.findings.length]).toEqual([0, 2, 0])
}, 90_000)
