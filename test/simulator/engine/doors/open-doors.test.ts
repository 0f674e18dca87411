import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:https'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createDoor, type Door } from '#simulator/engine/door.ts'
import { ClientProcessGone, openDoors, type Doors } from '#simulator/engine/doors/open-doors.ts'
import { createTestWorld, serverName, type TestWorld } from '../../credentials.ts'
import { credentialOf, valueOf } from '../../front/stage.ts'

let world: TestWorld
let server: Server
let doors: Doors | undefined

/** Where requests came from: a client may call a connection open before the server has seen its end of it. */
const sources: (string | undefined)[] = []

beforeAll(async () => {
  world = await createTestWorld()
  const { certPem: cert, keyPem: key } = world.server
  server = createServer(
    { cert, key, requestCert: true, rejectUnauthorized: false },
    (request, answer) => {
      sources.push(request.socket.remoteAddress)
      answer.setHeader('content-type', 'application/json').end('{"device":{"serial":"01"}}')
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}, 60_000)

afterEach(() => doors?.close())

afterAll(() => {
  server.close()
  server.closeAllConnections()
}, 60_000)

const options = () => ({
  address: {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    servername: serverName,
    caPem: world.root.certPem,
  },
  sessions: 'kept' as const,
})

const credential = () => credentialOf(world.device, world.issuing)
const question = { method: 'GET', path: '/' }

/** One request, and the answer's outcome without how long it took. */
async function askedOver(door: Door, session?: Buffer) {
  const line = valueOf(await door.openHttps(credential(), session))
  const { observation } = await line.request(question)
  const kept = line.session()
  await line.close()
  return { resumed: line.resumed, observation: { ...observation, latencyMs: 0 }, session: kept }
}

test('a connection in another process says what one in this process says, and is resumed there', async () => {
  doors = await openDoors(options(), 2)
  const here = await askedOver(createDoor(options()))
  const there = await askedOver(doors)
  expect(there.observation).toEqual(here.observation)
  expect(there.observation).toMatchObject({ outcome: 'accepted', identitySerial: '01' })
  const again = await askedOver(doors, there.session)
  expect(again.resumed).toBe(true)
  expect(doors.handshakes).toEqual({ full: 1, resumed: 1 })
  expect(doors.usage().cpuMs).toBeGreaterThan(0)
}, 60_000)

test('connections are spread over the processes and source addresses; a lost process says how many it held', async () => {
  const spread = await openDoors(options(), 2)
  doors = spread
  const lines = await Promise.all(Array.from({ length: 4 }, () => spread.openHttps(credential())))
  await Promise.all(lines.map((line) => valueOf(line).request(question)))
  expect(new Set(sources.slice(-4))).toEqual(new Set(['127.0.0.2', '127.0.0.6']))
  const [first] = spread.pids
  if (first !== undefined) process.kill(first, 'SIGKILL')
  const settled = await Promise.allSettled(lines.map((line) => valueOf(line).request(question)))
  const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
  expect(reasons.length).toBeGreaterThanOrEqual(2)
  expect(reasons[0]).toContain(
    `client process ${first} ended by SIGKILL, and with it 2 connections`,
  )
}, 60_000)

test('a process that is killed ends the door, by name; closing it then is no fault', async () => {
  doors = await openDoors(options(), 1)
  const line = valueOf(await doors.openHttps(credential()))
  const [pid] = doors.pids
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
  const failure = await line.request(question).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ClientProcessGone)
  expect(String(failure)).toMatch(/client process \d+ ended by SIGKILL, and with it 1 connections/)
  await expect(doors.openHttps(credential())).rejects.toBeInstanceOf(ClientProcessGone)
  await line.close()
}, 60_000)

test('nothing listens there: the same refusal as in this process', async () => {
  const nowhere = { ...options(), address: { ...options().address, port: 1 } }
  doors = await openDoors(nowhere, 1)
  const [here, there] = [
    await createDoor(nowhere).openHttps(credential()),
    await doors.openHttps(credential()),
  ]
  const untimed = (opened: typeof here) => !opened.ok && { ...opened.error, latencyMs: 0 }
  expect(untimed(there)).toEqual(untimed(here))
}, 60_000)

test('the processes are gone when the door is closed', async () => {
  const closed = await openDoors(options(), 2)
  await closed.close()
  for (const pid of closed.pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
}, 60_000)
