import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { factsOfCertificate } from '#edge/enrollment/registry/certificates.ts'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { bundleWorker } from '#simulator/engine/bundle-worker.ts'
import { cfOf, chainOf } from '../../../runtime/given.ts'
import { apiToken } from '../../control/plane.ts'
import { dayMs } from './stage.ts'

/** The registry in Durable Objects, and an edge worker whose trust store it tells: in workerd. */
const token = 't'.repeat(40)
const now = instantFromMs(Date.now())
let runtime: Miniflare
let authority: Authority

beforeAll(async () => {
  const [control, edge] = await Promise.all([
    bundleWorker('edge/control/worker.ts'),
    bundleWorker('edge/worker.ts'),
  ])
  const tokens = [await apiToken('alice', token, ['read', 'revoke', 'write', 'admin'])]
  const shared = { compatibilityDate: '2026-10-15', r2Buckets: { TRUST: 'sallyport-trust' } }
  runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      log: new Log(LogLevel.NONE),
      cf: false,
      handleStructuredLogs: () => undefined,
      workers: [
        {
          ...shared,
          name: 'control',
          modules: [{ type: 'ESModule', path: 'control.mjs', contents: control.text }],
          routes: ['control.example/*'],
          bindings: { API_TOKENS: JSON.stringify(tokens) },
          durableObjects: {
            STORES: { className: 'TrustStoreObject', useSQLite: true },
            DIRECTORY: { className: 'DirectoryObject', useSQLite: true },
            REGISTRY: { className: 'RegistryObject', useSQLite: true },
          },
        },
        {
          ...shared,
          name: 'edge',
          modules: [{ type: 'ESModule', path: 'edge.mjs', contents: edge.text }],
          routes: ['edge.example/*'],
          // Asked at every request: nothing here waits for time to pass.
          bindings: { TRUST_STORE: 'cars', MAX_STALENESS: '0s', CRL_ABSENT: 'accept' },
          serviceBindings: { TRUST_STORE_FEED: { name: 'control', entrypoint: 'TrustStoreFeed' } },
        },
      ],
    }),
  )
  authority = await createAuthority({ seed: 7, start: now, intermediates: 1, ledger: new Ledger() })
  const bundle = await api('POST', '/files', toUtf8(authority.anchorsPem))
  await api('POST', '/trust-stores', { name: 'cars', bundle: bundle['file'] })
  const crls = await authority.crls(shift(now, -60_000), 30 * dayMs)
  const lists = []
  for (const { der } of crls) lists.push({ file: (await api('POST', '/files', der))['file'] })
  await api('POST', '/trust-stores/cars/changes', { kind: 'add_lists', lists })
}, 120_000)

afterAll(() => runtime.dispose())

async function api(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const isOctets = body instanceof Uint8Array
  const response = await runtime.dispatchFetch(`http://control.example/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': isOctets ? 'application/octet-stream' : 'application/json',
    },
    ...(body !== undefined && { body: isOctets ? (body as Bytes) : JSON.stringify(body) }),
  })
  return { status: response.status, ...((await response.json()) as object) }
}

async function knock(device: DeviceCredential): Promise<string> {
  const cf: object = cfOf(...chainOf(device))
  const response = await runtime.dispatchFetch('http://edge.example/', { cf })
  const answer = (await response.json()) as { readonly code?: string; readonly device?: object }
  return answer.device === undefined ? (answer.code ?? '?') : 'in'
}

/** A device with a certificate, and its row of an import. */
async function deviceOf(name: string, classes: readonly string[]) {
  const validity = { notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs) }
  const credential = await authority.issue({ device: name, kind: 'car', ...validity, at: now })
  const leaf = parseCertificate(credential.leafDer)
  if (!leaf.ok) throw new Error('the leaf cannot be read')
  return {
    credential,
    row: { name, classes, certificates: [await factsOfCertificate(leaf.value)] },
  }
}

const published = [{ store: 'cars', entries: 1 }]

test('a device suspended, and one of a class that is, are out at the next request, and in again', async () => {
  const [one, other] = [await deviceOf('car-1', []), await deviceOf('car-2', ['model:x'])]
  expect(await api('POST', '/registry/import', { devices: [one.row, other.row] })).toEqual({
    status: 200,
    outcomes: ['added', 'added'],
  })
  const knocks = async () => [await knock(one.credential), await knock(other.credential)]
  expect(await knocks()).toEqual(['in', 'in'])
  const status = '/registry/devices/car-1/status'
  const suspension = { status: 'suspended', because: 'a doubt' }
  expect(await api('POST', status, suspension)).toMatchObject({ status: 200, published })
  expect(await knocks()).toEqual(['revoked', 'in'])
  await api('POST', '/registry/classes/model:x/suspend', { because: 'recalled' })
  expect(await knocks()).toEqual(['revoked', 'revoked'])
  await api('POST', status, { status: 'active', because: 'no doubt' })
  expect(await knocks()).toEqual(['in', 'revoked'])
  await api('POST', '/registry/classes/model:x/resume')
  expect(await knocks()).toEqual(['in', 'in'])
  expect(await api('GET', '/registry/devices/car-1')).toMatchObject({
    name: 'car-1',
    history: [{ status: 'active' }, { status: 'suspended', by: 'alice' }, { because: 'imported' }],
  })
})

test('claims and counts lie in objects of their own', async () => {
  expect(await api('POST', '/registry/claims', { forMs: 1000 })).toMatchObject({ status: 201 })
  expect(await api('GET', '/registry/claims')).toMatchObject({ claims: [{ used: 0, quota: 1 }] })
  expect(await api('GET', '/registry/counts')).toMatchObject({ active: 2 })
})
