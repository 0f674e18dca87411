import { connect } from '#simulator/engine/client/device-connection.ts'
import { openHttpWire } from '#simulator/engine/client/http-wire.ts'
import type { Bench, Section } from '../bench.ts'
import { alternate, type Contender, type Rounds } from '../measure.ts'
import { awaited } from '../operations/operation.ts'
import { contenderHere } from '../runtimes/node.ts'
import { artilleryContender } from '../wire/artillery.ts'
import { connectPacket, disconnectPacket, openMqttJs, openOurs, openRaw } from '../wire/clients.ts'
import { openWireStage, type WireStage } from '../wire/stage.ts'

/**
 * A mutual-TLS connection with a certificate of its own and one question over it, against a real
 * server in another process: CPU of the client alone, TLS 1.3, every handshake a full one.
 */
export const wireBench: Bench = {
  name: 'wire',
  title: 'client CPU of a mutual-TLS connection with a certificate of its own, and a question',
  runtimes: ['node'],
  async *run({ rounds }) {
    yield* against('nginx', httpsContenders, 'HTTPS, nginx', rounds)
    yield* against('mosquitto', mqttContenders, 'MQTT, mosquitto', rounds)
  },
}

/** Certificates that take turns: enough that none is the one before. */
const devices = 100

const ours = 'ours, for the mass'
const raw = 'raw Node: tls.connect, write, first data'

async function* against(
  gateway: 'nginx' | 'mosquitto',
  contendersOf: (stage: WireStage) => Promise<readonly Contender[]> | readonly Contender[],
  title: string,
  rounds: Rounds,
): AsyncGenerator<Section> {
  const stage = await openWireStage(gateway, devices)
  if (stage === undefined) return
  try {
    const figures = await alternate(await contendersOf(stage), rounds)
    yield { title, unit: 'µs', figures, goals: [{ of: ours, to: raw, atMost: 1.15 }] }
  } finally {
    await stage.close()
  }
}

function contender(name: string, connectOnce: (nth: number) => Promise<unknown>): Contender {
  return contenderHere(awaited(name, connectOnce))
}

async function httpsContenders(stage: WireStage): Promise<readonly Contender[]> {
  const { address } = stage
  return [
    contender(ours, async (nth) => {
      const credential = stage.credential(nth)
      const opened = await openHttpWire({ ...address, credential, sessions: 'ignored' })
      if (!opened.ok) throw new Error(opened.error.detail)
      const answer = await opened.value.get('/ok')
      opened.value.close()
      if (!answer.ok || answer.value.status !== 200) throw new Error('not let in')
    }),
    contender(raw, async (nth) => (await openRaw(stage, nth, getRequest)).destroy()),
    contender("the scenario engine's, over undici", async (nth) => {
      const opened = await connect({ ...address, credential: stage.credential(nth) })
      if (!opened.ok) throw new Error(opened.error.detail)
      const answer = await opened.value.request({ method: 'GET', path: '/ok' })
      await opened.value.close()
      if (!answer.ok || answer.value.status !== 200) throw new Error('not let in')
    }),
    ...(await artilleryContender(stage)),
  ]
}

const getRequest = Buffer.from('GET /ok HTTP/1.1\r\nhost: localhost\r\n\r\n')

function mqttContenders(stage: WireStage): readonly Contender[] {
  return [
    contender(ours, async (nth) => (await openOurs(stage, nth)).close()),
    contender(raw, async (nth) => {
      const socket = await openRaw(stage, nth, connectPacket)
      socket.end(disconnectPacket).destroySoon()
    }),
    contender('mqtt.js', async (nth) => (await openMqttJs(stage, nth)).endAsync()),
  ]
}
