import { expect, test, vi } from 'vitest'
import { startCli } from '../commands/cli.ts'

// Each starts a process.
vi.setConfig({ testTimeout: 60_000 })

const rehearsed = (...flags: readonly string[]) => startCli('onboard', 'rehearse', ...flags).ended

test('a run as JSON says what it measured', async () => {
  const { status, stdout, stderr } = await rehearsed('--devices', '2', '--seed', '1', '--json')
  const told: unknown = JSON.parse(stdout)
  expect(told).toMatchObject({ seed: 1, passed: false, parts: [{ name: 'virtual', devices: 2 }] })
  // Two devices show too little: that is told, with the command that does it again.
  expect(status).toBe(1)
  expect(stderr).toContain(
    'replay: npm run sallyport -- onboard rehearse --devices 2 --over-tls 0 --seed 1',
  )
})

test.each([
  [['--devices', '0'], '--devices and --over-tls are both 0'],
  [['--devices', '1000001'], 'at most 1,000,000 devices'],
  [['--devices', 'x'], 'a whole number of at least 0'],
])('%j cannot be used: %s', async (flags, sentence) => {
  const { status, stderr } = await rehearsed(...flags)
  expect(status).toBe(2)
  expect(stderr).toContain(sentence)
})
