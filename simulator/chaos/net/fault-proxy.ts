import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { chance, type Random } from '#simulator/random.ts'
import type { Toxic, ToxicType } from './toxic.ts'

export interface FaultProxyOptions {
  /** Where connections go on to. */
  readonly upstream: { readonly host: string; readonly port: number }
  /** 0: any free port of 127.0.0.1. */
  readonly port: number
  readonly toxics: readonly Toxic[]
  /** Which connections a toxic falls on, and what varies: the same draws, the same faults. */
  readonly random: Random
  /** Waits so many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>
}

/** A TCP proxy that does to connections what bad networks do. */
export interface FaultProxy {
  readonly port: number
  /** Ends every connection and frees the port. */
  close(): Promise<void>
}

/** Starts one on 127.0.0.1. Rejects where the port is taken. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const open = new Set<Socket>()
  // Each direction ends for itself, as TCP has it.
  const server = createServer({ allowHalfOpen: true }, (client) => join(options, client, open))
  server.listen(options.port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('TCP has a port')
  return {
    port: address.port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

function join(options: FaultProxyOptions, client: Socket, open: Set<Socket>): void {
  const { upstream, random } = options
  const far = connect({ ...upstream, allowHalfOpen: true })
  for (const [socket, other] of [
    [client, far],
    [far, client],
  ] as const) {
    open.add(socket)
    // An error is the end of a connection here, and that is passed on.
    socket.on('error', () => other.destroy())
    socket.on('close', () => {
      open.delete(socket)
      if (socket.errored !== null) other.destroy()
    })
  }
  const toxics = options.toxics.filter(({ toxicity }) => chance(random, toxicity))
  for (const [stream, from, to] of [
    ['upstream', client, far],
    ['downstream', far, client],
  ] as const) {
    const own = toxics.filter((toxic) => toxic.stream === stream)
    pump(options, own, from, to).catch(() => {
      // One of the two was destroyed under way: so is the other.
      from.destroy()
      to.destroy()
    })
  }
}

/** One direction of a connection, from the first octet to its end. */
async function pump(
  { random, wait }: FaultProxyOptions,
  toxics: readonly Toxic[],
  from: Socket,
  to: Socket,
): Promise<void> {
  const attribute = (type: ToxicType, name: string): number | undefined =>
    toxics.find((toxic) => toxic.type === type)?.attributes[name]
  const reset = attribute('reset_peer', 'timeout')
  if (reset !== undefined) return endAfter(wait, reset, () => resetBoth(from, to))
  const silence = attribute('timeout', 'timeout')
  if (silence !== undefined) return swallow(wait, silence, from, to)
  const limit = attribute('limit_data', 'bytes') ?? Number.POSITIVE_INFINITY
  let passed = 0
  for await (const chunk of from) {
    for (const piece of sliced(chunk as Buffer, attribute, random)) {
      await wait(delayOf(piece, attribute, random))
      const allowed = piece.subarray(0, Math.max(0, limit - passed))
      passed += allowed.length
      if (allowed.length > 0 && !to.write(allowed)) await once(to, 'drain')
      if (passed >= limit) return void to.end(() => from.destroy())
    }
  }
  const delay = attribute('slow_close', 'delay')
  if (delay !== undefined) await wait(delay)
  to.end()
}

type Attribute = (type: ToxicType, name: string) => number | undefined

/** Pieces of a chunk, as the slicer cuts them; whole where there is none. */
function* sliced(chunk: Buffer, attribute: Attribute, random: Random): Generator<Buffer> {
  const average = attribute('slicer', 'average_size') ?? 0
  const variation = attribute('slicer', 'size_variation') ?? 0
  for (let at = 0; at < chunk.length;) {
    const varied = Math.round(average + (2 * random.next() - 1) * variation)
    const length = average === 0 ? chunk.length : Math.max(1, varied)
    yield chunk.subarray(at, at + length)
    at += length
  }
}

/** Milliseconds before a piece goes on: latency, the slicer's pause, and what the line takes for it. */
function delayOf(piece: Buffer, attribute: Attribute, random: Random): number {
  const jitter = attribute('latency', 'jitter') ?? 0
  const latency = (attribute('latency', 'latency') ?? 0) + (2 * random.next() - 1) * jitter
  const rate = attribute('bandwidth', 'rate') ?? 0
  // A kilobyte a second is an octet a millisecond; a rate of 0 lets everything through.
  const line = rate === 0 ? 0 : piece.length / rate
  return Math.max(0, latency) + (attribute('slicer', 'delay') ?? 0) / 1000 + line
}

async function swallow(
  wait: FaultProxyOptions['wait'],
  afterMs: number,
  from: Socket,
  to: Socket,
): Promise<void> {
  from.resume()
  if (afterMs > 0) {
    await endAfter(wait, afterMs, () => {
      from.destroy()
      to.destroy()
    })
  }
}

async function endAfter(
  wait: FaultProxyOptions['wait'],
  ms: number,
  end: () => void,
): Promise<void> {
  if (ms > 0) await wait(ms)
  end()
}

/** RFC 9293 3.10.7: an RST, which throws away what was under way. */
function resetBoth(from: Socket, to: Socket): void {
  from.resetAndDestroy()
  to.resetAndDestroy()
}
