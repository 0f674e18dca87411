import type { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { createControlApp } from '#edge/control/app.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { dayMs } from '../../runtime/given.ts'
import { createPki, start, type Pki } from '../stage.ts'
import { apiToken, memoryPlane, type MemoryPlane } from './plane.ts'

const tokens = {
  admin: 'a'.repeat(40),
  reader: 'r'.repeat(40),
  revoker: 'v'.repeat(40),
  elsewhere: 'e'.repeat(40),
} as const

const address = 'https://crl.example.com/issuing.crl'
let pki: Pki
let plane: MemoryPlane
let app: Hono

beforeEach(async () => {
  pki = await createPki()
  plane = memoryPlane()
  app = createControlApp(plane, [
    await apiToken('alice', tokens.admin, ['read', 'revoke', 'write', 'admin']),
    await apiToken('rita', tokens.reader, ['read']),
    await apiToken('victor', tokens.revoker, ['revoke'], ['cars']),
    await apiToken('eve', tokens.elsewhere, ['read', 'revoke', 'write'], ['meters']),
  ])
  const body = toUtf8(pki.authority.anchorsPem)
  const { file } = (await (await ask('admin', 'POST', '/files', body)).json()) as { file: string }
  await ask('admin', 'POST', '/trust-stores', { name: 'cars', bundle: file })
  const [root] = await pki.authority.crls(start, dayMs)
  plane.published.set(address, new Response(root?.der ?? null, { headers: { etag: '"1"' } }))
})

async function ask(
  who: keyof typeof tokens,
  method: string,
  path: string,
  body?: object,
): Promise<Response> {
  const isOctets = body instanceof Uint8Array
  return app.request(`/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${tokens[who]}`,
      'content-type': isOctets ? 'application/octet-stream' : 'application/json',
    },
    ...(body !== undefined && { body: isOctets ? new Uint8Array(body) : JSON.stringify(body) }),
  })
}

async function answered(...asked: Parameters<typeof ask>): Promise<Record<string, unknown>> {
  const response = await ask(...asked)
  const text = await response.text()
  return { status: response.status, ...(text === '' ? {} : (JSON.parse(text) as object)) }
}

const sources = '/trust-stores/cars/sources'
const source = { kind: 'url', location: address }

const auditPage = async (query: string): Promise<unknown> =>
  (await answered('reader', 'GET', `/trust-stores/cars/audit?${query}`))['entries']

