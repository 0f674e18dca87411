import { beforeEach, describe, expect, test } from 'vitest'
import type { ListenerVariables } from '#edge/variables.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf, dayMs, keyRing } from '../../runtime/given.ts'
import {
  codeOf,
  createPki,
  createStage,
  requestOf,
  staleMs,
  start,
  type Pki,
  type Stage,
} from '../stage.ts'

const minuteMs = 60_000

let pki: Pki
let car: DeviceCredential

beforeEach(async () => {
  pki = await createPki()
  car = await pki.issue('car-1')
})

/** A listener that answers by itself, so that it says whom it let in and how. */
function stageOf(variables: ListenerVariables = {}): Promise<Stage> {
  return createStage(pki, { variables, target: undefined })
}

const presented = (credential: DeviceCredential): object => cfOf(...chainOf(credential))

const forge = (): Promise<DeviceCredential> =>
  pki.authority.forge({ ...car, device: 'car-1', kind: 'car' })

describe('verify', () => {
  test('a device of the fleet is let in by name', async () => {
    const { app } = await stageOf()
    const response = await app.request(requestOf(presented(car)))
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await response.json()).toMatchObject({
      device: { serial: car.serial, spiffeId: 'spiffe://fleet.sallyport.example/car/car-1' },
      session: 'none',
    })
  })

  interface Refused {
    readonly name: string
    readonly cf: () => Promise<object | undefined> | object | undefined
    readonly status: number
    readonly code: string
  }

  const refusals: readonly Refused[] = [
    { name: 'no certificate', cf: () => cfOf(), status: 401, code: 'no_certificate' },
    { name: 'no facts at all', cf: () => undefined, status: 401, code: 'no_certificate' },
    {
      name: 'facts of another shape',
      cf: () => ({ tlsClientAuth: { certPresented: 'yes' } }),
      status: 400,
      code: 'presentation_malformed',
    },
    {
      name: 'a leaf too large for Cloudflare',
      cf: () => ({
        tlsClientAuth: {
          ...cfOf(...chainOf(car)).tlsClientAuth,
          certRFC9440: '',
          certRFC9440TooLarge: true,
        },
      }),
      status: 431,
      code: 'certificate_withheld',
    },
    {
      name: 'a leaf that is no DER',
      cf: () => cfOf(Uint8Array.of(0x30, 0x80)),
      status: 400,
      code: 'malformed_certificate',
    },
    {
      name: 'a leaf without its intermediate',
      cf: () => cfOf(car.leafDer),
      status: 403,
      code: 'untrusted',
    },
    {
      name: 'a forged chain',
      cf: async () => cfOf(...chainOf(await forge())),
      status: 403,
      code: 'signature_invalid',
    },
    {
      name: 'what Cloudflare says is revoked',
      cf: () => ({
        tlsClientAuth: { ...cfOf(...chainOf(car)).tlsClientAuth, certRevoked: '1' },
      }),
      status: 403,
      code: 'revoked',
    },
  ]

  test.each(refusals)('$name: $code', async ({ cf, status, code }) => {
    const { app } = await stageOf()
    const response = await app.request(requestOf(await cf()))
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await codeOf(response)).toBe(code)
  })

  test.each([
    { at: 30 * dayMs, status: 200 },
    { at: 30 * dayMs + 1000, status: 403 },
  ])('RFC 5280 4.1.2.5: $at ms after its beginning: $status', async ({ at, status }) => {
    const { app, clock } = await stageOf()
    clock.set(shift(start, at))
    expect((await app.request(requestOf(presented(car)))).status).toBe(status)
  })

  test.each([
    { at: 44 * dayMs, status: 200 },
    { at: 44 * dayMs + 1000, status: 403 },
  ])('grace of 14 days, $at ms after its beginning: $status', async ({ at, status }) => {
    const { app, clock } = await stageOf({ EXPIRED: 'grace 14d' })
    clock.set(shift(start, at))
    expect((await app.request(requestOf(presented(car)))).status).toBe(status)
  })

  test.each([
    { at: 90 * dayMs, status: 200 },
    { at: 90 * dayMs + 1000, status: 503 },
  ])('lists end: $at ms after the beginning: $status', async ({ at, status }) => {
    const meter = await pki.issue('meter', 365)
    const { app, clock } = await stageOf()
    clock.set(shift(start, at))
    const response = await app.request(requestOf(presented(meter)))
    expect(response.status).toBe(status)
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '5' : null)
  })

  test('a refusal names no certificate, no serial and no date', async () => {
    const { app } = await stageOf()
    pki.authority.revoke(car.serial, start, 'keyCompromise')
    await pki.publish(start)
    const response = await app.request(requestOf(presented(car)))
    expect(await response.json()).toEqual({
      type: 'urn:sallyport:problem:revoked',
      title: 'The client certificate has been revoked',
      status: 403,
      code: 'revoked',
      instance: expect.stringMatching(/^urn:sallyport:occurrence:[0-9a-f]{32}$/),
    })
    expect(response.headers.get('set-cookie')).toBeNull()
  })
})

