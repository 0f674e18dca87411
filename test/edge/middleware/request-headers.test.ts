import { expect, test } from 'vitest'
import { requestHeaders } from '#edge/middleware/request-headers.ts'

const sent = () =>
  new Headers({
    accept: '*/*',
    cookie: 'a=1; __Host-sallyport=v2.k.AA',
    'client-cert': ':eA==:',
    'x-hop': 'secret',
  })

/** Everything that can be read, by name and all together: each way has to say the same. */
function readAll(headers: ReturnType<typeof requestHeaders>): Record<string, string> {
  const all = Object.fromEntries(headers.copy())
  const named = ['Accept', 'Cookie', 'Client-Cert', 'X-Hop', 'authorization']
    .map((name) => [name.toLowerCase(), headers.get(name)] as const)
    .filter((line) => line[1] !== null)
  expect(Object.fromEntries(named)).toEqual(all)
  return all
}

test('what is taken away cannot be read, by name or among all', () => {
  const headers = requestHeaders(sent(), ['client-cert', 'x-hop'])
  expect(readAll(headers)).toEqual({ accept: '*/*', cookie: 'a=1; __Host-sallyport=v2.k.AA' })
})

test('nor is a token, in a cookie among others or by itself', () => {
  const headers = requestHeaders(sent(), ['client-cert', 'x-hop']).withoutToken()
  expect(readAll(headers)).toEqual({ accept: '*/*', cookie: 'a=1' })
  expect(readAll(headers.withoutToken())).toEqual({ accept: '*/*', cookie: 'a=1' })
  const alone = new Headers({ accept: '*/*', authorization: 'Sallyport v1.k.AA' })
  expect(readAll(requestHeaders(alone, []).withoutToken())).toEqual({ accept: '*/*' })
})

test.each([
  { name: 'nothing is taken away', taken: [], less: undefined },
  { name: 'something is', taken: ['accept'], less: [['authorization', 'Bearer x']] },
])('where $name there is less: $less', ({ taken, less }) => {
  const own = new Headers({ accept: '*/*', authorization: 'Bearer x' })
  for (const headers of [requestHeaders(own, taken), requestHeaders(own, taken).withoutToken()]) {
    const left = headers.copyOfLess()
    expect(left && [...left]).toEqual(less)
  }
})

test("a copy is the caller's, and the request stays as it was", () => {
  const own = sent()
  const headers = requestHeaders(own, ['x-hop'])
  headers.copy().set('accept', 'text/html')
  expect([headers.get('accept'), own.get('x-hop')]).toEqual(['*/*', 'secret'])
})
