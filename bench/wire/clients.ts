import { once } from 'node:events'
import tls from 'node:tls'
import { connectAsync, type MqttClient } from 'mqtt'
import { openMqttWire, type MqttWire } from '#simulator/engine/client/mqtt-wire.ts'
import type { WireStage } from './stage.ts'

/*
 * The nth device of a stage as each client plays it, let in and with a session that nobody will
 * resume. What is refused throws: a bench of refusals would measure something else.
 */

/** CONNECT of MQTT 3.1.1 with an empty client identifier and a clean session (3.1). */
export const connectPacket = Buffer.from('100c00044d5154540402003c0000', 'hex')

/** MQTT 3.1.1 3.14: what every client says before it goes. */
export const disconnectPacket = Buffer.from('e000', 'hex')

/** Ours for the mass. */
export async function openOurs(
  { address, credential }: WireStage,
  nth: number,
  localAddress?: string,
): Promise<MqttWire> {
  const opened = await openMqttWire({
    ...address,
    credential: credential(nth),
    clientId: `wire-${nth}`,
    sessions: 'ignored',
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  if (!opened.ok) throw new Error(JSON.stringify(opened.error))
  return opened.value
}

/** The least that Node itself can do: one question, and the first octets of what answers it. */
export async function openRaw(
  { address, credential }: WireStage,
  nth: number,
  question: Buffer,
): Promise<tls.TLSSocket> {
  const { keyPem: key, chainPem: cert } = credential(nth)
  const { host, port, servername, caPem: ca } = address
  const socket = tls.connect({ host, port, servername, ca, key, cert })
  await once(socket, 'secureConnect')
  socket.write(question)
  await once(socket, 'data')
  return socket
}

/** mqtt.js, with MQTT 3.1.1 and without its reconnecting, as ours has none. */
export function openMqttJs({ address, credential }: WireStage, nth: number): Promise<MqttClient> {
  const { keyPem: key, chainPem: cert } = credential(nth)
  const { host, port, servername, caPem: ca } = address
  return connectAsync({
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
}