describe('without a trust store nothing is decided', () => {
  test.each(['none', 'damaged'])('anchors: %s', async (anchors) => {
    if (anchors === 'none') pki.bucket.remove('anchors.pem')
    else pki.bucket.put('anchors.pem', toUtf8('<html>'))
    const { app, problems } = await stageOf()
    const response = await app.request(requestOf(presented(car)))
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await codeOf(response)).toBe('trust_store_unavailable')
    expect(problems.map(({ name }) => name)).toContain('anchors.pem')
  })

  test('a revoked device stays out while the bucket is away', async () => {
    pki.authority.revoke(car.serial, start, 'keyCompromise')
    await pki.publish(start)
    const { app, clock } = await stageOf()
    expect((await app.request(requestOf(presented(car)))).status).toBe(403)
    pki.bucket.fails = 'listing'
    clock.advance(dayMs)
    expect(await codeOf(await app.request(requestOf(presented(car))))).toBe('revoked')
  })
})

describe('passthrough and off decide nothing', () => {
  test.each(['passthrough', 'off'])('%s lets everybody through', async (MODE) => {
    pki.bucket.remove('anchors.pem')
    const { app } = await stageOf({ MODE, SESSION_KEYS: keyRing })
    for (const cf of [undefined, cfOf(), presented(car)]) {
      const response = await app.request(requestOf(cf))
      expect(response.status).toBe(200)
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await response.json()).toEqual({ device: null, session: 'none' })
    }
    expect(pki.bucket.listings).toBe(0)
  })
})

/** The cookie that a first request of this device is given. */
async function cookieOf(stage: Stage, credential: DeviceCredential): Promise<string> {
  const response = await stage.app.request(requestOf(presented(credential)))
  const [cookie = ''] = response.headers.getSetCookie()
  return cookie.split(';')[0] ?? ''
}

async function sessionOf(stage: Stage, cf: object | undefined, cookie: string) {
  const response = await stage.app.request(requestOf(cf, { cookie }))
  const body = (await response.json()) as { session?: string; code?: string }
  return { status: response.status, says: body.session ?? body.code }
}

