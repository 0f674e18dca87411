import { beforeEach, expect, test } from 'vitest'
import { analyticsOf } from '#edge/observe/analytics.ts'
import type { ListenerVariables } from '#edge/variables.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf } from '../../runtime/given.ts'
import { binary, fakeBroker, fakeDevice, until } from '../mqtt/fakes.ts'
import {
  createPki,
  createStage,
  requestOf,
  staleMs,
  start,
  type Pki,
  type Stage,
  type StageOptions,
} from '../stage.ts'

let pki: Pki
let meter: DeviceCredential

beforeEach(async () => {
  pki = await createPki()
  meter = await pki.issue('meter-1')
})

const token = 't'.repeat(32)
const counted = { METRICS_PATH: '/metrics', METRICS_TOKEN: token }

/** A session of the meter that was revoked and has said one thing more. */
async function cutSession(
  variables: ListenerVariables,
  analytics?: StageOptions['analytics'],
): Promise<Stage> {
  const device = fakeDevice()
  const acceptWebSocket = () => ({ socket: device.socket, response: new Response('switched') })
  const mqtt = { openBroker: () => fakeBroker().connection, acceptWebSocket }
  const stage = await createStage(pki, { variables, mqtt, analytics })
  const headers = { upgrade: 'websocket', 'cf-ray': '7d1b-FRA' }
  await stage.app.request(requestOf(cfOf(...chainOf(meter)), headers, '/mqtt'))
  pki.authority.revoke(meter.serial, start, 'keyCompromise')
  await pki.publish(start)
  stage.clock.advance(staleMs)
  for (const text of ['late', 'later']) device.send(binary(text))
  await until(() => device.closed.length > 0)
  return stage
}

test('a session that is cut leaves a line of its own: the same connection and leaf, and the reason', async () => {
  const { lines } = await cutSession({})
  expect(lines).toHaveLength(2)
  const [opened, cut] = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
  expect(opened).toMatchObject({ event: 'request', outcome: 'accepted', basis: 'path' })
  expect(cut).toMatchObject({
    time: '2027-01-01T00:00:05.000000Z',
    event: 'session_cut',
    outcome: 'refused',
    code: 'revoked',
    albReason: 'ClientCertCrlHit',
    found: { at: 0, serial: meter.serial },
    platform: 'cloudflare',
    policy: 'verify',
  })
  expect(cut?.['connection']).toEqual(opened?.['connection'])
  expect(cut?.['leaf']).toEqual(opened?.['leaf'])
})

test("in ALB's form it is a connection that failed, under the same trace id", async () => {
  const { lines } = await cutSession({ CONNECTION_LOG: 'alb' })
  expect(lines.map((line) => line.replace(/"[^"]*" \S+/, '…'))).toEqual([
    `2027-01-01T00:00:00.000000Z - - - - - - … ${meter.serial} Success 7d1b-FRA - - -`,
    `2027-01-01T00:00:05.000000Z - - - - - - … ${meter.serial} Failed:ClientCertCrlHit 7d1b-FRA - - -`,
  ])
})

test('where nobody looks at certificates a line tells of none, as ALB’s does', async () => {
  const { app, lines } = await createStage(pki, {
    variables: { MODE: 'off', CONNECTION_LOG: 'alb' },
  })
  await app.request(requestOf(cfOf(...chainOf(meter))))
  expect(lines).toEqual(['2027-01-01T00:00:00.000000Z - - - - - - - - - Success - - - -'])
})

test('it is counted, also where no line is written', async () => {
  const { app, lines } = await cutSession({ ...counted, CONNECTION_LOG: 'off' })
  expect(lines).toEqual([])
  const headers = { authorization: `Bearer ${token}` }
  const page = await (await app.request(requestOf(undefined, headers, '/metrics'))).text()
  expect(page).toContain(
    'sallyport_sessions_cut_total{reason="revoked",platform="cloudflare",policy="verify"} 1\n',
  )
})

test('data points are written where nothing else is: one for the upgrade, one for the cut', async () => {
  const points: (readonly string[])[] = []
  const dataset = { writeDataPoint: (point: { blobs: string[] }) => void points.push(point.blobs) }
  await cutSession({ CONNECTION_LOG: 'off' }, analyticsOf(dataset))
  expect(points).toEqual([
    ['request', 'accepted', 'path', 'cloudflare', 'verify'],
    ['session_cut', 'refused', 'revoked', 'cloudflare', 'verify'],
  ])
})
