import { request } from 'node:http'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeEach, expect, test } from 'vitest'
import { openDashboard, type Dashboard } from '#simulator/dashboard/server.ts'
import { scenario } from '../report/fake-run.ts'
import { evil, fakeEnd, fakeProgress } from './fake-run.ts'

let dashboard: Dashboard
let isOpen: boolean

beforeEach(async () => {
  dashboard = await openDashboard(scenario, 0)
  isOpen = true
  return () => (isOpen ? end() : undefined)
})

async function end(): Promise<void> {
  isOpen = false
  await dashboard.end(fakeEnd())
}

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(new URL(path, dashboard.url), init)

test('it listens on this machine alone, and serves nothing that another page could use', async () => {
  expect(dashboard.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
  const answer = await ask('/')
  expect(answer.status).toBe(200)
  const policy = answer.headers.get('content-security-policy')
  expect(policy).toContain("default-src 'none'; script-src 'self'")
  expect(policy).not.toContain('unsafe')
  const page = await answer.text()
  expect(page).toContain('<h1>quickstart</h1>')
  const parts = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path ?? '')
  expect(parts).toHaveLength(4)
  for (const path of parts) expect([path, (await ask(path)).status]).toEqual([path, 200])
})

test.each([
  { path: '/device/car-0001', status: 200, says: 'got a certificate' },
  { path: '/device/car-9999', status: 404, says: 'nothing has happened to car-9999 so far' },
  { path: `/device/${'x'.repeat(128)}`, status: 404, says: 'nothing has happened' },
  { path: `/device/${'x'.repeat(129)}`, status: 400, says: 'a name of 1 to 128 characters' },
  { path: '/device/', status: 400, says: 'a name of 1 to 128 characters' },
  { path: '/device/%ff', status: 400, says: 'a name of 1 to 128 characters' },
  { path: '/../package.json', status: 404, says: 'there is /, /events and /device/ID' },
])('GET $path: $status', async ({ path, status, says }) => {
  dashboard.show(fakeProgress())
  const answer = await ask(path)
  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(says)])
})

test('a run without an event log says so', async () => {
  dashboard.show({ ...fakeProgress(), soFar: undefined })
  expect(await (await ask('/device/car-0001')).text()).toContain('keeps no event log')
})

test('nothing is changed over it', async () => {
  expect((await ask('/events', { method: 'POST' })).status).toBe(405)
})

test.each([
  { host: '127.0.0.1:1', status: 200 },
  { host: 'localhost:9000', status: 200 },
  { host: 'rebound.example', status: 421 },
  { host: '127.0.0.1.rebound.example', status: 421 },
  { host: ' ', status: 421 },
])('asked for as $host: $status', async ({ host, status }) => {
  const { hostname, port } = new URL(dashboard.url)
  const asked = request({ hostname, port, headers: { host } })
  asked.end()
  const [answer] = await once(asked, 'response')
  expect(answer.statusCode).toBe(status)
  await text(answer)
})

test('whoever looks gets a snapshot at once, and at the end the result, and then the end', async () => {
  dashboard.show(fakeProgress())
  const stream = await ask('/events')
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  const [told] = await Promise.all([stream.text(), end()])
  const snapshots = told
    .split('\n\n')
    .filter((event) => event.startsWith('event: snapshot\n'))
    .map((event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)))
  expect(snapshots[0]).toMatchObject({ attempts: 220 })
  expect(snapshots.at(-1)).toMatchObject({ ended: { tone: 'bad' } })
  expect(snapshots.length).toBeGreaterThan(1)
})

test('before the first progress the stream is open and empty', async () => {
  const stream = await ask('/events')
  const first = await stream.body?.getReader().read()
  expect(new TextDecoder().decode(first?.value)).toBe(':\n\n')
})

test('the sixteenth page is served, the seventeenth is told why not', async () => {
  const open = await Promise.all(Array.from({ length: 16 }, () => ask('/events')))
  expect(open.map(({ status }) => status)).toEqual(open.map(() => 200))
  const refused = await ask('/events')
  expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('16 pages')])
})

test('a port that is taken is named', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await expect(openDashboard(scenario, port)).rejects.toThrow(
    new RegExp(`^--dashboard ${port}: .*EADDRINUSE.*any free port is taken$`),
  )
  other.close()
})

test('what a scenario calls itself is text', async () => {
  const other = await openDashboard({ ...scenario, name: evil }, 0)
  const page = await (await fetch(other.url)).text()
  expect(page).not.toContain('<img')
  expect(page).toContain('&lt;img')
  await other.end(fakeEnd())
})