describe('sessions', () => {
  const variables = { SESSION_KEYS: keyRing, SESSION_TTL: '10m' }

  test('the cookie: this host, every path, TLS, no script, no other site, no end of its own', async () => {
    const { app } = await stageOf(variables)
    const response = await app.request(requestOf(presented(car)))
    const [cookie = '', ...more] = response.headers.getSetCookie()
    expect(more).toEqual([])
    expect(cookie.replace(/v2\.k1\.[A-Za-z0-9_-]+/, 'TOKEN')).toBe(
      '__Host-sallyport=TOKEN; Path=/; HttpOnly; Secure; SameSite=Strict',
    )
    expect(await response.json()).toMatchObject({ session: 'issued' })
  })

  test('it is used, and not issued again', async () => {
    const stage = await stageOf(variables)
    const cookie = await cookieOf(stage, car)
    const response = await stage.app.request(requestOf(presented(car), { cookie }))
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await response.json()).toMatchObject({
      device: { serial: car.serial },
      session: 'used',
    })
  })

  test.each([
    { ms: 10 * minuteMs, says: 'used' },
    { ms: 10 * minuteMs + 1, says: 'issued' },
  ])('after $ms ms: $says', async ({ ms, says }) => {
    const stage = await stageOf(variables)
    const cookie = await cookieOf(stage, car)
    stage.clock.advance(ms)
    // The snapshot is the same: nothing has been written to the bucket.
    expect(await sessionOf(stage, presented(car), cookie)).toEqual({ status: 200, says })
  })

  test.each([
    { name: 'a damaged token', change: (cookie: string) => `${cookie.slice(0, -2)}AA` },
    { name: 'another version', change: (cookie: string) => cookie.replace('v2.', 'v1.') },
    { name: 'an unknown key', change: (cookie: string) => cookie.replace('.k1.', '.k2.') },
    { name: 'an empty one', change: () => '__Host-sallyport=' },
    { name: 'no token', change: () => '__Host-sallyport=eyJhbGciOiJub25lIn0.e30.' },
    {
      name: 'a name without the prefix',
      change: (cookie: string) => cookie.slice('__Host-'.length),
    },
  ])('$name says nothing: the chain is verified', async ({ change }) => {
    const stage = await stageOf(variables)
    const cookie = change(await cookieOf(stage, car))
    expect(await sessionOf(stage, presented(car), cookie)).toEqual({ status: 200, says: 'issued' })
    expect(await sessionOf(stage, cfOf(car.leafDer), cookie)).toEqual({
      status: 403,
      says: 'untrusted',
    })
  })

  test('a token of another host says nothing', async () => {
    const stage = await stageOf(variables)
    const cookie = await cookieOf(stage, car)
    const request = requestOf(presented(car), { cookie })
    const elsewhere = new Request('https://other.example/', request)
    Object.defineProperty(elsewhere, 'cf', { value: presented(car) })
    expect(await (await stage.app.request(elsewhere)).json()).toMatchObject({ session: 'issued' })
  })

  test('a token of another policy says nothing', async () => {
    const cookie = await cookieOf(await stageOf({ ...variables, EXPIRED: 'allow' }), car)
    const strict = await stageOf(variables)
    expect(await sessionOf(strict, presented(car), cookie)).toMatchObject({ says: 'issued' })
  })

  test('without a certificate it authenticates nobody', async () => {
    const stage = await stageOf(variables)
    const cookie = await cookieOf(stage, car)
    for (const cf of [undefined, cfOf()]) {
      expect(await sessionOf(stage, cf, cookie)).toEqual({ status: 401, says: 'no_certificate' })
    }
  })

  test('revoked while it stands: refused at the first request that knows', async () => {
    const stage = await stageOf(variables)
    const cookie = await cookieOf(stage, car)
    expect(await sessionOf(stage, presented(car), cookie)).toMatchObject({ says: 'used' })
    pki.authority.revoke(car.serial, start, 'keyCompromise')
    await pki.publish(start)
    stage.clock.advance(staleMs - 1)
    expect(await sessionOf(stage, presented(car), cookie)).toMatchObject({ says: 'used' })
    stage.clock.advance(1)
    const refused = { status: 403, says: 'revoked' }
    expect(await sessionOf(stage, presented(car), cookie)).toEqual(refused)
    expect(await sessionOf(stage, presented(car), cookie)).toEqual(refused)
  })

  test('it never outlives the leaf', async () => {
    const stage = await stageOf(variables)
    stage.clock.set(shift(start, 30 * dayMs - minuteMs))
    const cookie = await cookieOf(stage, car)
    stage.clock.advance(minuteMs)
    expect(await sessionOf(stage, presented(car), cookie)).toMatchObject({ says: 'used' })
    stage.clock.advance(1000)
    expect(await sessionOf(stage, presented(car), cookie)).toEqual({ status: 403, says: 'expired' })
  })

  test('it never outlives the lists', async () => {
    const meter = await pki.issue('meter', 365)
    const stage = await stageOf(variables)
    stage.clock.set(shift(start, 90 * dayMs - minuteMs))
    const cookie = await cookieOf(stage, meter)
    stage.clock.advance(minuteMs + 1000)
    expect(await sessionOf(stage, presented(meter), cookie)).toEqual({
      status: 503,
      says: 'revocation_unknown',
    })
  })

  test('what Cloudflare says is revoked is out, whatever the session says', async () => {
    const stage = await stageOf(variables)
    const cookie = await cookieOf(stage, car)
    const cf = { tlsClientAuth: { ...cfOf(...chainOf(car)).tlsClientAuth, certRevoked: '1' } }
    expect(await sessionOf(stage, cf, cookie)).toEqual({ status: 403, says: 'revoked' })
  })

  test('beside another certificate it is refused, and taken away: the next request comes in', async () => {
    const stage = await stageOf(variables)
    const cookie = await cookieOf(stage, car)
    const renewed = await pki.issue('car-1')
    const response = await stage.app.request(requestOf(presented(renewed), { cookie }))
    expect(response.status).toBe(401)
    expect(response.headers.getSetCookie()).toEqual([
      '__Host-sallyport=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
    ])
    expect(await codeOf(response)).toBe('session_of_other_certificate')
    expect(await sessionOf(stage, presented(renewed), '')).toEqual({ status: 200, says: 'issued' })
  })

  test.each(['websocket', 'WebSocket', 'h2c'])(
    'an upgrade (%s) neither uses nor begins one',
    async (upgrade) => {
      const stage = await stageOf(variables)
      const cookie = await cookieOf(stage, car)
      const response = await stage.app.request(requestOf(presented(car), { cookie, upgrade }))
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await response.json()).toMatchObject({ session: 'none' })
      const leafAlone = requestOf(cfOf(car.leafDer), { cookie, upgrade })
      expect(await codeOf(await stage.app.request(leafAlone))).toBe('untrusted')
    },
  )

  test('without keys there are none', async () => {
    const cookie = await cookieOf(await stageOf(variables), car)
    const stage = await stageOf()
    expect(await sessionOf(stage, presented(car), cookie)).toEqual({ status: 200, says: 'none' })
    expect(await sessionOf(stage, cfOf(car.leafDer), cookie)).toMatchObject({ says: 'untrusted' })
  })

  test('a session that begins is told to the device through the response of the target', async () => {
    const stage = await createStage(pki, { variables })
    const response = await stage.app.request(requestOf(presented(car)))
    expect(await response.text()).toBe('from the target')
    expect(response.headers.getSetCookie()).toEqual([
      'theirs=1',
      expect.stringMatching(/^__Host-sallyport=v2\.k1\./),
    ])
  })
})
