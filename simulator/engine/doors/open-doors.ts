import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { err, ok } from '#shared/result.ts'
import type { HandshakeCount } from '../client/tls-connection.ts'
import type { Door, DoorOptions, HttpsLine, MqttLine } from '../door.ts'
import type { Answers, Call, CallMessage, ProcessUsage, ReplyMessage } from './messages.ts'

/** A door whose connections are held by other processes. */
export interface Doors extends Door {
  /** Of all these processes together, as they last told. */
  usage(): ProcessUsage
  readonly pids: readonly number[]
  /** Ends the processes, and with them what they hold. */
  close(): Promise<void>
}

/** A process that held connections is no more: what the run was about to see, nobody can tell. */
export class ClientProcessGone extends Error {}

/**
 * One process that holds connections. It is told what to do, and remembers nothing that a device
 * does: cookies and sessions come back with the answers, so any process may take any connection.
 */
interface Holder {
  readonly child: ChildProcess
  readonly waiting: Map<number, { resolve(answer: never): void; reject(error: Error): void }>
  /** Connections that are open or being opened. */
  open: number
  handshakes: HandshakeCount
  usage: ProcessUsage
}

/** What all holders share. */
interface Pool {
  readonly holders: readonly Holder[]
  readonly handshakes: HandshakeCount
  calls: number
  isClosing: boolean
  gone: ClientProcessGone | undefined
}

/** Handshakes that one process has under way at once: the world's own number, for each of them. */
const sideBySideOfOne = 16

/** Beside this file, under the ending that this file has: TypeScript in the project, else JavaScript. */
const entry = fileURLToPath(new URL(`./door-process${extname(import.meta.url)}`, import.meta.url))

/**
 * Starts so many processes and stands a door before them, which opens each connection in the process
 * that has the fewest. The first process that ends by itself ends the door: every later call rejects
 * with `ClientProcessGone`.
 */
export async function openDoors(options: DoorOptions, processes: number): Promise<Doors> {
  const holders = Array.from({ length: processes }, startHolder)
  const handshakes: HandshakeCount = { full: 0, resumed: 0 }
  const pool: Pool = { holders, handshakes, calls: 0, isClosing: false, gone: undefined }
  for (const holder of holders) listen(pool, holder)
  try {
    await Promise.all(
      holders.map((each, nth) => ask(pool, each, { kind: 'stand', door: options, nth })),
    )
  } catch (error) {
    await closeAll(pool)
    throw error
  }
  return {
    handshakes,
    sideBySideMax: sideBySideOfOne * processes,
    pids: holders.flatMap(({ child }) => child.pid ?? []),
    openHttps: (credential, session) => openHttps(pool, { credential, session }),
    openMqtt: (credential, clientId, use) => openMqtt(pool, { credential, clientId, use }),
    usage: () => ({
      cpuMs: holders.reduce((sum, { usage }) => sum + usage.cpuMs, 0),
      peakRssBytes: holders.reduce((sum, { usage }) => sum + usage.peakRssBytes, 0),
    }),
    close: () => closeAll(pool),
  }
}

/**
 * What connections leave behind dies young, and V8 lets the room for it grow to 64 MB before it looks:
 * with 4 MB a process that ten thousand came through has grown by 6 MB in place of 120, and a held
 * connection takes 3 kB less.
 */
export const youngGenerationBound = '--max-semi-space-size=4'

function startHolder(): Holder {
  const child = fork(entry, {
    // Octets of sessions and bodies go as they are.
    serialization: 'advanced',
    // Standard output is the report's.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [youngGenerationBound],
  })
  const usage = { cpuMs: 0, peakRssBytes: 0 }
  return { child, waiting: new Map(), open: 0, handshakes: { full: 0, resumed: 0 }, usage }
}

function listen(pool: Pool, holder: Holder): void {
  const { child, waiting } = holder
  child.on('message', (message) => {
    // From a process of our own, which sends nothing else.
    const reply = message as ReplyMessage
    takeCounts(pool, holder, reply)
    const call = waiting.get(reply.nth)
    waiting.delete(reply.nth)
    call?.resolve(reply.answer as never)
  })
  child.once('error', (error) => lose(pool, holder, error.message))
  child.once('exit', (code, signal) => lose(pool, holder, `ended by ${signal ?? code}`))
}

