import { beforeEach, describe, expect, test } from 'vitest'
import type { DeviceRegistry } from '#edge/enrollment/registry/device-registry.ts'
import type { FirstConnection } from '#edge/enrollment/registry/authorities.ts'
import type { After } from '#edge/routing/deadline.ts'
import type { Bytes } from '#shared/bytes.ts'
import { encodePem } from '#shared/wire/pem.ts'
import {
  createIntermediate,
  factoryCertificate,
  newKeys,
  newRequest,
  type TestCa,
} from '../../interop/est/devices.ts'
import { basic, certificateOf, createEstStage, type EstStage } from './est-stage.ts'
import { memoryRegistry } from './registry/stage.ts'

/* Just-in-time registration: devices that connect with a factory's certificate, and nobody knows. */

interface World extends EstStage {
  /** The registry that the edge asks, call by call. */
  readonly devices: DeviceRegistry
  /** Devices that it was asked about, in order. */
  readonly asked: string[]
  /** What becomes of the next questions, in place of an answer. */
  readonly faults: (() => Promise<never>)[]
  /** What waits for time to pass. */
  readonly alarms: (() => void)[]
}

async function createWorld(rule: object = {}): Promise<World> {
  const registries: DeviceRegistry[] = []
  const [asked, faults, alarms]: [string[], World['faults'], World['alarms']] = [[], [], []]
  const after: After = (_ms, action) => {
    alarms.push(action)
    return () => undefined
  }
  const stage = await createEstStage({
    firstConnections: rule,
    ports: { after },
    registryOn: (clock) => {
      const { registry } = memoryRegistry({ clock })
      registries.push(registry)
      return {
        ...registry,
        async firstConnection(order) {
          asked.push(order.device)
          await faults.shift()?.()
          return registry.firstConnection(order)
        },
      }
    },
  })
  const [registry] = registries
  if (registry === undefined) throw new Error('the stage has opened no registry')
  return { ...stage, devices: registry, asked, faults, alarms }
}

let world: World
beforeEach(async () => {
  world = await createWorld()
})

/** Registers a CA by proof of possession, with its rule. */
async function register(
  ca: TestCa,
  firstConnection: FirstConnection,
  firstConnectionsMax?: number,
): Promise<string> {
  const { nonce } = await world.devices.challenge()
  const now = world.clock.now()
  const verification = await factoryCertificate(ca, `CN=${nonce}`, await newKeys(), now)
  const proof = { certificate: ca.der, verification }
  const settings = { approval: 'automatic', firstConnection, classes: ['from:factory'] } as const
  const registered = await world.devices.registerAuthority(
    proof,
    { ...settings, ...(firstConnectionsMax !== undefined && { firstConnectionsMax }) },
    'olga',
  )
  if (!registered.ok) throw new Error(registered.error.because)
  return registered.value.keySha256
}

let serial = 0

/** A factory's certificate of a device; each has a serial of its own unless it is told. */
async function leafOf(device: string, bent: Partial<Bent> = {}): Promise<Bytes> {
  const { ca = world.factory, keys = await newKeys(), number = (serial += 1) } = bent
  const hex = (0x7f_0000 + number).toString(16)
  return factoryCertificate(ca, `CN=${device}`, keys, world.clock.now(), hex)
}

interface Bent {
  readonly ca: TestCa
  readonly keys: Awaited<ReturnType<typeof newKeys>>
  readonly number: number
}

/** `in`, or the code of the problem. */
async function knock(leaf: Bytes): Promise<string> {
  const headers = { 'x-client-cert': encodeURIComponent(encodePem('CERTIFICATE', leaf)) }
  const response = await world.app.request('https://edge.example/hello', { headers })
  if (response.status === 200) return 'in'
  const { code } = (await response.json()) as { readonly code: string }
  return code
}

