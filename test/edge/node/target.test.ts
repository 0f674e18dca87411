import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { createNodeTarget, type NodeTarget } from '#edge/node/target.ts'

type Answer = (incoming: IncomingMessage, outgoing: ServerResponse) => void

let server: http.Server | undefined
let target: NodeTarget | undefined

afterEach(async () => {
  server?.closeAllConnections()
  server?.close()
  await target?.close()
})

async function startTarget(answer: Answer): Promise<NodeTarget> {
  server = http.createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  target = createNodeTarget(`http://127.0.0.1:${port}/ignored`)
  return target
}

/** Sends back what it got. */
const echo: Answer = (incoming, outgoing) => {
  const { method, url, headers } = incoming
  outgoing.setHeader('x-seen', JSON.stringify({ method, url, headers }))
  incoming.pipe(outgoing)
}

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

const seenBy = (response: Response): Seen =>
  JSON.parse(response.headers.get('x-seen') ?? '') as Seen

test("method, path, query and end-to-end fields; the client's host goes beside", async () => {
  const { send } = await startTarget(echo)
  const headers = { host: 'edge.example', 'x-a': '1', 'x-forwarded-host': 'forged', te: 'trailers' }
  const response = await send(new Request('https://edge.example//b?c=%20', { headers }))
  const seen = seenBy(response)
  expect([seen.method, seen.url]).toEqual(['GET', '//b?c=%20'])
  expect(seen.headers).toMatchObject({ 'x-a': '1', 'x-forwarded-host': 'edge.example' })
  expect(seen.headers['te']).toBeUndefined()
  expect(seen.headers['host']).toMatch(/^127\.0\.0\.1:/)
})

test('the body streams both ways', async () => {
  const { send } = await startTarget(echo)
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const request = { method: 'POST', body: readable, duplex: 'half' } as const
  const sent = send(new Request('https://edge.example/', request))
  await writer.write(new TextEncoder().encode('first'))
  const reader = (await sent).body?.getReader()
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first')
  await writer.write(new TextEncoder().encode('second'))
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('second')
  await writer.close()
  expect((await reader?.read())?.done).toBe(true)
})

test('encoded content stays as it is, and a redirect is handed on', async () => {
  const zipped = gzipSync('content')
  const { send } = await startTarget((_incoming, outgoing) => {
    const fields = {
      'content-encoding': 'gzip',
      location: '/elsewhere',
      'set-cookie': ['a=1', 'b=2'],
    }
    outgoing.writeHead(302, fields).end(zipped)
  })
  const response = await send(new Request('https://edge.example/'))
  expect([response.status, response.headers.get('location')]).toEqual([302, '/elsewhere'])
  expect(response.headers.get('content-encoding')).toBe('gzip')
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect(Buffer.from(await response.arrayBuffer())).toEqual(zipped)
})

test.each([204, 205, 304])('%s has no body', async (status) => {
  const { send } = await startTarget((_incoming, outgoing) => void outgoing.writeHead(status).end())
  const response = await send(new Request('https://edge.example/'))
  expect([response.status, response.body]).toEqual([status, null])
})

test('a target that is not there', async () => {
  const { send } = await startTarget(echo)
  server?.closeAllConnections()
  server?.close()
  await expect(send(new Request('https://edge.example/'))).rejects.toThrow('ECONNREFUSED')
})

test('a client that has gone takes its request along', async () => {
  const { send } = await startTarget(() => undefined)
  const controller = new AbortController()
  const sent = send(new Request('https://edge.example/', { signal: controller.signal }))
  controller.abort()
  await expect(sent).rejects.toThrow('abort')
})