function takeCounts({ handshakes }: Pool, holder: Holder, reply: ReplyMessage): void {
  handshakes.full += reply.handshakes.full - holder.handshakes.full
  handshakes.resumed += reply.handshakes.resumed - holder.handshakes.resumed
  holder.handshakes = reply.handshakes
  holder.usage = reply.usage
}

function lose(pool: Pool, { child, open, waiting }: Holder, how: string): void {
  const gone = new ClientProcessGone(
    `client process ${child.pid ?? ''} ${how}, and with it ${open} connections: ` +
      'run again, with more --client-processes where memory or descriptors were short',
  )
  if (!pool.isClosing) pool.gone ??= gone
  for (const call of waiting.values()) call.reject(gone)
  waiting.clear()
}

function ask<Kind extends Call['kind']>(
  pool: Pool,
  { child, waiting }: Holder,
  call: Extract<Call, { kind: Kind }>,
): Promise<Answers[Kind]> {
  const { gone } = pool
  if (gone !== undefined) return Promise.reject(gone)
  pool.calls += 1
  const message: CallMessage = { nth: pool.calls, call }
  return new Promise((resolve, reject) => {
    waiting.set(message.nth, { resolve, reject })
    // A channel that is closed is told by `exit`, which rejects this call.
    child.send(message, () => {})
  })
}

/** The one with the fewest connections. */
function leastBurdened({ holders }: Pool): Holder {
  const [least] = holders.toSorted((one, other) => one.open - other.open)
  if (least === undefined) throw new RangeError('a door needs a process at least')
  return least
}

/** Opens in the process that has the fewest, and counts the connection there while it stays open. */
async function openIn<Kind extends 'open_https' | 'open_mqtt'>(
  pool: Pool,
  call: Extract<Call, { kind: Kind }>,
): Promise<{ readonly holder: Holder; readonly opened: Answers[Kind] }> {
  const holder = leastBurdened(pool)
  holder.open += 1
  const opened = await ask<Kind>(pool, holder, call)
  if (!opened.ok) holder.open -= 1
  return { holder, opened }
}

async function openHttps(
  pool: Pool,
  call: Omit<Extract<Call, { kind: 'open_https' }>, 'kind'>,
): ReturnType<Door['openHttps']> {
  const { holder, opened } = await openIn<'open_https'>(pool, { kind: 'open_https', ...call })
  if (!opened.ok) return err(opened.error)
  const { line, resumed } = opened.value
  let newest: Buffer | undefined
  const httpsLine: HttpsLine = {
    resumed,
    session: () => newest,
    async request(request) {
      const { answer, session } = await ask(pool, holder, { kind: 'request', line, request })
      newest = session
      return answer
    },
    close: () => hangUp(pool, holder, line),
  }
  return ok(httpsLine)
}

async function openMqtt(
  pool: Pool,
  call: Omit<Extract<Call, { kind: 'open_mqtt' }>, 'kind'>,
): ReturnType<Door['openMqtt']> {
  const { holder, opened } = await openIn<'open_mqtt'>(pool, { kind: 'open_mqtt', ...call })
  if (!opened.ok) return err(opened.error)
  const { line: number, observation } = opened.value
  const line: MqttLine = {
    publish: (topic, payload) =>
      ask(pool, holder, { kind: 'publish', line: number, topic, payload }),
    close: () => hangUp(pool, holder, number),
  }
  return ok({ line, observation })
}

/** What a process held that is no more has been hung up by its end. */
async function hangUp(pool: Pool, holder: Holder, line: number): Promise<void> {
  holder.open -= 1
  try {
    await ask(pool, holder, { kind: 'close', line })
  } catch (error) {
    if (!(error instanceof ClientProcessGone)) throw error
  }
}

/** A process ends at once when its channel is closed; one that hangs is ended after this, in milliseconds. */
const lastWordsMs = 5_000

async function closeAll(pool: Pool): Promise<void> {
  pool.isClosing = true
  await Promise.all(pool.holders.map(({ child }) => end(child)))
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  const late = setTimeout(() => child.kill('SIGKILL'), lastWordsMs)
  if (child.connected) child.disconnect()
  await exit
  clearTimeout(late)
}
