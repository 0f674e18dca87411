import { sourceAddresses } from '../client/source-address.ts'
import { createDoor, type Door, type HttpsLine, type MqttLine } from '../door.ts'
import type { Answers, Call, CallMessage, ProcessUsage, ReplyMessage } from './messages.ts'

/*
 * The entry of a process that holds connections for `openDoors`: it lives no device and judges
 * nothing. It ends when the process that started it closes the channel, or is no more.
 */

const lines = new Map<number, HttpsLine | MqttLine>()
let opened = 0
let door: Door | undefined

process.on('message', (message: CallMessage) => {
  // What fails here fails the process, and with it the run: nothing is left unanswered in silence.
  void answer(message)
})
process.once('disconnect', () => process.exit())
// Ctrl-C reaches every process of a terminal; the run ends in order, and closes the channel then.
process.on('SIGINT', () => {})

async function answer({ nth, call }: CallMessage): Promise<void> {
  const reply: ReplyMessage = {
    nth,
    answer: await carryOut(call),
    handshakes: door?.handshakes ?? { full: 0, resumed: 0 },
    usage: usage(),
  }
  // A channel that is gone meanwhile is told by 'disconnect', which ends this process.
  if (process.connected) process.send?.(reply, undefined, {}, () => {})
}

function usage(): ProcessUsage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  // Node counts in microseconds and kibibytes.
  return { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakRssBytes: maxRSS * 1024 }
}

async function carryOut(call: Call): Promise<Answers[Call['kind']]> {
  switch (call.kind) {
    case 'stand':
      door = createDoor(call.door, sourceAddresses(call.door.address.host, call.nth))
      return undefined
    case 'open_https': {
      const line = await standing().openHttps(call.credential, call.session)
      if (!line.ok) return line
      return { ok: true, value: { line: keep(line.value), resumed: line.value.resumed } }
    }
    case 'open_mqtt': {
      const line = await standing().openMqtt(call.credential, call.clientId, call.use)
      if (!line.ok) return line
      const { observation } = line.value
      return { ok: true, value: { line: keep(line.value.line), observation } }
    }
    case 'request': {
      const line = lineOf(call.line)
      if (!('request' in line)) throw new Error('a request over an MQTT session')
      return { answer: await line.request(call.request), session: line.session() }
    }
    case 'publish': {
      const line = lineOf(call.line)
      if (!('publish' in line)) throw new Error('a message over an HTTPS connection')
      return line.publish(call.topic, call.payload)
    }
    case 'close': {
      const line = lineOf(call.line)
      lines.delete(call.line)
      await line.close()
      return undefined
    }
  }
}

function standing(): Door {
  if (door === undefined) throw new Error('a call before there is a door')
  return door
}

function keep(line: HttpsLine | MqttLine): number {
  opened += 1
  lines.set(opened, line)
  return opened
}

function lineOf(number: number): HttpsLine | MqttLine {
  const line = lines.get(number)
  if (line === undefined) throw new Error(`no line ${number}`)
  return line
}
