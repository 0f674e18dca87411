import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { createAuthority } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { deploy, type Deployed } from './deployed.ts'
import { dayMs } from './given.ts'

/**
 * The control plane in workerd fetches by itself: its Durable Object's alarm asks a publisher on
 * loopback, which the deployment has opened by name, and sends what it finds to a webhook there.
 */
const now = instantFromMs(Date.now())
const requests: { readonly url: string; readonly headers: object; readonly body: string }[] = []
let published: Bytes
let bundle: Bytes
let server: Server
let plane: Deployed
let host: string
/** Resolved when a message has come to the webhook. */
let hooked: Promise<void>

beforeAll(async () => {
  const authority = await createAuthority({
    seed: 7,
    start: now,
    intermediates: 1,
    ledger: new Ledger(),
  })
  bundle = toUtf8(authority.anchorsPem + authority.intermediatesPem)
  const [root] = await authority.crls(shift(now, -60_000), 30 * dayMs)
  published = root?.der ?? new Uint8Array()
  hooked = new Promise((resolve) => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { url = '', headers } = request
        requests.push({ url, headers, body: Buffer.concat(chunks).toString() })
        if (url === '/hook') resolve()
        response.writeHead(200, { etag: '"1"' }).end(url === '/root.crl' ? published : '')
      })
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  plane = await deploy({
    variables: {
      SOURCES_OPEN_HOSTS: host,
      FINDINGS_WEBHOOK: `http://${host}/hook`,
      FINDINGS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    },
  })
}, 60_000)

afterAll(async () => {
  await plane.runtime.dispose()
  server.closeAllConnections()
  await new Promise((resolve) => {
    server.close(resolve)
  })
})

const api: Deployed['api'] = (...asked) => plane.api(...asked)

test('a source is asked by the alarm, its list is in force, and a finding is sent', async () => {
  const { file } = await api('POST', '/files', bundle)
  expect(await api('POST', '/trust-stores', { name: 'cars', bundle: file })).toMatchObject({
    status: 'ACTIVE',
  })
  const location = `http://${host}/root.crl`
  expect(await api('POST', '/trust-stores/cars/sources', { kind: 'url', location })).toMatchObject({
    status: 201,
  })
  await hooked
  expect(await api('GET', '/trust-stores/cars/sources')).toMatchObject({
    sources: [{ etag: '"1"', failures: 0, lastOutcome: { kind: 'taken', epoch: 2 } }],
  })
  expect(await api('GET', '/trust-stores/cars/audit')).toMatchObject({
    entries: [
      { by: 'source:1', outcome: { kind: 'made', epoch: 2 } },
      { by: 'alice', change: { source: 1 }, outcome: { kind: 'done' } },
      { by: 'alice' },
    ],
  })
  expect(requests.map(({ url }) => url)).toEqual(['/root.crl', '/hook'])
  expect(JSON.parse(requests[1]?.body ?? '{}')).toMatchObject({
    store: 'cars',
    findings: [{ code: 'list_missing' }],
  })
  expect(requests[1]?.headers).toMatchObject({ 'webhook-signature': expect.stringMatching(/^v1,/) })
})

test('a private host that nobody opened is refused', async () => {
  const source = { kind: 'url', location: 'http://169.254.169.254/latest/meta-data/' }
  expect(await api('POST', '/trust-stores/cars/sources', source)).toMatchObject({
    status: 422,
    code: 'source_malformed',
    detail: 'location: 169.254.169.254 is not a public address',
  })
})
