import type { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { createControlApp } from '#edge/control/app.ts'
import { decodeDocument } from '#edge/trust-stores/managed/document.ts'
import { httpFeed, type HttpFeedOptions } from '#edge/trust-stores/managed/http-feed.ts'
import { loadObject, storeObject } from '#edge/trust-stores/managed/objects.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { apiToken, memoryPlane, type MemoryPlane } from '../../control/plane.ts'
import { createPki } from '../../stage.ts'

const token = 'r'.repeat(40)
const url = 'https://control.example'

let plane: MemoryPlane
let app: Hono
let bundle: string

beforeEach(async () => {
  plane = memoryPlane()
  app = createControlApp(plane, [
    await apiToken('gateway', token, ['read']),
    await apiToken('revoker', 'v'.repeat(40), ['revoke']),
  ])
  bundle = await storeObject(plane.objects, toUtf8((await createPki()).authority.anchorsPem))
})

async function makeCars(): Promise<void> {
  await plane.directory.add('cars')
  await plane.store('cars').change({ kind: 'replace_bundle', file: bundle }, 'alice')
}

const feedOf = (options: Partial<HttpFeedOptions> = {}) =>
  httpFeed({
    name: 'cars',
    url,
    token,
    fetch: async (asked, init) => app.request(asked, init),
    ...options,
  })

test('the head and what it names come over the API', async () => {
  await makeCars()
  const feed = feedOf()
  const head = await feed.head()
  expect(head).toEqual(await plane.store('cars').head())
  const document = decodeDocument(await loadObject(feed.objects, head?.document ?? ''))
  expect(document.bundle.file).toBe(bundle)
  expect(await loadObject(feed.objects, bundle)).toEqual(await plane.objects.get(bundle))
  expect(await feed.objects.get('0'.repeat(64))).toBeUndefined()
})

test('anchors that devices came in by are told along', async () => {
  await makeCars()
  const [anchor] = await plane.store('cars').anchors()
  const id = anchor?.id ?? ''
  expect(anchor).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{64}$/) as string })
  expect(await feedOf().head(['0'.repeat(64), id])).toMatchObject({ epoch: 1 })
  expect(await plane.store('cars').anchors()).toEqual([{ ...anchor, usedAt: plane.clock.now() }])
  await expect(feedOf().head(['x'])).rejects.toThrow('answered 400')
})

test('a control plane may lie below a path', async () => {
  const asked: string[] = []
  const below = feedOf({
    url: `${url}/control`,
    fetch: async (address) => {
      asked.push(address)
      return Response.json({})
    },
  })
  expect(await below.head()).toBeUndefined()
  expect(asked).toEqual([`${url}/control/api/v1/trust-stores/cars`])
})

test('a store that is deleted, or was never made, has no head', async () => {
  expect(await feedOf().head()).toBeUndefined()
  await makeCars()
  await plane.store('cars').change({ kind: 'delete' }, 'alice')
  expect(await feedOf().head()).toBeUndefined()
})

const answering = (response: Response) => feedOf({ fetch: async () => response }).head()

describe('anything else is an Error, and takes no trust store away', () => {
  test.each([
    ['a page of a proxy', new Response('<html>', { status: 404 }), 'answered 404'],
    ['another problem', Response.json({ code: 'not_found' }, { status: 404 }), 'answered 404'],
    ['a redirect', new Response(null, { status: 302 }), 'answered 302'],
    ['a failure', new Response('', { status: 503 }), 'answered 503'],
    ['a page with 200', new Response('<html>'), 'Invalid input'],
    ['a head of another shape', Response.json({ head: { epoch: '1' } }), 'Invalid input'],
    ['an answer without end', new Response('x'.repeat(70_000)), 'longer than 65536 octets'],
  ])('%s', async (_name, response, because) => {
    await expect(answering(response)).rejects.toThrow(because)
  })

  test.each([
    ['unknown', 'u'.repeat(40), 'it does not know the token'],
    ['of another scope', 'v'.repeat(40), 'the token needs the scope read'],
  ])('a token that is %s is told without the token', async (_name, shown, because) => {
    await makeCars()
    const asked = feedOf({ token: shown }).head()
    await expect(asked).rejects.toThrow(because)
    await expect(asked).rejects.not.toThrow(shown)
  })
})

test('nobody there is told with the cause', async () => {
  const cause = new Error('connect ECONNREFUSED')
  const fetchFailed = new TypeError('fetch failed', { cause })
  const asked = feedOf({ fetch: () => Promise.reject(fetchFailed) }).head()
  await expect(asked).rejects.toThrow('does not answer: Error: connect ECONNREFUSED')
})

test('whoever follows writes nothing', async () => {
  await expect(feedOf().objects.put(bundle, toUtf8('x'))).rejects.toThrow('writes nothing')
})
