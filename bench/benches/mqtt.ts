import { connectAsync } from 'mqtt'
import { openMqttWire, type MqttWire } from '#simulator/engine/client/mqtt-wire.ts'
import type { Bench } from '../bench.ts'
import { alternate, type Contender } from '../measure.ts'
import { openWireStage, type WireStage } from '../wire/stage.ts'

/**
 * Messages of 200 octets through mosquitto over mutual TLS, from a hundred devices that send bursts
 * of ten as gateways of meters do. The broker has taken them all when a turn ends: each device's last
 * packet is answered. CPU of the client alone: the broker is another process.
 */
export const mqttBench: Bench = {
  name: 'mqtt',
  title: 'a message of 200 octets through mosquitto, client CPU',
  runtimes: ['node'],
  async *run({ rounds }) {
    const stage = await openWireStage('mosquitto', devices)
    if (stage === undefined) return
    const sessions = await openSessions(stage)
    const peers = await openPeers(stage)
    try {
      for (const qos of [0, 1] as const) {
        const figures = await alternate([ofOurs(sessions, qos), ofPeers(peers, qos)], rounds)
        // 30,000 and 10,000 a second on one core.
        const goals = [{ of: ours, atMost: qos === 0 ? 1e6 / 30_000 : 1e6 / 10_000 }]
        yield { title: `QoS ${qos}`, unit: 'µs', figures, goals }
      }
    } finally {
      for (const session of sessions) session.close()
      for (const peer of peers) peer.end(true)
      await stage.close()
    }
  },
}

const devices = 100
const burst = 10
const payload = Buffer.alloc(200, 'x')
const ours = 'ours, mqtt-packet over TLS'

type Peer = Awaited<ReturnType<typeof connectAsync>>

async function openSessions(stage: WireStage): Promise<readonly MqttWire[]> {
  const sessions: MqttWire[] = []
  for (let nth = 0; nth < devices; nth += 1) {
    const credential = stage.credential(nth)
    const opened = await openMqttWire({ ...stage.address, credential, clientId: `wire-${nth}` })
    if (!opened.ok) throw new Error(JSON.stringify(opened.error))
    sessions.push(opened.value)
  }
  return sessions
}

async function openPeers(stage: WireStage): Promise<readonly Peer[]> {
  const peers: Peer[] = []
  const { host, port, servername, caPem: ca } = stage.address
  for (let nth = 0; nth < devices; nth += 1) {
    const { keyPem: key, chainPem: cert } = stage.credential(nth)
    peers.push(
      await connectAsync({
        protocol: 'mqtts',
        host,
        port,
        servername,
        ca,
        key,
        cert,
        clientId: `js-${nth}`,
        reconnectPeriod: 0,
        protocolVersion: 4,
      }),
    )
  }
  return peers
}

function ofOurs(sessions: readonly MqttWire[], qos: 0 | 1): Contender {
  const send = async (session: MqttWire): Promise<void> => {
    if (qos === 1) {
      const sent = Array.from({ length: burst }, () => session.publish('meters/m', payload))
      const refused = (await Promise.all(sent)).find(({ ok }) => !ok)
      if (refused !== undefined) throw new Error('a message was not taken')
      return
    }
    for (let nth = 0; nth < burst; nth += 1) session.send('meters/m', payload)
    await session.drained()
  }
  return contenderOf(ours, sessions, send, answered)
}

async function answered(session: MqttWire): Promise<void> {
  if (!(await session.ping()).ok) throw new Error('the session has ended')
}

function ofPeers(peers: readonly Peer[], qos: 0 | 1): Contender {
  const send = async (peer: Peer): Promise<void> => {
    const sent = Array.from({ length: burst }, () =>
      peer.publishAsync('meters/m', payload, { qos }),
    )
    await Promise.all(sent)
  }
  return contenderOf('mqtt.js', peers, send, acknowledged)
}

/** mqtt.js pings by its own clock alone: an acknowledged message is answered behind the others. */
async function acknowledged(peer: Peer): Promise<void> {
  await peer.publishAsync('meters/m', '', { qos: 1 })
}

/** Bursts of all devices side by side until so many messages are sent, and all of them taken. */
function contenderOf<Session>(
  name: string,
  sessions: readonly Session[],
  send: (session: Session) => Promise<void>,
  settle: (session: Session) => Promise<void>,
): Contender {
  return {
    name,
    async cpuUs(times) {
      const before = process.cpuUsage()
      const bursts = Math.ceil(times / (burst * sessions.length))
      for (let nth = 0; nth < bursts; nth += 1) await Promise.all(sessions.map(send))
      await Promise.all(sessions.map(settle))
      const { user, system } = process.cpuUsage(before)
      // What was really sent, as bursts are whole.
      return ((user + system) * times) / (bursts * burst * sessions.length)
    },
  }
}
