import type { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { createControlApp } from '#edge/control/app.ts'
import { toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { dayMs } from '../../runtime/given.ts'
import { createPki, start, type Pki } from '../stage.ts'
import { apiToken, memoryPlane, type MemoryPlane } from './plane.ts'

const tokens = {
  admin: 'a'.repeat(40),
  reader: 'r'.repeat(40),
  revoker: 'v'.repeat(40),
  elsewhere: 'e'.repeat(40),
} as const

type Who = keyof typeof tokens

let pki: Pki
let plane: MemoryPlane
let app: Hono

beforeEach(async () => {
  pki = await createPki()
  plane = memoryPlane()
  app = createControlApp(plane, [
    await apiToken('alice', tokens.admin, ['read', 'revoke', 'write', 'roll-back', 'admin']),
    await apiToken('rita', tokens.reader, ['read']),
    await apiToken('victor', tokens.revoker, ['revoke'], ['cars']),
    await apiToken('eve', tokens.elsewhere, ['read', 'revoke', 'write', 'admin'], ['meters']),
  ])
})

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

async function ask(
  who: Who | undefined,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const isOctets = body instanceof Uint8Array
  const response = await app.request(`/api/v1${path}`, {
    method,
    headers: {
      ...(who && { authorization: `Bearer ${tokens[who]}` }),
      'content-type': isOctets ? 'application/octet-stream' : 'application/json',
    },
    ...(body !== undefined && { body: isOctets ? (body as Bytes) : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
  }
}

test('a listener is shown to whose token is for its store, and nobody else knows of it', async () => {
  const listener = {
    balancer: 'app/fleet/50dc6c495c0c9188',
    port: 443,
    ...({ mode: 'verify', ignoreExpiry: true, renamed: { leaf: 'X-Leaf' }, kept: '{}' } as const),
    trustStore: 'cars',
  }
  await plane.directory.add('cars')
  const added = await plane.directory.addListener(listener)
  if (!added.ok) throw new Error(added.error)
  const { id } = added.value
  const arn = encodeURIComponent(`arn:aws:x:y:1:listener/${listener.balancer}/${id}`)
  const settings = {
    id,
    version: 1,
    mode: 'verify',
    trustStore: 'cars',
    ignoreExpiry: true,
    renamed: { leaf: 'X-Leaf' },
  }
  const none = { status: 404, body: { code: 'listener_not_found' } }
  expect(await ask('reader', 'GET', '/listeners/fleet:443')).toEqual({
    status: 200,
    body: settings,
  })
  expect(await ask('reader', 'GET', `/listeners/${arn}`)).toEqual({ status: 200, body: settings })
  expect(await ask('elsewhere', 'GET', '/listeners/fleet:443')).toMatchObject(none)
  expect(await ask('reader', 'GET', '/listeners/fleet:444')).toMatchObject(none)
  expect(await ask('revoker', 'GET', '/listeners/fleet:443')).toMatchObject({ status: 403 })
  expect(await ask(undefined, 'GET', '/listeners/fleet:443')).toMatchObject({ status: 401 })
})

async function store(octets: Bytes): Promise<unknown> {
  return (await ask('admin', 'POST', '/files', octets)).body['file']
}

async function makeCars(): Promise<Answer> {
  const bundle = await store(toUtf8(pki.authority.anchorsPem))
  return ask('admin', 'POST', '/trust-stores', { name: 'cars', bundle })
}

const change = (who: Who, body: unknown, name = 'cars'): Promise<Answer> =>
  ask(who, 'POST', `/trust-stores/${name}/changes`, body)

const word = { issuer: toBase64(toUtf8('a name')), serial: '0a:ff' }
const revocation = { kind: 'revoke_serials', serials: [word] }

test('a store is made of a bundle, listed, read and deleted', async () => {
  const made = await makeCars()
  expect(made).toMatchObject({
    status: 201,
    body: { name: 'cars', status: 'ACTIVE', head: { epoch: 1 } },
  })
  expect((await ask('reader', 'GET', '/trust-stores')).body).toEqual({ trustStores: [made.body] })
  expect((await ask('reader', 'GET', '/trust-stores/cars')).body).toEqual(made.body)
  expect((await ask('admin', 'DELETE', '/trust-stores/cars')).status).toBe(204)
  expect(await ask('reader', 'GET', '/trust-stores/cars')).toMatchObject({
    status: 404,
    body: { code: 'store_not_found' },
  })
})

test('a bundle that is refused leaves no store behind', async () => {
  const bundle = await store(toUtf8('no PEM'))
  expect(await ask('admin', 'POST', '/trust-stores', { name: 'cars', bundle })).toMatchObject({
    status: 422,
    body: { code: 'change_refused', refusal: 'bundle_malformed' },
  })
  expect((await ask('reader', 'GET', '/trust-stores')).body).toEqual({ trustStores: [] })
})

test.each([
  ['a name that is taken', 'cars', 409, 'name_taken'],
  ['a name that is none', '-cars', 400, 'request_malformed'],
])('%s', async (_name, name, status, code) => {
  await makeCars()
  const bundle = await store(toUtf8(pki.authority.anchorsPem))
  expect(await ask('admin', 'POST', '/trust-stores', { name, bundle })).toMatchObject({
    status,
    body: { code },
  })
})

describe('changes', () => {
  beforeEach(makeCars)

  test('a list is added, and its facts are in the document', async () => {
    const [list] = await pki.authority.crls(start, dayMs)
    const file = await store(list?.der ?? new Uint8Array())
    expect(await change('revoker', { kind: 'add_lists', lists: [{ file }] })).toMatchObject({
      status: 200,
      body: { epoch: 2 },
    })
    const { body } = await ask('reader', 'GET', '/trust-stores/cars/document')
    expect(body).toMatchObject({ form: 1, lists: [{ id: 1, file, source: 'upload', number: '2' }] })
    expect((await ask('reader', 'GET', '/trust-stores/cars/document?epoch=1')).body).toMatchObject({
      lists: [],
    })
  })

  test('what the gate refuses names the file and what is wrong with it', async () => {
    const file = await store(toUtf8('<html>'))
    expect(await change('revoker', { kind: 'add_lists', lists: [{ file }] })).toMatchObject({
      status: 422,
      body: {
        code: 'change_refused',
        refusal: 'malformed_crl',
        detail: expect.stringContaining(String(file)),
      },
    })
  })

  test('a serial is revoked, the word is in the log, and an operator rolls back', async () => {
    await change('revoker', revocation)
    expect(await change('admin', { kind: 'roll_back', epoch: 1 })).toMatchObject({
      body: { epoch: 3 },
    })
    const { body } = await ask('reader', 'GET', '/trust-stores/cars/audit?limit=2')
    expect(body).toMatchObject({
      entries: [
        {
          by: 'alice',
          change: { kind: 'roll_back', epoch: 1 },
          outcome: { kind: 'made', epoch: 3 },
        },
        { by: 'victor', change: { kind: 'revoke_serials' }, outcome: { kind: 'made', epoch: 2 } },
      ],
    })
  })

  test.each([
    ['an unknown kind', { kind: 'forget_everything' }, 'kind'],
    ['an unknown key', { ...revocation, all: true }, ''],
    ['a file name that is none', { kind: 'replace_bundle', file: '../x' }, 'file'],
    [
      'an issuer that is not base64',
      { kind: 'revoke_serials', serials: [{ ...word, issuer: '%' }] },
      'serials.0.issuer',
    ],
    ['no serials at all', { kind: 'revoke_serials', serials: [] }, 'serials'],
  ])('%s is told with its place', async (_name, body, at) => {
    expect(await change('admin', body)).toMatchObject({
      status: 400,
      body: { code: 'request_malformed', errors: [{ at }] },
    })
  })

  test.each([
    ['no JSON', '{"kind":', 400],
    ['more than a megabyte', JSON.stringify({ kind: 'x'.repeat(1_100_000) }), 413],
  ])('%s', async (_name, text, status) => {
    const response = await app.request('/api/v1/trust-stores/cars/changes', {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.admin}`, 'content-type': 'application/json' },
      body: text,
    })
    expect(response.status).toBe(status)
  })
})

describe('a token does what its scopes say, at its stores, and nothing else', () => {
  beforeEach(makeCars)

  test.each([
    ['reader', revocation],
    ['revoker', { kind: 'restore_serials', serials: [word] }],
    ['revoker', { kind: 'replace_intermediates' }],
    ['revoker', { kind: 'roll_back', epoch: 1 }],
    ['revoker', { kind: 'add_lists', lists: [{ file: 'f'.repeat(64), shrink: 'accept' }] }],
    ['revoker', { kind: 'add_lists', lists: [{ file: 'f'.repeat(64) }], removing: [1] }],
    ['elsewhere', revocation],
  ] as const)('%s may not: %j', async (who, body) => {
    expect(await change(who, body)).toMatchObject({ status: 403, body: { code: 'scope_missing' } })
    expect((await plane.store('cars').head())?.epoch).toBe(1)
  })

  test.each([
    ['GET', '/trust-stores'],
    ['POST', '/trust-stores/cars/changes'],
    ['DELETE', '/trust-stores/cars'],
    ['POST', '/files'],
    ['GET', '/nothing'],
  ])('without a token: %s %s is 401', async (method, path) => {
    expect(await ask(undefined, method, path)).toMatchObject({
      status: 401,
      body: { code: 'token_unknown' },
    })
  })

  test('a token for other stores sees none of these', async () => {
    expect((await ask('elsewhere', 'GET', '/trust-stores')).body).toEqual({ trustStores: [] })
    expect((await ask('elsewhere', 'GET', '/trust-stores/cars')).status).toBe(403)
  })
})

test('the OpenAPI document names every route', async () => {
  const { body } = await ask('reader', 'GET', '/openapi.json')
  expect(Object.keys(body['paths'] as object).toSorted()).toEqual([
    '/edge-metrics',
    '/files',
    '/files/{file}',
    '/listeners/{name}',
    '/metrics',
    '/trust-stores',
    '/trust-stores/{name}',
    '/trust-stores/{name}/anchors',
    '/trust-stores/{name}/audit',
    '/trust-stores/{name}/changes',
    '/trust-stores/{name}/document',
    '/trust-stores/{name}/findings',
    '/trust-stores/{name}/sources',
    '/trust-stores/{name}/sources/discover',
    '/trust-stores/{name}/sources/{id}',
    '/trust-stores/{name}/sources/{id}/fetch',
  ])
})
