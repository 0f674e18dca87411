import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { err } from '#shared/result.ts'
import { startFaultProxy, type FaultProxy } from '#simulator/chaos/net/fault-proxy.ts'
import { parseToxic, type Toxic } from '#simulator/chaos/net/toxic.ts'
import { stream } from '#simulator/random.ts'

/** Answers each connection with what it was sent, and ends when the client does. */
let echo: Server
let proxy: FaultProxy | undefined
let waits: number[]

beforeAll(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
})

afterEach(() => proxy?.close())

afterAll(() => void echo.close())

function toxicOf(text: string): Toxic {
  const toxic = parseToxic(text)
  if (!toxic.ok) throw new Error(toxic.error)
  return toxic.value
}

async function open(...toxics: readonly string[]): Promise<Socket> {
  const address = echo.address()
  if (address === null || typeof address === 'string') throw new Error('TCP has a port')
  waits = []
  proxy = await startFaultProxy({
    upstream: { host: '127.0.0.1', port: address.port },
    port: 0,
    toxics: toxics.map(toxicOf),
    random: stream(7, 'fault-proxy'),
    wait: (ms) => Promise.resolve(waits.push(ms)),
  })
  return connect(proxy.port, '127.0.0.1')
}

test.each([
  ['without a toxic all passes', [], 'hello'],
  ['a toxicity of 0 falls on nobody', ['reset_peer,toxicity=0'], 'hello'],
  ['limit_data ends it behind so many octets', ['limit_data,bytes=3'], 'hel'],
  ['limit_data of the very length lets all through', ['limit_data,bytes=5'], 'hello'],
  ['the slicer changes no octet', ['slicer,average_size=2,size_variation=1'], 'hello'],
])('%s', async (_, toxics, expected) => {
  const socket = await open(...toxics)
  let read = ''
  socket.setEncoding('utf8').on('data', (text: string) => (read += text))
  const closed = once(socket, 'close')
  socket.end('hello')
  await closed
  expect(read).toBe(expected)
})

test.each([
  ['latency', ['latency,latency=300'], [0, 300]],
  ['bandwidth: 5 octets at 2 octets a millisecond', ['bandwidth,rate=2'], [0, 2.5]],
  ['slow_close', ['slow_close,delay=700'], [0, 0, 700]],
  [
    'slicer: a millisecond before each octet',
    ['slicer,average_size=1,delay=1000'],
    [0, 1, 1, 1, 1, 1],
  ],
  ['upstream', ['latency,latency=300,stream=upstream'], [0, 300]],
])('%s waits for so long', async (_, toxics, expected) => {
  const socket = await open(...toxics)
  const closed = once(socket.resume(), 'close')
  socket.end('hello')
  await closed
  expect(waits.toSorted((a, b) => a - b)).toEqual(expected)
})

test('reset_peer resets the connection', async () => {
  const socket = await open('reset_peer')
  const [error] = (await once(socket, 'error')) as [Error & { readonly code?: string }]
  expect(error.code).toBe('ECONNRESET')
})

test('timeout passes nothing and ends the connection', async () => {
  const socket = await open('timeout,timeout=5000')
  let read = ''
  socket.setEncoding('utf8').on('data', (text: string) => (read += text))
  socket.on('error', () => socket.destroy())
  await once(socket, 'close')
  expect([read, waits]).toEqual(['', [5000]])
})

test.each([
  [
    'fire',
    'no toxic is called "fire": expected latency, bandwidth, slow_close, timeout, reset_peer, slicer, limit_data',
  ],
  ['latency,rate=1', 'rate=1: latency has latency, jitter'],
  ['latency,latency=fast', 'latency=fast: expected a number of at least 0'],
  ['latency,toxicity=2', 'toxicity=2: expected at most 1'],
  ['latency,stream=sideways', 'stream=sideways: expected upstream or downstream'],
])('%s is told what is wrong', (text, expected) => {
  expect(parseToxic(text)).toEqual(err(expected))
})