describe('sources over the API', () => {
  test('who added and removed one is in the audit log, in one order with the changes', async () => {
    await ask('admin', 'POST', sources, { ...source, location: `${address}?key=hush` })
    const file = { kind: 'replace_bundle', file: 'f'.repeat(64) }
    await ask('admin', 'POST', '/trust-stores/cars/changes', file)
    await ask('admin', 'DELETE', `${sources}/1`)
    const location = `${address}?…`
    const [removed, refused, added, made] = [
      { id: 4, by: 'alice', change: { kind: 'remove_source', source: 1, location } },
      { id: 3, outcome: { kind: 'refused' } },
      { id: 2, change: { kind: 'add_source', source: 1, location }, outcome: { kind: 'done' } },
      { id: 1, outcome: { kind: 'made', epoch: 1 } },
    ]
    expect(await auditPage('limit=9')).toMatchObject([removed, refused, added, made])
    expect(await auditPage('limit=2')).toMatchObject([removed, refused])
    expect(await auditPage('limit=2&before=3')).toMatchObject([added, made])
  })

  test('added, asked, told, removed', async () => {
    expect(await answered('admin', 'POST', sources, source)).toMatchObject({
      status: 201,
      id: 1,
      location: address,
      everyMs: 3_600_000,
      addedBy: 'alice',
      failures: 0,
    })
    expect(await answered('revoker', 'POST', `${sources}/1/fetch`)).toMatchObject({
      status: 200,
      etag: '"1"',
      lastOutcome: { kind: 'taken', epoch: 2 },
    })
    expect(await answered('reader', 'GET', sources)).toMatchObject({ sources: [{ id: 1 }] })
    expect(await answered('reader', 'GET', '/trust-stores/cars/document')).toMatchObject({
      lists: [{ source: address }],
    })
    expect(await answered('admin', 'DELETE', `${sources}/1`)).toEqual({ status: 204 })
    expect(await answered('reader', 'GET', sources)).toMatchObject({ sources: [] })
  })

  test('discovered: nothing is named here, and that is no fault', async () => {
    expect(await answered('admin', 'POST', `${sources}/discover`)).toEqual({
      status: 200,
      added: [],
      passed: [],
    })
  })

  test.each([
    ['reader', 'POST', sources, source, 403, 'scope_missing'],
    ['revoker', 'POST', sources, source, 403, 'scope_missing'],
    ['revoker', 'DELETE', `${sources}/1`, undefined, 403, 'scope_missing'],
    ['reader', 'POST', `${sources}/1/fetch`, undefined, 403, 'scope_missing'],
    ['reader', 'POST', `${sources}/discover`, undefined, 403, 'scope_missing'],
    ['elsewhere', 'GET', sources, undefined, 403, 'scope_missing'],
    ['elsewhere', 'GET', '/trust-stores/cars/findings', undefined, 403, 'scope_missing'],
    ['admin', 'POST', `${sources}/9/fetch`, undefined, 404, 'source_not_found'],
    ['admin', 'DELETE', `${sources}/9`, undefined, 404, 'source_not_found'],
    ['admin', 'DELETE', `${sources}/x`, undefined, 400, 'request_malformed'],
    ['admin', 'GET', '/trust-stores/nobody/sources', undefined, 404, 'store_not_found'],
    ['admin', 'POST', sources, { kind: 'url' }, 400, 'request_malformed'],
    ['admin', 'POST', sources, { ...source, password: 'x' }, 400, 'request_malformed'],
    ['admin', 'POST', sources, { ...source, kind: 'ftp' }, 400, 'request_malformed'],
    ['admin', 'POST', sources, { ...source, everyMs: 1 }, 422, 'source_malformed'],
    [
      'admin',
      'POST',
      sources,
      { kind: 'url', location: 'http://[::ffff:169.254.169.254]/' },
      422,
      'source_malformed',
    ],
  ] as const)('%s %s %s %j: %i %s', async (...[who, method, path, body, status, code]) => {
    expect(await answered(who, method, path, body)).toMatchObject({ status, code })
    expect(await answered('admin', 'GET', sources)).toMatchObject({ sources: [] })
  })

  test('the same location twice is a conflict that names the first', async () => {
    await answered('admin', 'POST', sources, source)
    expect(await answered('admin', 'POST', sources, source)).toMatchObject({
      status: 409,
      code: 'source_known',
      detail: 'source 1 is of this location already',
    })
  })
})

test('findings over the API: what is wrong, and what to do', async () => {
  expect(await answered('reader', 'GET', '/trust-stores/cars/findings')).toMatchObject({
    status: 200,
    findings: [{ code: 'list_missing', severity: 'warning', advice: expect.any(String) }],
  })
})

const page = async (who: keyof typeof tokens): Promise<string> =>
  (await ask(who, 'GET', '/metrics')).text()

describe('metrics of the control plane', () => {
  test('count findings and sources of a store, with no subject and no address', async () => {
    await answered('admin', 'POST', sources, source)
    await answered('admin', 'POST', `${sources}/1/fetch`)
    const text = await page('reader')
    expect(text).toContain('sallyport_trust_store_epoch{store="cars"} 2')
    expect(text).toContain('sallyport_trust_store_sources{store="cars",state="well"} 1')
    expect(text).toContain(
      `sallyport_trust_store_next_update_timestamp_seconds{store="cars"} ${(start + dayMs) / 1000}`,
    )
    expect(text).not.toContain('crl.example.com')
    plane.clock.advance(dayMs)
    expect(await page('reader')).toContain(
      'sallyport_trust_store_findings{store="cars",code="list_expired",severity="severe"} 1',
    )
  })

  test('of the stores that the token is for, and of a reader alone', async () => {
    expect(await page('elsewhere')).not.toContain('cars')
    expect((await ask('revoker', 'GET', '/metrics')).status).toBe(403)
  })
})
