import { once } from 'node:events'
import tls from 'node:tls'
import { connectAsync } from 'mqtt'
import { connect } from '#simulator/engine/client/device-connection.ts'
import { openHttpWire } from '#simulator/engine/client/http-wire.ts'
import { openMqttWire } from '#simulator/engine/client/mqtt-wire.ts'
import type { Bench, Section } from '../bench.ts'
import { alternate, type Contender, type Rounds } from '../measure.ts'
import { awaited } from '../operations/operation.ts'
import { contenderHere } from '../runtimes/node.ts'
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
  contendersOf: (stage: WireStage) => readonly Contender[],
  title: string,
  rounds: Rounds,
): AsyncGenerator<Section> {
  const stage = await openWireStage(gateway, devices)
  if (stage === undefined) return
  try {
    const figures = await alternate(contendersOf(stage), rounds)
    yield { title, unit: 'µs', figures, goals: [{ of: ours, to: raw, atMost: 1.15 }] }
  } finally {
    await stage.close()
  }
}

function contender(name: string, connectOnce: (nth: number) => Promise<unknown>): Contender {
  return contenderHere(awaited(name, connectOnce))
}

function httpsContenders(stage: WireStage): readonly Contender[] {
  const { address } = stage
  return [
    contender(ours, async (nth) => {
      const opened = await openHttpWire({ ...address, credential: stage.credential(nth) })
      if (!opened.ok) throw new Error(opened.error.detail)
      const answer = await opened.value.get('/ok')
      opened.value.close()
      if (!answer.ok || answer.value.status !== 200) throw new Error('not let in')
    }),
    contender(raw, (nth) =>
      rawQuestion(stage, nth, Buffer.from('GET /ok HTTP/1.1\r\nhost: localhost\r\n\r\n')),
    ),
    contender("the scenario engine's, over undici", async (nth) => {
      const opened = await connect({ ...address, credential: stage.credential(nth) })
      if (!opened.ok) throw new Error(opened.error.detail)
      const answer = await opened.value.request({ method: 'GET', path: '/ok' })
      await opened.value.close()
      if (!answer.ok || answer.value.status !== 200) throw new Error('not let in')
    }),
  ]
}

function mqttContenders(stage: WireStage): readonly Contender[] {
  const { address } = stage
  return [
    contender(ours, async (nth) => {
      const credential = stage.credential(nth)
      const opened = await openMqttWire({ ...address, credential, clientId: `wire-${nth}` })
      if (!opened.ok) throw new Error(JSON.stringify(opened.error))
      opened.value.close()
    }),
    // CONNECT of MQTT 3.1.1 with an empty client identifier and a clean session (3.1).
    contender(raw, (nth) =>
      rawQuestion(stage, nth, Buffer.from('100c00044d5154540402003c0000', 'hex'), disconnect),
    ),
    contender('mqtt.js', async (nth) => {
      const { keyPem: key, chainPem: cert } = stage.credential(nth)
      const { host, port, servername, caPem: ca } = address
      const client = await connectAsync({
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
      })
      await client.endAsync()
    }),
  ]
}

/** MQTT 3.1.1 3.14: what every client says before it goes. */
const disconnect = Buffer.from('e000', 'hex')

/** The least that Node itself can do for one device; its goodbye, where the protocol has one, is said too. */
async function rawQuestion(
  stage: WireStage,
  nth: number,
  question: Buffer,
  goodbye?: Buffer,
): Promise<void> {
  const { keyPem: key, chainPem: cert } = stage.credential(nth)
  const { host, port, servername, caPem: ca } = stage.address
  const socket = tls.connect({ host, port, servername, ca, key, cert })
  await once(socket, 'secureConnect')
  socket.write(question)
  await once(socket, 'data')
  if (goodbye === undefined) socket.destroy()
  else socket.end(goodbye).destroySoon()
}
