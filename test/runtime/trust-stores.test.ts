import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toBase64, toHex, toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { deploy, operatorToken, type Deployed } from './deployed.ts'
import { chainOf, dayMs } from './given.ts'

/**
 * The control plane and an edge worker as they are deployed: each its own worker in workerd, Durable
 * Objects and the bucket behind them, on the machine's own clock.
 */
const now = instantFromMs(Date.now())
let plane: Deployed
let authority: Authority

beforeAll(async () => {
  // Asked at every request: nothing here waits for time to pass.
  plane = await deploy({ edges: { edge: { MAX_STALENESS: '0s' } } })
  authority = await createAuthority({ seed: 7, start: now, intermediates: 1, ledger: new Ledger() })
}, 60_000)

afterAll(() => plane.runtime.dispose())

const api: Deployed['api'] = (...asked) => plane.api(...asked)

const stored = async (octets: Bytes): Promise<unknown> =>
  (await api('POST', '/files', octets))['file']

const change = (body: object): Promise<Record<string, unknown>> =>
  api('POST', '/trust-stores/cars/changes', body)

const knock = (device: DeviceCredential): Promise<string> => plane.knock('edge', ...chainOf(device))

function issue(device: string): Promise<DeviceCredential> {
  const validity = { notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs) }
  return authority.issue({ device, kind: 'car', ...validity, at: now })
}

/** Whether it is known when a device last came in, of each anchor. */
async function usedAt(): Promise<readonly string[]> {
  const { anchors } = await api('GET', '/trust-stores/cars/anchors')
  return (anchors as { readonly usedAt?: number }[]).map((each) => typeof each.usedAt)
}

// The first of all requests starts both workers.
test('before the store is made nobody is let in', { timeout: 60_000 }, async () => {
  expect(await knock(await issue('car-0'))).toBe('trust_store_unavailable')
})

describe('from an empty account to a refused device', () => {
  test('a store of a bundle and lists: a device is let in', async () => {
    const bundle = await stored(toUtf8(authority.anchorsPem))
    expect(await api('POST', '/trust-stores', { name: 'cars', bundle })).toMatchObject({
      status: 'ACTIVE',
      name: 'cars',
    })
    const car = await issue('car-1')
    expect(await knock(car)).toBe('revocation_unknown')
    const crls = await authority.crls(shift(now, -60_000), 30 * dayMs)
    const lists = await Promise.all(crls.map(async ({ der }) => ({ file: await stored(der) })))
    expect(await change({ kind: 'add_lists', lists })).toMatchObject({ status: 200, epoch: 2 })
    expect(await knock(car)).toBe('in')
  })

  test('the store knows which of its anchors devices come in by', async () => {
    const other = await createAuthority({
      seed: 8,
      start: now,
      intermediates: 1,
      ledger: new Ledger(),
    })
    const bundle = await stored(toUtf8(authority.anchorsPem + other.anchorsPem))
    expect(await change({ kind: 'replace_bundle', file: bundle })).toMatchObject({ status: 200 })
    // A first request lets the device in, the next asks for the epoch.
    const car = await issue('car-anchored')
    expect([await knock(car), await knock(car)]).toEqual(['in', 'in'])
    expect(await usedAt()).toEqual(['number', 'undefined'])
  })

  test('its serial is revoked by word: out, and in again when the word is taken back', async () => {
    const car = await issue('car-2')
    const other = await issue('car-3')
    const leaf = parseCertificate(car.leafDer)
    if (!leaf.ok) throw new Error('the leaf cannot be read')
    const { issuer, serial } = leaf.value
    const serials = [{ issuer: toBase64(issuer), serial: toHex(serial) }]
    expect(await knock(car)).toBe('in')
    expect(await change({ kind: 'revoke_serials', serials })).toMatchObject({ status: 200 })
    expect([await knock(car), await knock(other)]).toEqual(['revoked', 'in'])
    expect(await change({ kind: 'restore_serials', serials })).toMatchObject({ status: 200 })
    expect(await knock(car)).toBe('in')
  })

  test('a list that an error page came in place of changes nothing', async () => {
    const lists = [{ file: await stored(toUtf8('<html>503 Service Unavailable</html>')) }]
    expect(await change({ kind: 'add_lists', lists })).toMatchObject({
      status: 422,
      refusal: 'malformed_crl',
    })
    expect(await knock(await issue('car-4'))).toBe('in')
  })

  test('the store is deleted: nobody is let in any more', async () => {
    const car = await issue('car-5')
    const response = await plane.runtime.dispatchFetch(
      'http://control.example/api/v1/trust-stores/cars',
      {
        method: 'DELETE',
        headers: { authorization: `Bearer ${operatorToken}` },
      },
    )
    expect(response.status).toBe(204)
    expect(await knock(car)).toBe('trust_store_unavailable')
  })
})
