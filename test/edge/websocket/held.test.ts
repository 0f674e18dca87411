import { beforeEach, describe, expect, test, vi } from 'vitest'
import { relay } from '#edge/websocket/relay.ts'
import { offerPath } from '#edge/websocket/switched.ts'
import type { ListenerVariables } from '#edge/variables.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf } from '../../runtime/given.ts'
import { fakeDevice, until } from '../mqtt/fakes.ts'
import {
  codeOf,
  createPki,
  createStage,
  requestOf,
  staleMs,
  start,
  type Pki,
  type Stage,
} from '../stage.ts'

let pki: Pki
let meter: DeviceCredential

beforeEach(async () => {
  pki = await createPki()
  meter = await pki.issue('meter-1')
})

const upgrade = { upgrade: 'websocket' }

/** The app before a target that agrees to upgrades, in the way of a runtime that can be held. */
async function sceneOf(variables: ListenerVariables = {}) {
  const [device, behind] = [fakeDevice(), fakeDevice()]
  const asked: Request[] = []
  const target = async (request: Request): Promise<Response> => {
    asked.push(request)
    if (!request.headers.has('upgrade')) return new Response('ordinary')
    return offerPath(new Response('agreed'), (guard) => {
      relay(device.socket, behind.socket, guard)
      return new Response('held')
    })
  }
  const stage: Stage = await createStage(pki, { variables, target })
  return { ...stage, device, behind, asked }
}

describe('a WebSocket to a target', () => {
  test('that was decided here is held, and cut with a line of its own', async () => {
    const { app, clock, device, behind, lines } = await sceneOf()
    const response = await app.request(requestOf(cfOf(...chainOf(meter)), upgrade))
    expect(await response.text()).toBe('held')
    device.send('first')
    await until(() => behind.received.length === 1)
    pki.authority.revoke(meter.serial, start, 'keyCompromise')
    await pki.publish(start)
    clock.advance(staleMs - 1)
    behind.send('good')
    await until(() => device.received.length === 1)
    clock.advance(1)
    behind.send('late')
    await until(() => device.closed.length > 0)
    expect([device.closed, device.received]).toEqual([[[4403, 'revoked']], ['good']])
    const [, cut] = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    expect(cut).toMatchObject({ event: 'session_cut', outcome: 'refused', code: 'revoked' })
  })

  test.each(['passthrough', 'off'])(
    '%s: nothing was decided here, nothing is held',
    async (MODE) => {
      const { app } = await sceneOf({ MODE })
      const response = await app.request(requestOf(cfOf(...chainOf(meter)), upgrade))
      expect(await response.text()).toBe('agreed')
    },
  )

  test('that rests on a platform’s word alone could not be cut: the target is not asked', async () => {
    const verifying = await createStage(pki, { variables: {} })
    await verifying.app.request(requestOf(cfOf(...chainOf(meter))))
    const lines = Object.fromEntries(verifying.forwarded[0]?.headers ?? [])
    const { app, asked } = await sceneOf({ PLATFORM: 'alb', HOP: 'network', ATTESTED: 'accept' })
    const response = await app.request(requestOf(undefined, { ...lines, ...upgrade }))
    expect(await codeOf(response)).toBe('attestation_insufficient')
    const ordinary = await app.request(requestOf(undefined, lines))
    expect([ordinary.status, asked.length]).toEqual([200, 1])
  })

  test('that agrees in a way that cannot be held is an error, and no session', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const switched = Object.defineProperty(new Response(null), 'status', { value: 101 })
    const { app } = await createStage(pki, { variables: {}, target: async () => switched })
    const response = await app.request(requestOf(cfOf(...chainOf(meter)), upgrade))
    expect([response.status, await codeOf(response)]).toEqual([500, 'misconfigured'])
    expect(logged.mock.calls.flat().join('\n')).toContain('cannot be held')
    logged.mockRestore()
  })
})
