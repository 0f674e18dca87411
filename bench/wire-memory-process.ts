import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { setImmediate as turn } from 'node:timers/promises'
import { sourceAddressOf } from '#simulator/engine/client/source-address.ts'
import { connectPacket, openMqttJs, openOurs, openRaw } from './wire/clients.ts'
import { openWireStage, type WireStage } from './wire/stage.ts'

/*
 * Resident memory of a process of devices before mosquitto: `churn` connects and goes, `hold` stays.
 * Arguments: what, by which client, how many. Prints octets: grown in all, and for each connection.
 * What is held is held until standard input ends.
 */

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** One device comes; what it gives back ends it. */
type Come = (stage: WireStage, nth: number) => Promise<() => void>

const clients: Readonly<Record<string, Come>> = {
  async ours(stage, nth) {
    const session = await openOurs(stage, nth, sourceAddressOf(nth))
    return () => session.close()
  },
  async node(stage, nth) {
    const socket = await openRaw(stage, nth, connectPacket)
    return () => void socket.destroy()
  },
  async 'mqtt.js'(stage, nth) {
    const client = await openMqttJs(stage, nth)
    return () => void client.end(true)
  },
}

/** Handshakes under way at once. */
const sideBySide = 16

/** Until what Node compiles, and allocates once, is there. */
const warming = 300

const [what = '', client = '', count = ''] = process.argv.slice(2)
const come = clients[client]
if (come === undefined) throw new RangeError(`no client is called ${client}`)
const stage = await openWireStage('mosquitto', 200)
if (stage === undefined) throw new Error('mosquitto is not installed')
await fromTo(0, warming, async (nth) => (await come(stage, nth))())
const before = await residentOctets()
const ends: (() => void)[] = []
await fromTo(warming, warming + Number(count), async (nth) => {
  const end = await come(stage, nth)
  if (what === 'hold') ends.push(end)
  else end()
})
const grown = (await residentOctets()) - before
process.stdout.write(`${JSON.stringify({ grown, each: grown / Number(count) })}\n`)
process.stdin.resume()
await once(process.stdin, 'end')
for (const end of ends) end()
await stage.close()
process.exit(0)

/** A few side by side, as devices come: one by one a busy machine would make most of it a wait. */
async function fromTo(
  from: number,
  to: number,
  each: (nth: number) => Promise<void>,
): Promise<void> {
  let next = from
  const work = async (): Promise<void> => {
    while (next < to) {
      next += 1
      await each(next - 1)
    }
  }
  await Promise.all(Array.from({ length: sideBySide }, work))
}

async function residentOctets(): Promise<number> {
  for (let times = 0; times < 5; times += 1) {
    await turn()
    collect()
  }
  return process.memoryUsage.rss()
}