test.each([
  { word: 'active', says: 'in' },
  { word: 'pending', says: 'device_pending' },
  { word: 'refuse', says: 'device_unregistered' },
] as const)('below a CA whose rule says $word: $says', async ({ word, says }) => {
  await register(world.factory, word)
  const leaf = await leafOf('car-1')
  expect([await knock(leaf), await knock(leaf)]).toEqual([says, says])
  const device = await world.devices.device('car-1')
  expect(device?.status).toBe(word === 'refuse' ? undefined : word)
  if (word === 'refuse') return
  expect(device).toMatchObject({ classes: ['from:factory'], history: [{ by: 'first connection' }] })
})

test('a device that waits is in at the request after its approval', async () => {
  await register(world.factory, 'pending')
  const leaf = await leafOf('car-1')
  expect(await knock(leaf)).toBe('device_pending')
  await world.devices.setStatus('car-1', 'active', 'olga', 'it is ours')
  expect(await knock(leaf)).toBe('in')
})

test('the rule of the nearest registered CA is the one', async () => {
  const line = await createIntermediate(world.factory, 'Factory line 4')
  await register(world.factory, 'active')
  await register(line, 'pending')
  world.trust('intermediates.pem', line.pem)
  expect(await knock(await leafOf('car-1', { ca: line }))).toBe('device_pending')
  expect(await knock(await leafOf('car-2'))).toBe('in')
})

test('below a CA that is disabled nobody comes in who was not known before', async () => {
  world = await createWorld({ unregistered: 'accept' })
  const key = await register(world.factory, 'active')
  const known = await leafOf('car-1')
  expect(await knock(known)).toBe('in')
  await world.devices.changeAuthority(key, { status: 'disabled' }, 'olga')
  expect([await knock(known), await knock(await leafOf('car-2'))]).toEqual([
    'in',
    'device_unregistered',
  ])
})

test.each([
  { unregistered: 'refuse', says: 'device_unregistered' },
  { unregistered: 'accept', says: 'in' },
])('below no registered CA, $unregistered: $says', async ({ unregistered, says }) => {
  world = await createWorld({ unregistered })
  expect(await knock(await leafOf('car-1'))).toBe(says)
  expect(await world.devices.device('car-1')).toBe(undefined)
})

test('a CA registers no more than it may, and a known device is none of them', async () => {
  await register(world.factory, 'active', 2)
  const leaves = await Promise.all(['car-1', 'car-2', 'car-3'].map((device) => leafOf(device)))
  const said = []
  for (const leaf of leaves) said.push(await knock(leaf))
  expect(said).toEqual(['in', 'in', 'device_unregistered'])
  expect(world.told.at(-1)).toContain('first_connections_used')
  const [ca] = await world.devices.authorities()
  expect([ca?.firstConnections, ca?.firstConnectionsMax]).toEqual([2, 2])
})

test('the first requests of one device at once are one of what its CA may make', async () => {
  await register(world.factory, 'active', 9)
  const leaf = await leafOf('car-1')
  expect(await Promise.all([knock(leaf), knock(leaf), knock(leaf)])).toEqual(['in', 'in', 'in'])
  expect((await world.devices.authorities())[0]?.firstConnections).toBe(1)
})

test('the registry is asked once of a device that is in', async () => {
  await register(world.factory, 'active')
  const leaf = await leafOf('car-1')
  for (let request = 0; request < 3; request += 1) expect(await knock(leaf)).toBe('in')
  expect(world.asked).toEqual(['car-1'])
})

test('nobody asks of a certificate that the listener’s own CA has issued', async () => {
  const order = { device: 'car-1', quota: 1, classes: [], approval: 'automatic' } as const
  const claim = await world.devices.makeClaim({ ...order, forMs: 1000 }, 'olga')
  const token = claim.ok ? claim.value.token : undefined
  const request = await newRequest({ subject: 'CN=car-1' })
  const asked = { request, headers: basic('car-1', token ?? '') }
  expect(await knock(await certificateOf(await world.ask('simpleenroll', asked)))).toBe('in')
  expect(world.asked).toEqual([])
})

