import { beforeEach, describe, expect, test } from 'vitest'
import type { ListenerVariables } from '#edge/variables.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import { createAuthority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
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
import { binary, fakeBroker, fakeDevice, until, type FakeBroker, type FakeDevice } from './fakes.ts'

let pki: Pki
let meter: DeviceCredential

beforeEach(async () => {
  pki = await createPki()
  meter = await pki.issue('meter-1')
})

interface Scene extends Stage {
  readonly device: FakeDevice
  readonly broker: FakeBroker
  /** Connections that were opened to the broker. */
  readonly opened: () => number
}

async function sceneOf(variables: ListenerVariables = {}): Promise<Scene> {
  const device = fakeDevice()
  const broker = fakeBroker()
  let opened = 0
  const mqtt = {
    openBroker: () => {
      opened += 1
      return broker.connection
    },
    // No status 101 in Node: the body tells that it was switched.
    acceptWebSocket: () => ({ socket: device.socket, response: new Response('switched') }),
  }
  return { ...(await createStage(pki, { variables, mqtt })), device, broker, opened: () => opened }
}

function upgrade(cf: object | undefined, headers: Readonly<Record<string, string>> = {}): Request {
  return requestOf(cf, { upgrade: 'websocket', ...headers }, '/mqtt')
}

/** A session of the meter that carries. */
async function openSession(variables: ListenerVariables = {}): Promise<Scene> {
  const scene = await sceneOf(variables)
  const response = await scene.app.request(upgrade(cfOf(...chainOf(meter))))
  expect(await response.text()).toBe('switched')
  scene.device.send(binary('first'))
  await until(() => scene.broker.received.length === 1)
  return scene
}

describe('the upgrade is decided like any request', () => {
  test.each([
    { name: 'no certificate', cf: () => cfOf(), status: 401, code: 'no_certificate' },
    {
      name: 'a leaf without its issuer',
      cf: () => cfOf(meter.leafDer),
      status: 403,
      code: 'untrusted',
    },
  ])('$name: $code', async ({ cf, status, code }) => {
    const { app, opened } = await sceneOf()
    const response = await app.request(upgrade(cf()))
    expect(response.status).toBe(status)
    expect(await codeOf(response)).toBe(code)
    expect(opened()).toBe(0)
  })

  test('no upgrade: told which protocol is spoken here', async () => {
    const { app, opened } = await sceneOf()
    const response = await app.request(requestOf(cfOf(...chainOf(meter)), {}, '/mqtt'))
    expect(response.status).toBe(426)
    expect(await codeOf(response)).toBe('websocket_expected')
    expect(opened()).toBe(0)
  })

  test('a session cookie opens nothing: the path is verified, so that it can be asked again', async () => {
    const { app, opened } = await sceneOf({ SESSION_KEYS: keyRing })
    const first = await app.request(requestOf(cfOf(...chainOf(meter))))
    const cookie = first.headers.getSetCookie().at(-1)?.split(';')[0] ?? ''
    expect(cookie).toMatch(/^__Host-sallyport=v2\./)
    const response = await app.request(upgrade(cfOf(meter.leafDer), { cookie }))
    expect(await codeOf(response)).toBe('untrusted')
    expect(opened()).toBe(0)
  })

  test('a word of the platform alone is no path: such a session could not be cut', async () => {
    const verifying = await createStage(pki, { variables: {} })
    await verifying.app.request(requestOf(cfOf(...chainOf(meter))))
    const lines = Object.fromEntries(verifying.forwarded[0]?.headers ?? [])
    const { app, opened } = await sceneOf({ PLATFORM: 'alb', HOP: 'network', ATTESTED: 'accept' })
    const response = await app.request(upgrade(undefined, lines))
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('attestation_insufficient')
    expect(opened()).toBe(0)
  })

  test.each(['passthrough', 'off'])('%s: not in the path, the target is', async (MODE) => {
    const { app, opened, forwarded } = await sceneOf({ MODE })
    await app.request(upgrade(cfOf(...chainOf(meter))))
    expect(opened()).toBe(0)
    expect(forwarded[0]?.headers.get('upgrade')).toBe('websocket')
    expect(forwarded[0]?.url).toBe('https://edge.example/mqtt')
  })

  test('without a broker the target has the path', async () => {
    const { app, forwarded } = await createStage(pki, { variables: {} })
    await app.request(upgrade(cfOf(...chainOf(meter))))
    expect(forwarded.length).toBe(1)
  })
})

describe('an open session is cut at the next message', () => {
  const say = {
    device: ({ device }: Scene) => device.send(binary('next')),
    broker: ({ broker }: Scene) => broker.send('next'),
  }

  test.each(['device', 'broker'] as const)('of the %s: revoked', async (side) => {
    const scene = await openSession()
    pki.authority.revoke(meter.serial, start, 'keyCompromise')
    await pki.publish(start)
    scene.clock.advance(staleMs - 1)
    say[side](scene)
    await until(() => scene.broker.received.length + scene.device.received.length === 2)
    scene.clock.advance(1)
    say[side](scene)
    await until(() => scene.device.closed.length > 0)
    expect(scene.device.closed).toEqual([[4403, 'revoked']])
    expect(scene.broker.received.length + scene.device.received.length).toBe(2)
    expect(scene.broker.closings).toBe(1)
  })

  test.each([
    { variables: {}, ends: 30 * dayMs },
    { variables: { EXPIRED: 'grace 14d' }, ends: 44 * dayMs },
  ])('expired, with $variables', async ({ variables, ends }) => {
    const scene = await openSession(variables)
    scene.clock.set(shift(start, ends))
    scene.device.send(binary('last'))
    await until(() => scene.broker.received.length === 2)
    scene.clock.advance(1000)
    scene.device.send(binary('late'))
    await until(() => scene.device.closed.length > 0)
    expect(scene.device.closed).toEqual([[4403, 'expired']])
    expect(scene.broker.received).toEqual(['first', 'last'])
  })

  test('its anchor is trusted no more', async () => {
    const scene = await openSession()
    const other = await createAuthority({ seed: 8, start, intermediates: 1, ledger: new Ledger() })
    pki.bucket.put('anchors.pem', toUtf8(other.anchorsPem))
    scene.clock.advance(staleMs)
    scene.device.send(binary('late'))
    await until(() => scene.device.closed.length > 0)
    expect(scene.device.closed).toEqual([[4403, 'untrusted']])
  })

  test('a damaged list cuts nobody', async () => {
    const scene = await openSession()
    pki.bucket.put('crl/issuing-1.crl', toUtf8('<html>'))
    scene.clock.advance(staleMs)
    scene.device.send(binary('next'))
    await until(() => scene.broker.received.length === 2)
    expect(scene.device.closed).toEqual([])
    expect(scene.problems).toMatchObject([{ name: 'crl/issuing-1.crl' }])
  })

  test('another device revoked cuts nobody', async () => {
    const other = await pki.issue('meter-2')
    const scene = await openSession()
    pki.authority.revoke(other.serial, start, 'keyCompromise')
    await pki.publish(start)
    scene.clock.advance(staleMs)
    scene.device.send(binary('next'))
    await until(() => scene.broker.received.length === 2)
    expect(scene.device.closed).toEqual([])
  })
})
