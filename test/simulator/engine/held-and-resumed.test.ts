import { afterAll, beforeAll, expect, test } from 'vitest'
import { shift, type Instant } from '#shared/time.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { connect } from '#simulator/engine/client/device-connection.ts'
import { connectMqtt } from '#simulator/engine/client/mqtt-client.ts'
import { noSabotage, startLocalStage } from '#simulator/engine/local-stage.ts'
import type { Stage } from '#simulator/engine/stage.ts'
import { createVirtualTimeline, type Timeline } from '#simulator/engine/timeline.ts'
import { smallScenario } from './run-small.ts'

const hourMs = 3_600_000
const { signal } = new AbortController()

/** A front that lets clients resume TLS sessions, before the real gateway and target. */
const small = smallScenario()
const scenario = { ...small, front: { ...small.front, resumption: 'allowed' as const } }

let authority: Authority
let stage: Stage
let timeline: Timeline
let serials = 0

beforeAll(async () => {
  const { start } = scenario.time
  authority = await createAuthority({ seed: 1, start, intermediates: 2, ledger: new Ledger() })
  timeline = createVirtualTimeline(start)
  stage = await startLocalStage({ scenario, authority, timeline, port: 0, sabotage: noSabotage })
  await publishCrls()
}, 30_000)

afterAll(() => stage.close())

test('a revoked device that resumes its TLS session is refused', async () => {
  const { credential } = await issueDevice()
  const before = await open(credential)
  expect(await status(before)).toBe(200)
  const session = before.session()
  await before.close()
  await revoke(credential)
  const resumed = await open(credential, session)
  expect(resumed.resumed, 'the session was resumed: no certificate was sent').toBe(true)
  expect(await refusal(resumed)).toEqual({ status: 403, code: 'revoked' })
  await resumed.close()
})

test('a good device that resumes its TLS session is let in', async () => {
  const { credential } = await issueDevice()
  const before = await open(credential)
  expect(await status(before)).toBe(200)
  const session = before.session()
  await before.close()
  const resumed = await open(credential, session)
  expect(resumed.resumed).toBe(true)
  expect(await status(resumed)).toBe(200)
  await resumed.close()
})

test('a revoked device that keeps its connection open is refused at its next request', async () => {
  const { credential } = await issueDevice()
  const held = await open(credential)
  expect(await status(held)).toBe(200)
  await revoke(credential)
  expect(await refusal(held)).toEqual({ status: 403, code: 'revoked' })
  await held.close()
})

test('a certificate that ends on an open connection is refused at the next request', async () => {
  const { credential } = await issueDevice(hourMs)
  const held = await open(credential)
  expect(await status(held)).toBe(200)
  await advance(hourMs + 1000)
  expect(await refusal(held)).toEqual({ status: 403, code: 'expired' })
  await held.close()
})

test('a revoked device that holds an MQTT session is cut at its next message', async () => {
  const { credential } = await issueDevice()
  const opened = await connectMqtt({ ...stage.address, credential, clientId: 'held' })
  if (!opened.ok) throw new Error(JSON.stringify(opened.error))
  expect(await opened.value.publish('held', 'before')).toEqual({ ok: true, value: undefined })
  await revoke(credential)
  // The worker's clock moves with requests: another device's tells it the time.
  const { credential: other } = await issueDevice()
  const teller = await open(other)
  expect(await status(teller)).toBe(200)
  await teller.close()
  const cut = await opened.value.publish('held', 'after')
  expect(cut).toMatchObject({ ok: false, error: { kind: 'refused', code: 'revoked' } })
  await opened.value.end()
})

async function issueDevice(
  validityMs = 30 * 24 * hourMs,
): Promise<{ readonly credential: DeviceCredential }> {
  serials += 1
  const at = timeline.now()
  const credential = await authority.issue({
    device: `car-${serials}`,
    kind: 'car',
    notBefore: at,
    notAfter: shift(at, validityMs),
    at,
  })
  return { credential }
}

async function open(credential: DeviceCredential, session?: Buffer) {
  const opened = await connect({
    ...stage.address,
    credential,
    ...(session === undefined ? {} : { session }),
  })
  if (!opened.ok) throw new Error(JSON.stringify(opened.error))
  return opened.value
}

type Connection = Awaited<ReturnType<typeof open>>

async function status(connection: Connection): Promise<number> {
  return (await answer(connection)).status
}

async function refusal(connection: Connection): Promise<{ status: number; code: unknown }> {
  const { status: found, body } = await answer(connection)
  return {
    status: found,
    code: typeof body === 'object' && body !== null && 'code' in body ? body.code : body,
  }
}

async function answer(connection: Connection) {
  const response = await connection.request({ method: 'GET', path: '/' })
  if (!response.ok) throw new Error(JSON.stringify(response.error))
  return response.value
}

/** Revokes, publishes, and lets the bound on noticing pass. */
async function revoke({ serial }: DeviceCredential): Promise<void> {
  authority.revoke(serial, timeline.now(), 'keyCompromise')
  await publishCrls()
  await advance(scenario.edge.maxStalenessMs + 1)
}

async function publishCrls(): Promise<void> {
  for (const crl of await authority.crls(timeline.now(), 7 * 24 * hourMs)) {
    await stage.publish(`crl/${crl.name}`, crl.der)
  }
}

function advance(ms: number): Promise<void> {
  const to: Instant = shift(timeline.now(), ms)
  return timeline.advanceTo(to, signal)
}
