import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { programOf } from '#simulator/gateways/program.ts'
import type { WireStage } from './stage.ts'

/** The far end of a broker: mosquitto_sub in a process of its own, which counts what comes through. */
export interface Receiver {
  /** Resolves once so many messages have come since the start; rejects where it ends, or stalls. */
  until(count: number): Promise<void>
  close(): void
}

/** mosquitto_sub(1) `-F`: one octet and a line end for each message, whatever is in it. */
const line = { format: '.', octets: 2 }

/** Without one more message for so long, messages were lost; milliseconds of real time. */
const stalledMs = 30_000

/** Starts it; undefined, and told, where it is not installed. `probe` publishes one message to its topic. */
export async function startReceiver(
  stage: WireStage,
  { topic, qos, probe }: { topic: string; qos: 0 | 1; probe: () => Promise<void> },
): Promise<Receiver | undefined> {
  const program = programOf('mosquitto_sub')
  if (program === undefined) {
    process.stderr.write('skipped: mosquitto_sub is not installed\n')
    return undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-receiver-'))
  const args = [...writeCredential(stage, folder), '-t', topic, '-q', String(qos)]
  const child = spawn(program, [...args, '-F', line.format], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const count = countLines(child)
  const close = (): void => {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const base = await subscribed(probe, count.came)
    return { until: (more) => count.until(base + more), close }
  } catch (error) {
    close()
    throw error
  }
}

/** Where to connect and with what, as mosquitto_sub wants to be told. */
function writeCredential({ address, credential }: WireStage, folder: string): readonly string[] {
  const { keyPem, chainPem } = credential(0)
  const files = { cafile: address.caPem, cert: chainPem, key: keyPem }
  const told = Object.entries(files).flatMap(([name, pem]) => {
    const file = join(folder, name)
    writeFileSync(file, pem, { mode: 0o600 })
    return [`--${name}`, file]
  })
  return ['-h', address.servername, '-p', String(address.port), ...told]
}

function countLines(child: ChildProcessByStdio<null, Readable, null>) {
  let [octets, target] = [0, 0]
  let settle: ((error?: Error) => void) | undefined
  child.stdout.on('data', (chunk: Buffer) => {
    octets += chunk.length
    if (octets >= target * line.octets) settle?.()
  })
  child.once('exit', () => settle?.(new Error('mosquitto_sub has ended')))
  const until = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      target = count
      const lost = (): void => settle?.(new Error(`${target - octets / line.octets} messages lost`))
      const timer = setTimeout(lost, stalledMs)
      settle = (error) => {
        clearTimeout(timer)
        settle = undefined
        if (error === undefined) resolve()
        else reject(error)
      }
      if (octets >= target * line.octets) settle()
    })
  return { until, came: () => octets / line.octets }
}

/** mosquitto_sub does not say when it is there: it is when a message comes. Gives how many came. */
async function subscribed(probe: () => Promise<void>, came: () => number): Promise<number> {
  for (let probes = 0; probes < probesMax; probes += 1) {
    if (came() > 0) break
    await probe()
    await wait(probeEveryMs)
  }
  if (came() === 0) throw new Error('mosquitto_sub receives nothing')
  // What is still under way of the probes comes within a pause or two.
  for (let last = -1; last !== came();) {
    last = came()
    await wait(5 * probeEveryMs)
  }
  return came()
}

const probeEveryMs = 100
const probesMax = 300
