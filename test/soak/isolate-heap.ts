import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'

/** What V8 says of one isolate, in octets: a Worker's 128 MB are of both together. */
export interface HeapUse {
  /** Objects. */
  readonly used: number
  /** What lies behind ArrayBuffers, outside of the heap. */
  readonly backing: number
}

/** An isolate of workerd, looked at through its inspector. */
export interface IsolateHeap {
  /** What it holds at this moment, garbage and all. */
  now(): Promise<HeapUse>
  /** What is alive: garbage is collected first. */
  alive(): Promise<HeapUse>
  /** The most that it held while something was done, looked at every so many milliseconds. */
  most(everyMs: number, work: () => Promise<unknown>): Promise<HeapUse>
  close(): void
}

export const sumOf = ({ used, backing }: HeapUse): number => used + backing

/**
 * Opens the inspector of one worker.
 *
 * @param inspector where workerd's inspector listens
 */
export async function openIsolateHeap(inspector: URL, worker: string): Promise<IsolateHeap> {
  const socket = new WebSocket(new URL(`/core:user:${worker}`, inspector))
  await once(socket, 'open')
  const ask = asking(socket)
  await ask('HeapProfiler.enable')
  const now = async (): Promise<HeapUse> => {
    const { usedSize, backingStorageSize } = await ask('Runtime.getHeapUsage')
    return { used: Number(usedSize), backing: Number(backingStorageSize) }
  }
  return {
    now,
    async alive() {
      // workerd leaves `collectGarbage` without an answer; a snapshot begins with a collection. Buffers
      // are swept beside the program: a second one finds none of the first's.
      for (const _ of [1, 2]) await ask('HeapProfiler.takeHeapSnapshot')
      return now()
    },
    async most(everyMs, work) {
      let most = await now()
      const working = work().then(() => 'done' as const)
      do {
        const use = await now()
        if (sumOf(use) > sumOf(most)) most = use
      } while ((await Promise.race([working, pause(everyMs)])) !== 'done')
      return most
    },
    close: () => socket.close(),
  }
}

type Answer = Readonly<Record<string, unknown>>

function asking(socket: WebSocket): (method: string) => Promise<Answer> {
  const waiting = new Map<number, (answer: Answer) => void>()
  socket.on('message', (octets) => {
    const text = Buffer.isBuffer(octets) ? octets.toString() : ''
    const { id, result } = JSON.parse(text) as { id?: number; result?: Answer }
    if (id === undefined) return
    waiting.get(id)?.(result ?? {})
    waiting.delete(id)
  })
  let last = 0
  return async (method) => {
    last += 1
    const id = last
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method }))
    const patience = new AbortController()
    const late = pause(answerMs, undefined, { signal: patience.signal }).then(() => {
      throw new Error(`workerd's inspector does not answer ${method}`)
    })
    return Promise.race([answered, late]).finally(() => patience.abort())
  }
}

/** An isolate answers between two turns of its own: a compile gives way for each shard. */
const answerMs = 120_000
