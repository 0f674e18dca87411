import { describe, expect, test } from 'vitest'
import { fetchList, type FetchedList } from '#edge/trust-stores/sources/fetch-list.ts'
import { sourceOctetsMax, type Source } from '#edge/trust-stores/sources/source.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { err, ok } from '#shared/result.ts'
import { instantFromIso } from '#shared/time.ts'
import { createPublisher, type Publisher } from './publisher.ts'

const address = 'https://crl.example.com/root.crl'
const list = toUtf8('a list')

function ask(publisher: Publisher, source: Partial<Source> = {}): Promise<FetchedList> {
  return fetchList(
    {
      kind: 'url',
      location: address,
      allowedHosts: [],
      etag: undefined,
      lastModified: undefined,
      ...source,
    },
    { fetch: publisher.fetch, buckets: undefined, openHosts: [] },
  )
}

const answering = (answer: () => Response): Publisher => {
  const publisher = createPublisher()
  publisher.answer(address, answer)
  return publisher
}

test('a list comes with its validators and the time of its sender', async () => {
  const headers = {
    etag: '"1"',
    'last-modified': 'Fri, 01 Jan 2027 00:00:00 GMT',
    date: 'Fri, 01 Jan 2027 00:00:05 GMT',
  }
  expect(await ask(answering(() => new Response(list, { headers })))).toEqual({
    kind: 'fetched',
    octets: list,
    etag: '"1"',
    lastModified: 'Fri, 01 Jan 2027 00:00:00 GMT',
    date: instantFromIso('2027-01-01T00:00:05Z'),
  })
})

test('what it was asked about before it is asked about again', async () => {
  const publisher = answering(() => new Response(null, { status: 304 }))
  const source = { etag: '"1"', lastModified: 'Fri, 01 Jan 2027 00:00:00 GMT' }
  expect(await ask(publisher, source)).toMatchObject({ kind: 'not_modified' })
  expect(publisher.asked[0]?.headers).toMatchObject({
    'if-none-match': '"1"',
    'if-modified-since': 'Fri, 01 Jan 2027 00:00:00 GMT',
  })
})

test('a validator of kilobytes is not kept', async () => {
  const headers = { etag: `"${'a'.repeat(4096)}"` }
  const fetched = await ask(answering(() => new Response(list, { headers })))
  expect(fetched).toMatchObject({ kind: 'fetched', etag: undefined })
})

test.each([
  ['a page that is missing', () => new Response('no', { status: 404 }), 'it answers 404'],
  ['a door that is closed', () => new Response('no', { status: 403 }), 'it answers 403'],
  ['a part of a list', () => new Response('no', { status: 206 }), 'it answers 206'],
  ['no content', () => new Response(null, { status: 204 }), 'it answers 204'],
  ['a connection cut', failing('socket hang up'), 'it does not answer: socket hang up'],
])('%s: %s', async (_name, answer, because) => {
  expect(await ask(answering(answer))).toMatchObject({ kind: 'failed', because })
})

test('whoever is asked to come back later does', async () => {
  const headers = { 'retry-after': '120' }
  const busy = answering(() => new Response(null, { status: 503, headers }))
  expect(await ask(busy)).toMatchObject({ kind: 'failed', retryAfterMs: 120_000 })
})

test('a body without an end is read to the bound and no further', async () => {
  let sent = 0
  let isCancelled = false
  const chunk = new Uint8Array(1024 * 1024)
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += chunk.length
      controller.enqueue(chunk)
    },
    cancel() {
      isCancelled = true
    },
  })
  const fetched = await ask(answering(() => new Response(endless)))
  expect(fetched).toMatchObject({
    kind: 'failed',
    because: `it has more than ${sourceOctetsMax} octets`,
  })
  expect(isCancelled).toBe(true)
  expect(sent).toBeLessThan(sourceOctetsMax + 4 * chunk.length)
})

/** Its first answer leads elsewhere. */
function redirectedTo(location: string): Publisher {
  const publisher = answering(() => new Response(null, { status: 302, headers: { location } }))
  publisher.publish('https://crl.example.com/moved.crl', list)
  publisher.publish('https://mirror.example.net/root.crl', list)
  return publisher
}

describe('redirects', () => {
  test.each([
    ['to its own host', '/moved.crl', [], 'fetched'],
    ['to its own host, in full', 'https://crl.example.com/moved.crl', [], 'fetched'],
    [
      'to a host that is allowed',
      'https://mirror.example.net/root.crl',
      ['mirror.example.net'],
      'fetched',
    ],
    [
      'to another host',
      'https://mirror.example.net/root.crl',
      ['mirror.example.org'],
      'it redirects to mirror.example.net, which is not among the allowed hosts of this source',
    ],
    [
      'to a metadata service',
      'http://169.254.169.254/latest/meta-data/',
      ['169.254.169.254'],
      'it redirects to an address that is not taken: 169.254.169.254 is not a public address',
    ],
    [
      'to a file',
      'file:///etc/passwd',
      [],
      'it redirects to an address that is not taken: expected http or https, not file',
    ],
    [
      'to another port of its host',
      'https://crl.example.com:8443/moved.crl',
      [],
      'it redirects to an address that is not taken: the port 8443 is not open for sources: expected 80 or 443',
    ],
    ['to nowhere', 'http://', [], 'it answers 302 without an address to go on to'],
    ['to itself', address, [], 'it redirects more than 3 times'],
  ] as const)('%s', async (_name, location, allowedHosts, what) => {
    const publisher = redirectedTo(location)
    const fetched = await ask(publisher, { allowedHosts })
    expect(fetched.kind === 'failed' ? fetched.because : fetched.kind).toBe(what)
    expect(publisher.asked.length).toBeLessThanOrEqual(4)
    expect(publisher.asked.every(({ address: each }) => !each.includes('169.254'))).toBe(true)
  })

  test('three are followed', async () => {
    const publisher = createPublisher()
    const hop = (from: string, to: string): void =>
      publisher.answer(
        `https://crl.example.com/${from}`,
        () => new Response(null, { status: 307, headers: { location: to } }),
      )
    hop('root.crl', 'a')
    hop('a', 'b')
    hop('b', 'c')
    publisher.publish('https://crl.example.com/c', list)
    expect(await ask(publisher)).toMatchObject({ kind: 'fetched' })
  })
})

test('an object of a bucket', async () => {
  const asked: unknown[] = []
  const ports = {
    fetch: createPublisher().fetch,
    openHosts: [],
    buckets: {
      get: async (object: unknown) => {
        asked.push(object)
        return asked.length === 1
          ? ok(list)
          : err({ kind: 'missing' as const, because: 'there is no object of this key' })
      },
    },
  }
  const source = {
    kind: 'bucket',
    location: 'fleet-pki/crl/root.crl',
    allowedHosts: [],
    etag: undefined,
    lastModified: undefined,
  } as const
  expect(await fetchList(source, ports)).toMatchObject({ kind: 'fetched', octets: list })
  expect(asked).toEqual([{ bucket: 'fleet-pki', key: 'crl/root.crl', version: undefined }])
  expect(await fetchList(source, ports)).toMatchObject({
    kind: 'failed',
    because: 'there is no object of this key',
  })
})

function failing(message: string): () => Response {
  return () => {
    throw new TypeError('fetch failed', { cause: new Error(message) })
  }
}
