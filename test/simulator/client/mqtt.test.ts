import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { connectAsync } from 'mqtt'
import { err, ok } from '#shared/result.ts'
import { startBroker, type Broker } from '#simulator/engine/broker.ts'
import {
  connectMqtt,
  type MqttMessage,
  type MqttOptions,
  type MqttSession,
} from '#simulator/engine/client/mqtt-client.ts'
import type { Front } from '#simulator/front/front.ts'
import { albProfile } from '#simulator/front/profiles/alb.ts'
import { cloudflareProfile } from '#simulator/front/profiles/cloudflare.ts'
import { createTestWorld, type TestWorld } from '../credentials.ts'
import { startTestFront, tlsOptions, valueOf } from '../front/stage.ts'
import { startMqttUpstream, type MqttUpstream } from './mqtt-upstream.ts'

let world: TestWorld
let broker: Broker
let upstream: MqttUpstream
let front: Front

beforeAll(async () => {
  world = await createTestWorld()
  broker = await startBroker()
  upstream = await startMqttUpstream(broker.port)
  front = await startTestFront(world, upstream.url, cloudflareProfile)
})

afterEach(() => front.use(cloudflareProfile))

afterAll(async () => {
  await front.close()
  await upstream.close()
  await broker.close()
})

function mqttOptions(clientId: string, changed: Partial<MqttOptions> = {}): MqttOptions {
  return { ...tlsOptions(world, front.port), clientId, ...changed }
}

async function session(clientId: string): Promise<MqttSession> {
  return valueOf(await connectMqtt(mqttOptions(clientId)))
}

test('a message goes from one device through the broker to another', async () => {
  const before = broker.received()
  const [meter, reader] = [await session('meter'), await session('reader')]
  expect(await reader.subscribe('meters/+')).toEqual(ok(undefined))
  const arrived = new Promise<MqttMessage>((resolve) => reader.onMessage(resolve))
  expect(await meter.publish('meters/1', '42 kWh')).toEqual(ok(undefined))
  const { topic, payload } = await arrived
  expect([topic, Buffer.from(payload).toString()]).toEqual(['meters/1', '42 kWh'])
  expect(broker.received() - before).toBe(1)
  await meter.end()
  await reader.end()
  expect(await meter.ended).toMatchObject({ kind: 'connection_closed', answered: 1 })
})

test.each([0, 1, 2] as const)(
  'with QoS %s the broker has a message before it is said to',
  async (qos) => {
    const before = broker.received()
    const meter = valueOf(await connectMqtt(mqttOptions(`meter-qos-${qos}`, { qos })))
    expect(await meter.publish('meters/1', 'one')).toEqual(ok(undefined))
    expect(broker.received() - before).toBe(1)
    await meter.end()
  },
)

test('the broker keeps a retained message for who comes later', async () => {
  const before = broker.counts().retained
  const meter = valueOf(await connectMqtt(mqttOptions('meter-retains', { retain: true })))
  expect(await meter.publish('meters/kept', '42')).toEqual(ok(undefined))
  expect(broker.counts().retained - before).toBe(1)
  const reader = await session('late-reader')
  const arrived = new Promise<MqttMessage>((resolve) => reader.onMessage(resolve))
  await reader.subscribe('meters/kept')
  expect(Buffer.from((await arrived).payload).toString()).toBe('42')
  await meter.end()
  await reader.end()
})

const willOf = (device: string) => ({ will: { topic: `fleet/${device}/gone`, payload: 'gone' } })

test('a will is delivered for who is cut, and not for who says good-bye', async () => {
  // Beside the edge, which cuts everybody.
  const heir = await connectAsync(`mqtt://127.0.0.1:${broker.port}`)
  await heir.subscribeAsync('fleet/+/gone')
  const arrived = new Promise<string>((resolve) => heir.once('message', resolve))
  const polite = valueOf(await connectMqtt(mqttOptions('polite', willOf('polite'))))
  await polite.end()
  const lost = valueOf(await connectMqtt(mqttOptions('lost', willOf('lost'))))
  upstream.cut(4403, 'revoked')
  expect(await arrived).toBe('fleet/lost/gone')
  await lost.end()
  await heir.endAsync()
})

test('many publications of one session are each answered', async () => {
  const before = broker.received()
  const meter = await session('meter-many')
  for (let index = 0; index < 20; index += 1) {
    expect(await meter.publish('meters/1', String(index))).toEqual(ok(undefined))
  }
  expect(broker.received() - before).toBe(20)
  await meter.end()
})

test('an upgrade that is refused tells status and code', async () => {
  const refused = await connectMqtt(mqttOptions('meter', { path: '/refused' }))
  expect(refused).toEqual(err({ kind: 'refused', code: 'revoked', by: { status: 403 } }))
})

test('an answer that is no problem document is no decision', async () => {
  const odd = await connectMqtt(mqttOptions('meter', { path: '/html' }))
  expect(odd).toEqual(err({ kind: 'protocol_error', detail: 'upgrade answered with 403' }))
})

test('a session that is cut tells why, to the pending publication and to all after it', async () => {
  const meter = await session('meter-cut')
  upstream.stall()
  const pending = meter.publish('meters/1', 'never arrives')
  upstream.cut(4403, 'revoked')
  const why = { kind: 'refused', code: 'revoked', by: { closeCode: 4403 } }
  expect(await pending).toEqual(err(why))
  expect(await meter.ended).toEqual(why)
  expect(await meter.publish('meters/1', 'too late')).toEqual(err(why))
  expect(await meter.subscribe('meters/+')).toEqual(err(why))
  await meter.end()
})

const closes = [
  { closeCode: 4000, reason: 'expired', kind: 'refused' },
  { closeCode: 4000, reason: '', kind: 'connection_closed' },
  { closeCode: 3999, reason: 'expired', kind: 'connection_closed' },
  { closeCode: 1011, reason: 'broker gone', kind: 'connection_closed' },
]

test.each(closes)(
  'a close with $closeCode "$reason" is $kind',
  async ({ closeCode, reason, kind }) => {
    const meter = await session(`meter-${closeCode}`)
    upstream.cut(closeCode, reason)
    expect((await meter.ended).kind).toBe(kind)
  },
)

test('a terminator that cuts the device off is a closed connection', async () => {
  front.use(albProfile({ mode: 'verify', expired: 'refuse' }))
  const { credential: _without, ...anonymous } = mqttOptions('nobody')
  expect(await connectMqtt(anonymous)).toMatchObject({
    error: { kind: 'connection_closed', answered: 0 },
  })
})

test('a front that dies ends its sessions', async () => {
  const mortal = await startTestFront(world, upstream.url, cloudflareProfile)
  const meter = valueOf(await connectMqtt(mqttOptions('meter-orphan', { port: mortal.port })))
  await mortal.close()
  expect(await meter.publish('meters/1', 'x')).toMatchObject({
    error: { kind: 'connection_closed' },
  })
})
