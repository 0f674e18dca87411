import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeSourceFetch, type Resolve } from '#edge/node/source-fetch.ts'
import { fetchList, type FetchedList } from '#edge/trust-stores/sources/fetch-list.ts'
import type { Source } from '#edge/trust-stores/sources/source.ts'
import { toUtf8 } from '#shared/bytes.ts'

/** One real server on loopback: what it was asked, and the pages that it has. */
let server: Server
let port: number
const asked: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.url ?? ''} ${request.headers['if-none-match'] ?? ''}`.trim())
    if (request.url === '/moved.crl') {
      response.writeHead(302, { location: '/root.crl' }).end()
    } else if (request.url === '/away.crl') {
      response.writeHead(302, { location: `http://localhost:${port}/root.crl` }).end()
    } else if (request.headers['if-none-match'] === '"1"') {
      response.writeHead(304).end()
    } else response.writeHead(200, { etag: '"1"' }).end('a list')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  port = (server.address() as AddressInfo).port
})

afterAll(
  () =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(resolve)
    }),
)

const toLoopback: Resolve = (_name, tell) => tell(null, [{ address: '127.0.0.1', family: 4 }])

function ask(
  location: string,
  openHosts: readonly string[],
  source: Partial<Source> = {},
): Promise<FetchedList> {
  const asking = {
    kind: 'url',
    location,
    allowedHosts: [],
    etag: undefined,
    lastModified: undefined,
  }
  const ports = { fetch: nodeSourceFetch(openHosts, toLoopback), buckets: undefined, openHosts }
  return fetchList({ ...asking, kind: 'url', ...source }, ports)
}

test('a host that was opened by name is fetched from, redirects and conditions with it', async () => {
  const host = `127.0.0.1:${port}`
  const fetched = { kind: 'fetched', octets: toUtf8('a list'), etag: '"1"' }
  expect(await ask(`http://${host}/root.crl`, [host])).toMatchObject(fetched)
  expect(await ask(`http://${host}/moved.crl`, [host])).toMatchObject(fetched)
  const again = await ask(`http://${host}/root.crl`, [host], { etag: '"1"' })
  expect(again).toMatchObject({ kind: 'not_modified' })
  expect(asked).toEqual(['/root.crl', '/moved.crl', '/root.crl', '/root.crl "1"'])
})

test('another private host that it redirects to is not asked', async () => {
  const host = `127.0.0.1:${port}`
  asked.length = 0
  const fetched = await ask(`http://${host}/away.crl`, [host], {
    allowedHosts: [`localhost:${port}`],
  })
  expect(fetched).toMatchObject({ kind: 'failed' })
  expect(asked).toEqual(['/away.crl'])
})

test('a public name that resolves to a private address is not connected to', async () => {
  asked.length = 0
  expect(await ask('http://crl.example.com/root.crl', [])).toMatchObject({
    kind: 'failed',
    because: 'it does not answer: crl.example.com resolves to no public address',
  })
  expect(asked).toEqual([])
})