describe('who is known and not in use', () => {
  test.each(['suspended', 'retired', 'revoked'] as const)('%s', async (status) => {
    await register(world.factory, 'pending')
    const leaf = await leafOf('car-1')
    await knock(leaf)
    await world.devices.setStatus('car-1', status, 'olga', 'a doubt')
    expect(await knock(leaf)).toBe('device_inactive')
  })

  test('of a class that is suspended', async () => {
    await register(world.factory, 'active')
    await world.devices.suspendClass('from:factory', 'olga', 'recalled')
    expect(await knock(await leafOf('car-1'))).toBe('device_inactive')
  })
})

test('one name, one certificate; one key, one device', async () => {
  await register(world.factory, 'active')
  const keys = await newKeys()
  expect(await knock(await leafOf('car-1', { keys }))).toBe('in')
  expect(await knock(await leafOf('car-1'))).toBe('device_unregistered')
  expect(await knock(await leafOf('car-2', { keys }))).toBe('device_unregistered')
})

test('another CA’s certificate of the same name and serial is not that device', async () => {
  const line = await createIntermediate(world.factory, 'Factory line 4')
  await register(world.factory, 'active')
  await register(line, 'refuse')
  world.trust('intermediates.pem', line.pem)
  expect(await knock(await leafOf('car-1', { number: 1 }))).toBe('in')
  expect(await knock(await leafOf('car-1', { ca: line, number: 1 }))).toBe('device_unregistered')
  // Nor by a CA that would register it.
  expect(await knock(await leafOf('car-1', { number: 1 }))).toBe('device_unregistered')
})

test('a certificate that names no device', async () => {
  await register(world.factory, 'active')
  const leaf = await factoryCertificate(world.factory, 'O=Acme', await newKeys(), world.clock.now())
  expect(await knock(leaf)).toBe('device_unregistered')
  expect(world.asked).toEqual([])
})

async function answerOf(leaf: Bytes): Promise<readonly unknown[]> {
  const headers = { 'x-client-cert': encodeURIComponent(encodePem('CERTIFICATE', leaf)) }
  const response = await world.app.request('https://edge.example/hello', { headers })
  return [response.status, response.headers.get('retry-after')]
}

describe('a registry that does not answer', () => {
  test('by a fault: 503, told, and asked again', async () => {
    await register(world.factory, 'active')
    world.faults.push(() => Promise.reject(new Error('the object is being moved')))
    const leaf = await leafOf('car-1')
    expect(await answerOf(leaf)).toEqual([503, '5'])
    expect(world.told.at(-1)).toContain('the object is being moved')
    expect(await knock(leaf)).toBe('in')
  })

  test('in time: 503 when the time is over, and in once it has answered', async () => {
    await register(world.factory, 'active')
    const { promise, resolve } = Promise.withResolvers<undefined>()
    world.faults.push(() => promise as Promise<never>)
    const leaf = await leafOf('car-1')
    const answered = answerOf(leaf)
    await untilAsked(1)
    world.alarms[0]?.()
    expect(await answered).toEqual([503, '5'])
    resolve(undefined)
    await expect.poll(() => world.devices.device('car-1')).toMatchObject({ status: 'active' })
    expect(await knock(leaf)).toBe('in')
  })

  test('to as many as it is asked about at once: the next one comes again', async () => {
    await register(world.factory, 'active')
    const { promise, resolve } = Promise.withResolvers<undefined>()
    world.faults.push(...Array.from({ length: 64 }, () => () => promise as Promise<never>))
    const leaf = await leafOf('car-1')
    const waiting = Array.from({ length: 64 }, () => knock(leaf))
    await untilAsked(64)
    expect(await knock(await leafOf('car-2'))).toBe('registry_unavailable')
    resolve(undefined)
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['in']))
    expect(await knock(await leafOf('car-3'))).not.toBe('registry_unavailable')
  })
})

const untilAsked = async (times: number): Promise<void> =>
  expect.poll(() => world.asked.length, { interval: 1 }).toBe(times)
