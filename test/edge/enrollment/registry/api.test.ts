import type { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { createControlApp } from '#edge/control/app.ts'
import type { DeviceRegistry } from '#edge/enrollment/registry/device-registry.ts'
import { toBase64 } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import { createCa, issue, issueCa, type Overrides } from '../../../shared/pki.ts'
import { apiToken, memoryPlane } from '../../control/plane.ts'
import { start } from '../../stage.ts'
import { attemptOf, digest } from './ca.ts'
import { dayMs, enrol, memoryRegistry } from './stage.ts'

const tokens = {
  admin: 'a'.repeat(40),
  reader: 'r'.repeat(40),
  revoker: 'v'.repeat(40),
  elsewhere: 'e'.repeat(40),
  registrar: 'g'.repeat(40),
} as const

type Who = keyof typeof tokens

let registry: DeviceRegistry
let app: Hono

beforeEach(async () => {
  ;({ registry } = memoryRegistry())
  app = createControlApp({ ...memoryPlane(), registry }, [
    await apiToken('alice', tokens.admin, ['read', 'revoke', 'write', 'roll-back', 'admin']),
    await apiToken('rita', tokens.reader, ['read']),
    await apiToken('victor', tokens.revoker, ['revoke']),
    await apiToken('eve', tokens.elsewhere, ['read', 'revoke', 'write', 'admin'], ['meters']),
    await apiToken('greg', tokens.registrar, ['read', 'write'], ['registry:devices']),
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
  const response = await app.request(`/api/v1/registry${path}`, {
    method,
    headers: {
      ...(who && { authorization: `Bearer ${tokens[who]}` }),
      'content-type': 'application/json',
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) }
}

const devices = [{ name: 'car-1', classes: ['model:x'] }, { name: 'spiffe://fleet/car/2' }] as const

const suspension = { status: 'suspended', because: 'a doubt' }

describe('scopes', () => {
  const key = '0'.repeat(64)
  // Who may, of those with one scope alone, and nobody with a token for other stores.
  test.each([
    ['GET', '/devices', undefined, 'read'],
    ['GET', '/counts', undefined, 'read'],
    ['GET', '/devices/car-1', undefined, 'read'],
    ['POST', '/devices/car-1/status', suspension, 'revoke'],
    ['POST', '/devices/car-1/status', { status: 'active', because: 'no doubt' }, 'write'],
    ['PUT', '/devices/car-1/classes', { classes: [] }, 'write'],
    ['POST', '/devices/car-1/revoke-certificate', { issuerKeyId: '', serial: '0A' }, 'revoke'],
    ['GET', '/classes', undefined, 'read'],
    ['POST', '/classes/model:x/suspend', { because: 'recalled' }, 'revoke'],
    ['POST', '/classes/model:x/resume', undefined, 'write'],
    ['GET', '/claims', undefined, 'read'],
    ['POST', '/claims', { forMs: 1000 }, 'write'],
    ['DELETE', `/claims/${'0'.repeat(16)}`, undefined, 'revoke'],
    ['POST', '/challenges', undefined, 'write'],
    ['GET', '/authorities', undefined, 'read'],
    ['POST', '/authorities', { certificate: 'MAA=', verification: 'MAA=' }, 'write'],
    ['PATCH', `/authorities/${key}`, { status: 'disabled' }, 'revoke'],
    ['PATCH', `/authorities/${key}`, { status: 'enabled' }, 'write'],
    ['PATCH', `/authorities/${key}`, { status: 'disabled', classes: [] }, 'write'],
    ['DELETE', `/authorities/${key}`, undefined, 'write'],
    ['POST', '/first-connections', { device: 'a', leaf: 'MAA=', cas: [key] }, 'write'],
    ['POST', '/import', { devices }, 'write'],
    ['POST', '/publish', undefined, 'write'],
    ['GET', '/export', undefined, 'read'],
    ['POST', '/forget-key', { keySha256: key }, 'write'],
    ['GET', '/audit', undefined, 'read'],
  ] as const)('%s %s %o takes %s', async (method, path, body, scope) => {
    const status = async (who: Who | undefined) => (await ask(who, method, path, body)).status
    expect(await status(undefined)).toBe(401)
    expect(await status('elsewhere')).toBe(403)
    expect((await status('reader')) === 403).toBe(scope !== 'read')
    expect((await status('revoker')) === 403).toBe(scope !== 'revoke')
    expect((await status('registrar')) === 403).toBe(scope === 'revoke')
    expect(await status('admin')).not.toBe(403)
  })
})

test('devices are brought, told, changed, and who did it', async () => {
  expect(await ask('admin', 'POST', '/import', { devices })).toEqual({
    status: 200,
    body: { outcomes: ['added', 'added'] },
  })
  expect((await ask('reader', 'GET', '/devices?class=model:x')).body).toMatchObject({
    devices: [{ name: 'car-1', status: 'active' }],
  })
  expect(await ask('revoker', 'POST', '/devices/car-1/status', suspension)).toMatchObject({
    status: 200,
    body: { device: { status: 'suspended' } },
  })
  const spiffe = `/devices/${encodeURIComponent('spiffe://fleet/car/2')}`
  expect((await ask('reader', 'GET', spiffe)).body).toMatchObject({ name: 'spiffe://fleet/car/2' })
  expect((await ask('reader', 'GET', '/devices/car-1')).body).toMatchObject({
    history: [
      { by: 'victor', status: 'suspended', because: 'a doubt' },
      { by: 'alice', status: 'active', because: 'imported' },
    ],
  })
  expect((await ask('reader', 'GET', '/counts')).body).toMatchObject({ active: 1, suspended: 1 })
  await ask('admin', 'POST', '/devices/car-1/status', { status: 'revoked', because: 'stolen' })
  expect(
    await ask('admin', 'POST', '/devices/car-1/status', { status: 'active', because: 'found' }),
  ).toMatchObject({ status: 409, body: { code: 'transition_refused' } })
})

test('what comes in goes out, and in again: nothing is added twice', async () => {
  const keySha256 = await digest('key')
  const certificate = {
    issuerKeyId: 'aa',
    issuer: 'MAA=',
    serial: '0a:ff',
    keySha256,
    notBefore: 0,
    notAfter: 1,
  }
  const row = { name: 'car-1', status: 'suspended', classes: ['x'], certificates: [certificate] }
  await ask('admin', 'POST', '/import', { devices: [row] })
  const { body } = await ask('reader', 'GET', '/export')
  expect(body).toEqual({
    devices: [{ ...row, certificates: [{ ...certificate, serial: '0AFF' }] }],
  })
  expect((await ask('admin', 'POST', '/import', body)).body).toEqual({ outcomes: ['known'] })
  const others = [
    { name: 'CAR-1' },
    { name: 'car-2', certificates: [certificate] },
    { name: 'bad name' },
    { name: 'car-3', classes: ['bad class'] },
    { name: 'car-4' },
    { name: 'car-4' },
    { name: 'car-5', certificates: [{ ...certificate, serial: '0B' }] },
  ]
  expect((await ask('admin', 'POST', '/import', { devices: others })).body).toEqual({
    outcomes: [
      'name_taken',
      'key_taken',
      'name_malformed',
      'class_malformed',
      'added',
      'twice',
      'key_taken',
    ],
  })
})

test('a token is told once, and enrols', async () => {
  const order = { quota: 1, forMs: dayMs, classes: ['model:x'] }
  const { body, status } = await ask('admin', 'POST', '/claims', order)
  expect(status).toBe(201)
  const token = String(body['token'])
  expect(token).toMatch(/^sallyport_claim_[\w-]{43}$/)
  const told = JSON.stringify((await ask('reader', 'GET', '/claims')).body)
  expect(told).not.toContain(token)
  expect(told).not.toContain(await digest(token))
  const claimant = { kind: 'claim', secretSha256: await digest(token) } as const
  expect(await enrol(registry, await attemptOf('car-1', 'k', claimant), 'k')).toMatch(/^30/)
  expect((await ask('reader', 'GET', '/audit')).body).toMatchObject({
    entries: [{ by: 'alice', what: expect.stringContaining('claim') }],
  })
})

describe('a CA is registered by the proof that its key is at hand', () => {
  const validity = { notBefore: shift(start, -dayMs), notAfter: shift(start, dayMs) }
  const proof = async (bent: Overrides & { readonly below?: 'another CA' | 'a CA below' } = {}) => {
    const { nonce } = (await ask('admin', 'POST', '/challenges')).body
    const ca = await createCa({ subject: 'Factory', ...validity })
    const signers = {
      'another CA': () => createCa({ subject: 'Factory', ...validity }),
      'a CA below': () => issueCa(ca, { subject: 'Below', ...validity }),
    }
    const signer = bent.below === undefined ? ca : await signers[bent.below]()
    const leaf = await issue(signer, { subject: String(nonce), ...validity, ...bent })
    return { certificate: toBase64(ca.der), verification: toBase64(leaf.der) }
  }

  test('once', async () => {
    const order = await proof()
    const made = await ask('admin', 'POST', '/authorities', { ...order, classes: ['factory:1'] })
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'CN=Factory', status: 'enabled', firstConnection: 'refuse' },
    })
    expect(await ask('admin', 'POST', '/authorities', order)).toMatchObject({
      status: 422,
      body: { code: 'ca_not_proven' },
    })
  })

  test.each([
    ['named after something else', { subject: 'a guess' }],
    ['signed by another CA of that name', { below: 'another CA' }],
    ['signed by a CA below it', { below: 'a CA below' }],
    ['expired', { notAfter: shift(start, -1000) }],
  ] as const)('the verification certificate is %s', async (_, bent) => {
    expect(await ask('admin', 'POST', '/authorities', await proof(bent))).toMatchObject({
      status: 422,
      body: { code: 'ca_not_proven' },
    })
  })

  test('a device’s certificate is none of a CA', async () => {
    const { verification } = await proof()
    const order = { certificate: verification, verification }
    expect(await ask('admin', 'POST', '/authorities', order)).toMatchObject({ status: 422 })
  })

  test.each([
    ['pending', { status: 200, body: { device: { status: 'pending', classes: ['jitr'] } } }],
    ['active', { status: 200, body: { device: { status: 'active' } } }],
    ['refuse', { status: 422, body: { code: 'first_connection_refused' } }],
  ] as const)('a first connection below it: %s', async (firstConnection, answer) => {
    const order = { ...(await proof()), firstConnection, classes: ['jitr'] }
    const { keySha256 } = (await ask('admin', 'POST', '/authorities', order)).body
    const ca = await createCa({ subject: 'Factory', ...validity })
    const leaf = toBase64((await issue(ca, { subject: 'car-1', ...validity })).der)
    const connection = { device: 'car-1', leaf, cas: [keySha256] }
    expect(await ask('admin', 'POST', '/first-connections', connection)).toMatchObject(answer)
    expect(await ask('admin', 'POST', '/first-connections', connection)).toMatchObject(answer)
    await ask('admin', 'PATCH', `/authorities/${String(keySha256)}`, { status: 'disabled' })
    // The device's own row is the most specific entry, where it has one.
    expect(await ask('admin', 'POST', '/first-connections', connection)).toMatchObject(
      firstConnection === 'refuse' ? { body: { code: 'ca_disabled' } } : answer,
    )
    const other = toBase64((await issue(ca, { subject: 'car-2', ...validity })).der)
    const unknown = { ...connection, device: 'car-2', leaf: other }
    expect(await ask('admin', 'POST', '/first-connections', unknown)).toMatchObject({
      status: 422,
      body: { code: 'ca_disabled' },
    })
  })
})

test('the OpenAPI document tells of it', async () => {
  const response = await app.request('/api/v1/openapi.json', {
    headers: { authorization: `Bearer ${tokens.reader}` },
  })
  const { paths } = (await response.json()) as { readonly paths: object }
  expect(Object.keys(paths).filter((path) => path.startsWith('/registry/'))).toHaveLength(20)
})
