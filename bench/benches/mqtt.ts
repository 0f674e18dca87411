import { performance } from 'node:perf_hooks'
import type { MqttClient } from 'mqtt'
import type { MqttWire } from '#simulator/engine/client/mqtt-wire.ts'
import type { Bench, Section } from '../bench.ts'
import { figureOf, type Rounds } from '../measure.ts'
import { openMqttJs, openOurs } from '../wire/clients.ts'
import { startReceiver, type Receiver } from '../wire/receiver.ts'
import { openWireStage, type WireStage } from '../wire/stage.ts'

/**
 * Messages of 200 octets through mosquitto over mutual TLS, from forty devices that send bursts
 * as gateways of meters do, to a mosquitto_sub in a process of its own. The next burst goes when all
 * of the one before have come out at the far end: nothing is lost, and nobody's queue flatters.
 */
export const mqttBench: Bench = {
  name: 'mqtt',
  title: 'messages of 200 octets through mosquitto to mosquitto_sub',
  runtimes: ['node'],
  async *run({ rounds }) {
    const stage = await openWireStage('mosquitto', devices)
    if (stage === undefined) return
    try {
      const ours = await fleetOf(stage, openOurs)
      const peers = await fleetOf(stage, openMqttJs)
      for (const qos of [0, 1] as const) {
        yield* through(stage, qos, [ofOurs(ours, qos), ofPeers(peers, qos)], rounds)
      }
      for (const session of ours) session.close()
      for (const peer of peers) peer.end(true)
    } finally {
      await stage.close()
    }
  },
}

const devices = 40
/** Of all devices together 400. */
const burst = 10
/** Bursts of a turn: ten thousand messages. */
const bursts = 25
const topic = 'meters/m'
const payload = Buffer.alloc(200, 'x')
const mass = 'ours, mqtt-packet over TLS'
/** Goals, messages a second. */
const goals = { 0: 30_000, 1: 10_000 } as const

/** Devices that can be told to send a burst each; resolves once a broker may be asked for it. */
interface Fleet {
  readonly name: string
  burst(): Promise<unknown>
}

async function fleetOf<Session>(
  stage: WireStage,
  open: (stage: WireStage, nth: number) => Promise<Session>,
): Promise<readonly Session[]> {
  const sessions: Session[] = []
  for (let nth = 0; nth < devices; nth += 1) sessions.push(await open(stage, nth))
  return sessions
}

function ofOurs(sessions: readonly MqttWire[], qos: 0 | 1): Fleet {
  const send = async (session: MqttWire): Promise<void> => {
    if (qos === 1) {
      const sent = Array.from({ length: burst }, () => session.publish(topic, payload))
      const refused = (await Promise.all(sent)).find(({ ok }) => !ok)
      if (refused !== undefined) throw new Error('a message was not taken')
      return
    }
    for (let nth = 0; nth < burst; nth += 1) session.send(topic, payload)
    await session.drained()
  }
  return { name: mass, burst: () => Promise.all(sessions.map(send)) }
}

function ofPeers(peers: readonly MqttClient[], qos: 0 | 1): Fleet {
  const send = (peer: MqttClient): Promise<unknown> =>
    Promise.all(Array.from({ length: burst }, () => peer.publishAsync(topic, payload, { qos })))
  return { name: 'mqtt.js', burst: () => Promise.all(peers.map(send)) }
}

/** What one turn of a fleet came to. */
interface Turn {
  readonly perSecond: number
  /** Microseconds a message. */
  readonly clientUs: number
  readonly brokerUs: number
}

async function* through(
  stage: WireStage,
  qos: 0 | 1,
  fleets: readonly Fleet[],
  { count }: Rounds,
): AsyncGenerator<Section> {
  const prober = await openOurs(stage, devices)
  const probe = async (): Promise<void> => void (await prober.publish(topic, payload))
  const receiver = await startReceiver(stage, { topic, qos, probe })
  prober.close()
  if (receiver === undefined) return
  const turns = new Map<string, Turn[]>(fleets.map(({ name }) => [name, []]))
  try {
    const turn = createTurn(stage, receiver)
    // One round warms up: what V8 compiles then is no part of a message.
    for (let round = -1; round < count; round += 1) {
      for (const fleet of fleets) {
        const taken = await turn(fleet)
        if (round >= 0) turns.get(fleet.name)?.push(taken)
      }
    }
  } finally {
    receiver.close()
  }
  const section = (title: string, unit: Section['unit'], of: keyof Turn): Section => ({
    title: `QoS ${qos}, ${title}`,
    unit,
    figures: [...turns].map(([name, each]) =>
      figureOf(
        name,
        each.map((one) => one[of]),
      ),
    ),
    goals: of === 'perSecond' ? [{ of: mass, atLeast: goals[qos] }] : [],
  })
  yield section('by the wall clock', 'messages/s', 'perSecond')
  yield section('CPU of the client a message', 'µs', 'clientUs')
  yield section('CPU of mosquitto a message', 'µs', 'brokerUs')
}

function createTurn(stage: WireStage, receiver: Receiver): (fleet: Fleet) => Promise<Turn> {
  let sent = 0
  return async (fleet) => {
    const [wall, cpu, brokerUs] = [performance.now(), process.cpuUsage(), stage.serverCpuUs()]
    for (let nth = 0; nth < bursts; nth += 1) {
      await fleet.burst()
      sent += burst * devices
      await receiver.until(sent)
    }
    const messages = bursts * burst * devices
    const { user, system } = process.cpuUsage(cpu)
    return {
      perSecond: messages / ((performance.now() - wall) / 1000),
      clientUs: (user + system) / messages,
      brokerUs: (stage.serverCpuUs() - brokerUs) / messages,
    }
  }
}
