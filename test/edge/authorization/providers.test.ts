import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { askProviders, readProviders, type Provider } from '#edge/authorization/providers.ts'
import type { AuthorizationRequest } from '#shared/authorization/request.ts'
import { parseSpiffeId } from '#shared/authorization/spiffe-id.ts'

const read = (value: unknown) => readProviders(JSON.stringify(value), 'F')
const opa = { name: 'opa', url: 'https://opa.example/check' }

describe('providers as a variable names them', () => {
  test('with no more than they have to, and with all', () => {
    const depot = {
      name: 'depot',
      url: 'http://10.0.0.1:8080',
      timeout: '250ms',
      headers: ['X-Bay', 'authorization'],
    }
    expect(read([opa, depot])).toEqual({
      ok: true,
      value: [
        { name: 'opa', url: new URL(opa.url), timeoutMs: 1000, headers: [] },
        {
          name: 'depot',
          url: new URL(depot.url),
          timeoutMs: 250,
          headers: ['x-bay', 'authorization'],
        },
      ],
    })
  })

  test.each([
    ['no list', opa, ''],
    ['no name', [{ ...opa, name: '' }], '[0].name'],
    ['one name twice', [opa, opa], ''],
    ['no address', [{ name: 'opa' }], '[0].url'],
    ['no URL', [{ ...opa, url: 'opa.example' }], '[0].url'],
    ['another protocol', [{ ...opa, url: 'grpc://opa.example' }], '[0].url'],
    ['a query', [{ ...opa, url: 'https://opa.example/?a=b' }], '[0].url'],
    ['a time without its unit', [{ ...opa, timeout: '5' }], '[0].timeout'],
    ['a time that is a number', [{ ...opa, timeout: 5 }], '[0].timeout'],
    ['a header that is none', [{ ...opa, headers: [7] }], '[0].headers[0]'],
    ['a misspelt field', [{ ...opa, header: [] }], '[0].header'],
  ])('%s is a fault, by its place', (_name, value, key) => {
    const found = read(value)
    expect(found.ok ? [] : found.error.map((fault) => [fault.file, fault.key])).toContainEqual([
      'F',
      key,
    ])
  })

  test('what is no JSON', () => {
    expect(readProviders('opa', 'F').ok).toBe(false)
  })
})

const car = parseSpiffeId('spiffe://fleet.example/car/car-1')

const requestOf = (changed: Partial<AuthorizationRequest> = {}): AuthorizationRequest => ({
  peer: car.ok ? car.value : undefined,
  method: 'POST',
  host: 'edge.example',
  path: '/bays/7',
  header: (name) => ({ 'x-bay': '7', cookie: 'theirs' })[name],
  claims: undefined,
  ...changed,
})

const provider = (url: string): Provider => ({
  name: 'opa',
  url: new URL(url),
  timeoutMs: 60_000,
  headers: ['x-bay', 'x-none'],
})

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined))
afterEach(() => void vi.restoreAllMocks())

/** What it is asked; it allows. */
async function asked(path: string, request: AuthorizationRequest): Promise<IncomingMessage> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const seen = once(server, 'request') as Promise<[IncomingMessage, { end(): void }]>
  const answer = askProviders([provider(`http://127.0.0.1:${port}${path}`)])('opa', request)
  const [message, response] = await seen
  response.end()
  expect(await answer).toBe('allow')
  server.closeAllConnections()
  server.close()
  return message
}

describe('what a provider is asked, over HTTP', () => {
  test('method, path, host, device and the headers that are shown', async () => {
    const { method, url, headers } = await asked('/check/', requestOf())
    expect([method, url]).toEqual(['POST', '/check/bays/7'])
    expect(headers).toMatchObject({
      'x-forwarded-host': 'edge.example',
      'x-forwarded-client-cert': 'URI=spiffe://fleet.example/car/car-1',
      'x-bay': '7',
    })
    expect(headers).not.toHaveProperty('cookie')
    expect(headers).not.toHaveProperty('x-none')
  })

  test('nobody’s request, at the root', async () => {
    const { url, headers } = await asked('', requestOf({ peer: undefined }))
    expect(url).toBe('/bays/7')
    expect(headers).not.toHaveProperty('x-forwarded-client-cert')
  })
})

const answeredBy = (answer: (request: Request) => Promise<Response>, method = 'GET') =>
  askProviders([provider('https://opa.example')], answer)('opa', requestOf({ method }))

describe('what its answer means', () => {
  test.each([
    [200, 'allow'],
    [204, 'deny'],
    [302, 'deny'],
    [401, 'deny'],
    [403, 'deny'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('%i: %s', async (status, says) => {
    expect(await answeredBy(async () => new Response(null, { status }))).toBe(says)
    expect(console.error).toHaveBeenCalledTimes(says === 'unavailable' ? 1 : 0)
  })

  test('nobody listens', async () => {
    expect(await answeredBy(() => Promise.reject(new TypeError('fetch failed')))).toBe(
      'unavailable',
    )
  })

  test('nobody answers in time', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort())
    const says = await answeredBy(async ({ signal }) => {
      signal.throwIfAborted()
      return new Response()
    })
    expect(says).toBe('unavailable')
    expect(timeout).toHaveBeenCalledWith(60_000)
  })

  test('a method that no request is made with', async () => {
    expect(await answeredBy(async () => new Response(), 'TRACE')).toBe('unavailable')
  })

  test('a provider that nobody named', async () => {
    expect(await askProviders([])('opa', requestOf())).toBe('unavailable')
  })
})
