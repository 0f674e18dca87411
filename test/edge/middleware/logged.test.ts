import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ListenerVariables } from '#edge/variables.ts'
import { toHex } from '#shared/bytes.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf, keyRing } from '../../runtime/given.ts'
import { binary, fakeBroker, fakeDevice } from '../mqtt/fakes.ts'
import { createPki, createStage, requestOf, type Pki, type Stage } from '../stage.ts'

let pki: Pki
let car: DeviceCredential

beforeAll(async () => {
  pki = await createPki()
  car = await pki.issue('car-1')
})

afterEach(() => vi.restoreAllMocks())

const stageOf = (variables: ListenerVariables = {}): Promise<Stage> =>
  createStage(pki, { variables })

const presented = (): object => ({
  ...cfOf(...chainOf(car)),
  tlsVersion: 'TLSv1.3',
  tlsCipher: 'AEAD-AES128-GCM-SHA256',
})

type Line = Readonly<Record<string, unknown>>

/** The one line of the one request so far. */
function onlyLine({ lines }: Stage): Line {
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '') as Line
}

const secret = 's'.repeat(32)

const away = (): Promise<Response> => Promise.reject(new Error('refused'))

const noSocket = (): never => {
  throw new Error('no socket')
}

describe('one line for every request', () => {
  interface Row {
    readonly name: string
    readonly variables?: ListenerVariables
    readonly cf?: () => object | undefined
    readonly headers?: Readonly<Record<string, string>>
    readonly line: object
  }

  const rows: readonly Row[] = [
    {
      name: 'accepted',
      cf: presented,
      headers: { 'cf-connecting-ip': '203.0.113.1', 'cf-ray': '7d1b-FRA' },
      line: {
        time: '2027-01-01T00:00:00.000000Z',
        outcome: 'accepted',
        basis: 'path',
        platform: 'cloudflare',
        policy: 'verify',
        session: 'none',
        forged: [],
        connection: {
          clientIp: '203.0.113.1',
          traceId: '7d1b-FRA',
          tls: { protocol: 'TLSv1.3', cipher: 'AEAD-AES128-GCM-SHA256' },
        },
        leaf: { subject: 'CN=car-1,O=Sallyport Fleet' },
      },
    },
    {
      name: 'accepted, with a session that begins',
      variables: { SESSION_KEYS: keyRing },
      cf: presented,
      line: { outcome: 'accepted', session: 'issued' },
    },
    {
      name: 'refused',
      cf: () => cfOf(car.leafDer),
      line: {
        outcome: 'refused',
        code: 'untrusted',
        albReason: 'ClientCertUntrusted',
        found: { at: 0 },
        leaf: { subject: 'CN=car-1,O=Sallyport Fleet' },
      },
    },
    { name: 'no certificate', line: { outcome: 'refused', code: 'no_certificate' } },
    {
      name: 'a header that pretends one: the decision that was answered',
      headers: { 'Client-Cert': ':AA==:' },
      line: {
        outcome: 'refused',
        code: 'header_forged',
        found: { headers: ['client-cert'] },
        forged: ['client-cert'],
      },
    },
    {
      name: 'passthrough decides nothing',
      variables: { MODE: 'passthrough' },
      cf: presented,
      line: { outcome: 'not_decided', policy: 'passthrough', leaf: { serial: expect.any(String) } },
    },
    {
      name: 'what passthrough cannot pass on',
      variables: { MODE: 'passthrough' },
      cf: () => ({ tlsClientAuth: 'of another shape' }),
      line: { outcome: 'not_decided', problem: { code: 'presentation_malformed' } },
    },
    {
      name: 'not from the terminator: nothing of it is believed',
      variables: { PLATFORM: 'alb', HOP: 'secret', HOP_SECRET: secret },
      headers: { 'x-forwarded-for': '203.0.113.1', 'client-cert': 'x' },
      line: {
        outcome: 'not_decided',
        connection: {},
        forged: [],
        problem: { code: 'not_from_terminator' },
      },
    },
  ]

  test.each(rows)('$name', async ({ variables, cf, headers, line }) => {
    const stage = await stageOf(variables)
    const response = await stage.app.request(requestOf(cf?.(), headers))
    const told = onlyLine(stage)
    expect(told).toMatchObject(line)
    expect('problem' in told).toBe(response.status >= 400)
  })

  test('a target that fails', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const stage = await createStage(pki, { variables: {}, target: away })
    await stage.app.request(requestOf(presented()))
    expect(onlyLine(stage)).toMatchObject({
      outcome: 'accepted',
      problem: { code: 'target_unreachable' },
      target: { name: 'binding:TARGET' },
    })
  })

  test('a fault of the app itself', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const mqtt = { openBroker: () => fakeBroker().connection, acceptWebSocket: noSocket }
    const stage = await createStage(pki, { variables: {}, mqtt })
    const response = await stage.app.request(
      requestOf(presented(), { upgrade: 'websocket' }, '/mqtt'),
    )
    expect(response.status).toBe(500)
    expect(onlyLine(stage)).toMatchObject({
      outcome: 'accepted',
      problem: { code: 'misconfigured' },
    })
  })

  test('an MQTT session, when it is opened', async () => {
    const device = fakeDevice()
    const acceptWebSocket = () => ({ socket: device.socket, response: new Response('switched') })
    const mqtt = { openBroker: () => fakeBroker().connection, acceptWebSocket }
    const stage = await createStage(pki, { variables: {}, mqtt })
    await stage.app.request(requestOf(presented(), { upgrade: 'websocket' }, '/mqtt'))
    device.send(binary('first'))
    expect(onlyLine(stage)).toMatchObject({ outcome: 'accepted' })
  })

  test('without a trust store nothing is decided, and that is told', async () => {
    const empty = await createPki()
    empty.bucket.remove('anchors.pem')
    const stage = await createStage(empty, { variables: {} })
    await stage.app.request(requestOf(presented()))
    expect(onlyLine(stage)).toMatchObject({
      outcome: 'not_decided',
      problem: { code: 'trust_store_unavailable' },
    })
  })
})

