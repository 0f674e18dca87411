import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf, dayMs, keyRing } from './given.ts'
import { startRuntime, type Runtime } from './stage.ts'

const policies = [
  { name: 'admin', paths: ['/admin', '/admin/*'] },
  { name: 'renewal', paths: ['/renew'], expired: 'grace 14d' },
  { name: 'open', paths: ['/open', '/open/*'], certificate: 'optional' },
  { name: 'chain', hosts: ['gate?ay.example'], paths: ['/chain'], mode: 'passthrough' },
]

const workers = [
  {
    entry: 'edge/worker.ts',
    name: 'gateway',
    variables: { POLICIES: JSON.stringify(policies), SESSION_KEYS: keyRing },
    target: 'echo',
  },
  {
    entry: 'edge/worker.ts',
    name: 'wrong',
    variables: { POLICIES: JSON.stringify([{ name: 'a', paths: ['//a'] }]) },
  },
] as const

let runtime: Runtime
let car: DeviceCredential
let lapsed: DeviceCredential

beforeAll(async () => {
  runtime = await startRuntime(workers)
  car = await runtime.pki.issue('car-1', [-dayMs, dayMs])
  lapsed = await runtime.pki.issue('car-2', [-10 * dayMs, -dayMs])
}, 30_000)

afterAll(() => runtime.close())

/** Which policy the log names, the status, and the path at the target where it came there. */
async function ask(path: string, device: DeviceCredential | undefined) {
  runtime.takeLogs()
  const cf = device === undefined ? cfOf() : cfOf(...chainOf(device))
  const response = await runtime.fetch('gateway', { path, cf })
  const body = (await response.json()) as { readonly url?: string }
  const line = runtime.takeLogs().find((each) => each.startsWith('{')) ?? '{}'
  const { policy } = JSON.parse(line) as { readonly policy?: string }
  const reached = body.url === undefined ? undefined : new URL(body.url).pathname
  return [policy, response.status, reached]
}

test.each([
  { path: '/telemetry', who: 'nobody', answer: ['verify', 401, undefined] },
  { path: '/telemetry', who: 'car', answer: ['verify', 200, '/telemetry'] },
  { path: '/telemetry', who: 'lapsed', answer: ['verify', 403, undefined] },
  { path: '/renew', who: 'lapsed', answer: ['renewal', 200, '/renew'] },
  { path: '/open', who: 'nobody', answer: ['open', 200, '/open'] },
  { path: '/open', who: 'lapsed', answer: ['open', 403, undefined] },
  { path: '/chain', who: 'nobody', answer: ['chain', 200, '/chain'] },
  { path: '/open/..%2Fadmin', who: 'nobody', answer: ['admin', 401, undefined] },
  { path: '//admin', who: 'nobody', answer: ['admin', 401, undefined] },
  { path: '/%61dmin//x', who: 'car', answer: ['admin', 200, '/admin/x'] },
  { path: '/renew/../telemetry', who: 'lapsed', answer: ['verify', 403, undefined] },
  { path: '/%72enew', who: 'lapsed', answer: ['renewal', 200, '/renew'] },
])('in workerd: $path, $who: $answer', async ({ path, who, answer }) => {
  const devices = new Map([
    ['car', car],
    ['lapsed', lapsed],
  ])
  expect(await ask(path, devices.get(who))).toEqual(answer)
})

test('a policy that cannot be read is told with its place, and nothing is let in', async () => {
  const response = await runtime.fetch('wrong', { cf: cfOf(...chainOf(car)) })
  await response.text()
  expect(response.status).toBe(500)
  expect(runtime.takeLogs().join('\n')).toContain('(at POLICIES[0].paths[0])')
})

test('a browser is shown a page', async () => {
  const headers = { accept: 'text/html,*/*;q=0.8' }
  const response = await runtime.fetch('gateway', { cf: cfOf(), headers })
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(await response.text()).toContain('A client certificate is required')
})
