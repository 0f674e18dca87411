import { expect, test } from 'vitest'
import { requestHeaders } from '#edge/middleware/request-headers.ts'
import { cloudflarePlatform } from '#edge/platforms/cloudflare.ts'

/** It writes no header: whatever speaks of certificates is a client's. */
const platform = cloudflarePlatform()

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
  const headers = requestHeaders(sent(), platform, 'x-hop')
  expect(readAll(headers)).toEqual({ accept: '*/*', cookie: 'a=1; __Host-sallyport=v2.k.AA' })
})

test('nor is a token, in a cookie among others or by itself', () => {
  const headers = requestHeaders(sent(), platform, 'x-hop').withoutToken()
  expect(readAll(headers)).toEqual({ accept: '*/*', cookie: 'a=1' })
  expect(readAll(headers.withoutToken())).toEqual({ accept: '*/*', cookie: 'a=1' })
  const alone = new Headers({ accept: '*/*', authorization: 'Sallyport v1.k.AA' })
  expect(readAll(requestHeaders(alone, platform).withoutToken())).toEqual({ accept: '*/*' })
})

test.each([
  { name: 'nothing is taken away', besides: 'x-hop', same: true, token: 'Bearer x' },
  { name: 'something is', besides: 'accept', same: false, token: 'Bearer x' },
  { name: 'a token is', besides: 'x-hop', same: false, token: 'Sallyport v1.k.AA' },
  { name: 'both are', besides: 'accept', same: false, token: 'Sallyport v1.k.AA' },
])('where $name the request is the same: $same', ({ besides, same, token }) => {
  const sentHeaders = { accept: '*/*', authorization: token }
  const request = new Request('https://target.example/', { headers: sentHeaders })
  const headers = requestHeaders(request.headers, platform, besides).withoutToken()
  const left = headers.requestOfLess(request)
  expect(left === request).toBe(same)
  expect([...left.headers]).toEqual([...headers.copy()])
  expect(Object.fromEntries(request.headers)).toEqual(sentHeaders)
})

test("a copy is the caller's, and the request stays as it was", () => {
  const own = sent()
  const headers = requestHeaders(own, platform, 'x-hop')
  headers.copy().set('accept', 'text/html')
  expect([headers.get('accept'), own.get('x-hop')]).toEqual(['*/*', 'secret'])
})

test('whoever forges is named, whatever else is taken away', () => {
  const headers = requestHeaders(sent(), platform, 'x-hop')
  expect(headers.forged()).toEqual(['client-cert'])
  expect(headers.withoutToken().forged()).toEqual(['client-cert'])
})