describe('a problem is found in the log by its id', () => {
  test.each([
    { name: 'a refusal', variables: {}, headers: {} },
    {
      name: 'not from the terminator',
      variables: { PLATFORM: 'alb', HOP: 'secret', HOP_SECRET: secret },
      headers: {},
    },
  ])('$name', async ({ variables, headers }) => {
    const stage = await stageOf(variables)
    const response = await stage.app.request(requestOf(undefined, headers))
    const { instance, code } = (await response.json()) as Readonly<Record<string, string>>
    const id = /^urn:sallyport:occurrence:([0-9a-f]{32})$/.exec(instance ?? '')?.[1]
    expect(id).toBeDefined()
    expect(onlyLine(stage)['problem']).toEqual({ code, id })
  })

  test('no two bear the same', async () => {
    const { app } = await stageOf()
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const response = await app.request(requestOf(undefined))
        return ((await response.json()) as { readonly instance: string }).instance
      }),
    )
    expect(new Set(ids).size).toBe(20)
  })
})

describe('the form', () => {
  test("alb: ALB's fifteen fields", async () => {
    const stage = await stageOf({ CONNECTION_LOG: 'alb' })
    await stage.app.request(requestOf(presented(), { 'cf-connecting-ip': '203.0.113.1' }))
    await stage.app.request(requestOf(undefined))
    expect(stage.lines).toEqual([
      `2027-01-01T00:00:00.000000Z 203.0.113.1 - - TLSv1.3 AEAD-AES128-GCM-SHA256 - "CN=car-1,O=Sallyport Fleet" NotBefore=2027-01-01T00:00:00Z;NotAfter=2027-01-31T00:00:00Z ${car.serial} Success - - - -`,
      '2027-01-01T00:00:00.000000Z - - - - - - - - - Failed:UnmappedConnectionError - - - -',
    ])
  })

  test('off: none', async () => {
    const stage = await stageOf({ CONNECTION_LOG: 'off' })
    await stage.app.request(requestOf(presented()))
    await stage.app.request(requestOf(undefined))
    expect(stage.lines).toEqual([])
  })

  test('no line holds a cookie, a token or a key', async () => {
    const stage = await stageOf({ SESSION_KEYS: keyRing })
    const first = await stage.app.request(requestOf(presented(), { authorization: 'tell-no-one' }))
    const cookie = first.headers.getSetCookie().at(-1)?.split(';')[0] ?? ''
    await stage.app.request(requestOf(presented(), { cookie }))
    expect(JSON.parse(stage.lines[1] ?? '')).toMatchObject({ session: 'used', basis: 'session' })
    const text = stage.lines.join('\n')
    expect(text).not.toContain('tell-no-one')
    expect(text).not.toContain(cookie.split('=')[1])
    expect(text).not.toContain(toHex(car.leafDer).slice(0, 40))
  })
})
