import { afterAll, beforeAll, expect, test } from 'vitest'
import { shift } from '#shared/time.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { connectMqtt } from '#simulator/engine/client/mqtt-client.ts'
import { noSabotage, startLocalStage } from '#simulator/engine/local-stage.ts'
import type { Stage } from '#simulator/engine/stage.ts'
import { createVirtualTimeline, type Timeline } from '#simulator/engine/timeline.ts'
import { ask, issueDevice, open, publishCrls } from './device.ts'
import { smallScenario } from './run-small.ts'

const hourMs = 3_600_000
const { signal } = new AbortController()

/** A front that lets clients resume TLS sessions, before the real gateway and target. */
const small = smallScenario()
const scenario = { ...small, front: { ...small.front, resumption: 'allowed' as const } }

let authority: Authority
let stage: Stage
let timeline: Timeline

beforeAll(async () => {
  const { start } = scenario.time
  authority = await createAuthority({ seed: 1, start, intermediates: 2, ledger: new Ledger() })
  timeline = createVirtualTimeline(start)
  stage = await startLocalStage({ scenario, authority, timeline, port: 0, sabotage: noSabotage })
  await publishCrls(authority, stage, start)
}, 30_000)

afterAll(() => stage.close())

test('a revoked device that resumes its TLS session is refused', async () => {
  const credential = await issueDevice(authority, timeline.now())
  const session = await useOnce(credential)
  await revoke(credential)
  const resumed = await open(stage, credential, session)
  expect(resumed.resumed, 'no certificate was sent this time').toBe(true)
  expect(await ask(resumed)).toEqual({ status: 403, code: 'revoked' })
  await resumed.close()
})

test('a good device that resumes its TLS session is let in', async () => {
  const credential = await issueDevice(authority, timeline.now())
  const session = await useOnce(credential)
  const resumed = await open(stage, credential, session)
  expect(resumed.resumed).toBe(true)
  expect(await ask(resumed)).toEqual({ status: 200, serial: credential.serial })
  await resumed.close()
})

test('a revoked device that keeps its connection open is refused at its next request', async () => {
  const credential = await issueDevice(authority, timeline.now())
  const held = await open(stage, credential)
  expect(await ask(held)).toEqual({ status: 200, serial: credential.serial })
  await revoke(credential)
  expect(await ask(held)).toEqual({ status: 403, code: 'revoked' })
  await held.close()
})

test('a certificate that ends on an open connection is refused at the next request', async () => {
  const credential = await issueDevice(authority, timeline.now(), hourMs)
  const held = await open(stage, credential)
  expect(await ask(held)).toEqual({ status: 200, serial: credential.serial })
  await advance(hourMs + 1000)
  expect(await ask(held)).toEqual({ status: 403, code: 'expired' })
  await held.close()
})

test('a revoked device that holds an MQTT session is cut at its next message', async () => {
  const credential = await issueDevice(authority, timeline.now())
  const opened = await connectMqtt({ ...stage.address, credential, clientId: 'held' })
  if (!opened.ok) throw new Error(JSON.stringify(opened.error))
  expect(await opened.value.publish('held', 'before')).toEqual({ ok: true, value: undefined })
  await revoke(credential)
  // The worker's clock moves with requests: another device's tells it the time.
  await useOnce(await issueDevice(authority, timeline.now()))
  const cut = await opened.value.publish('held', 'after')
  expect(cut).toMatchObject({ ok: false, error: { kind: 'refused', code: 'revoked' } })
  await opened.value.end()
})

/** One accepted request; gives the TLS session that it could be resumed with. */
async function useOnce(credential: DeviceCredential): Promise<Buffer | undefined> {
  const connection = await open(stage, credential)
  expect(await ask(connection)).toEqual({ status: 200, serial: credential.serial })
  const session = connection.session()
  await connection.close()
  return session
}

/** Revokes, publishes, and lets the bound on noticing pass. */
async function revoke({ serial }: DeviceCredential): Promise<void> {
  authority.revoke(serial, timeline.now(), 'keyCompromise')
  await publishCrls(authority, stage, timeline.now())
  await advance(scenario.edge.maxStalenessMs + 1)
}

function advance(ms: number): Promise<void> {
  return timeline.advanceTo(shift(timeline.now(), ms), signal)
}
