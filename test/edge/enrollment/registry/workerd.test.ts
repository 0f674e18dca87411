import { afterAll, beforeAll, expect, test } from 'vitest'
import { factsOfCertificate } from '#edge/enrollment/registry/certificates.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { deploy, type Deployed } from '../../../runtime/deployed.ts'
import { chainOf } from '../../../runtime/given.ts'
import { dayMs } from './stage.ts'

/** The registry in Durable Objects, and an edge worker whose trust store it tells: in workerd. */
const now = instantFromMs(Date.now())
let plane: Deployed
let authority: Authority

beforeAll(async () => {
  plane = await deploy({
    // Asked at every request: nothing here waits for time to pass.
    edges: { edge: { MAX_STALENESS: '0s', CRL_ABSENT: 'accept' } },
    hasRegistry: true,
  })
  authority = await createAuthority({ seed: 7, start: now, intermediates: 1, ledger: new Ledger() })
  const bundle = await api('POST', '/files', toUtf8(authority.anchorsPem))
  await api('POST', '/trust-stores', { name: 'cars', bundle: bundle['file'] })
  const crls = await authority.crls(shift(now, -60_000), 30 * dayMs)
  const lists = []
  for (const { der } of crls) lists.push({ file: (await api('POST', '/files', der))['file'] })
  await api('POST', '/trust-stores/cars/changes', { kind: 'add_lists', lists })
}, 120_000)

afterAll(() => plane.runtime.dispose())

const api: Deployed['api'] = (...asked) => plane.api(...asked)
const knock = (device: DeviceCredential): Promise<string> => plane.knock('edge', ...chainOf(device))

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
