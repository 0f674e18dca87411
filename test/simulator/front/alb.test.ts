import { afterAll, beforeAll, expect, test } from 'vitest'
import { err } from '#shared/result.ts'
import { instantFromIso, shift } from '#shared/time.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'
import { albNames, readAlbPassthrough } from '#shared/wire/alb.ts'
import { connect, type DeviceConnection } from '#simulator/engine/client/device-connection.ts'
import type { Judge, PlatformVerdict } from '#simulator/front/profile.ts'
import { albProfile } from '#simulator/front/profiles/alb.ts'
import { createTestWorld, type TestWorld } from '../credentials.ts'
import { startEcho, type EchoedRequest, type EchoUpstream } from './echo-upstream.ts'
import {
  answered,
  connected,
  credentialOf,
  echoOf,
  now,
  startTestFront,
  tlsOptions,
  valuesOf,
} from './stage.ts'

let world: TestWorld
let echo: EchoUpstream

beforeAll(async () => {
  world = await createTestWorld()
  echo = await startEcho()
})

afterAll(() => echo.close())

const chainHeader = 'x-amzn-mtls-clientcert'
const passthrough = albProfile({ mode: 'passthrough' })
const verify = albProfile({ mode: 'verify', expired: 'refuse' })

const verdicts = {
  none: { kind: 'none' },
  success: { kind: 'success' },
  untrusted: failed({ code: 'untrusted', at: 0, issuer: Uint8Array.of(0x30, 0) }),
  expired: failed({ code: 'expired', at: 0, now, notAfter: shift(now, -1000) }),
  not_yet_valid: failed({ code: 'not_yet_valid', at: 0, now, notBefore: shift(now, 1000) }),
  revoked: failed({
    code: 'revoked',
    at: 0,
    serial: 'D2AB',
    since: instantFromIso('2027-01-01T00:00:00Z'),
  }),
} as const satisfies Record<string, PlatformVerdict>

function failed(rejection: Rejection): PlatformVerdict {
  return { kind: 'failed', rejection }
}

function says(verdict: PlatformVerdict): { judge: Judge } {
  return { judge: async () => verdict }
}

const neverAsked: Judge = () => Promise.reject(new Error('asked'))

test('passthrough: the whole chain, URL-encoded PEM, leaf first, and no judge', async () => {
  const front = await startTestFront(world, echo.url, passthrough, { judge: neverAsked })
  const { device, unrelated, issuing } = world
  const credential = credentialOf(device, unrelated, issuing)
  const seen = await echoOf(tlsOptions(world, front.port, { credential }))
  const [header = ''] = valuesOf(seen, chainHeader)
  expect(header).toMatch(/^-----BEGIN%20CERTIFICATE-----%0A[^ ]*[+/=]/)
  const chain = readAlbPassthrough(() => header)
  expect(chain).toEqual({ ok: true, value: [device.der, unrelated.der, issuing.der] })
  expect(seen.local.cf).toEqual({})
  await front.close()
})

test('passthrough without a certificate: no header, and a forged one passes untouched', async () => {
  const front = await startTestFront(world, echo.url, passthrough)
  const { credential: _without, ...options } = tlsOptions(world, front.port)
  expect(valuesOf(await echoOf(options), chainHeader)).toEqual([])
  const forged = await echoOf(options, { headers: { 'X-Amzn-Mtls-Clientcert': 'forged' } })
  expect(valuesOf(forged, chainHeader)).toEqual(['forged'])
  await front.close()
})

const spellings = ['x-amzn-mtls-clientcert', 'X-Amzn-Mtls-Clientcert', 'X-AMZN-MTLS-CLIENTCERT']

test.each(spellings)('passthrough with a certificate: a forged %s is replaced', async (name) => {
  const front = await startTestFront(world, echo.url, passthrough)
  const seen = await echoOf(tlsOptions(world, front.port), {
    headers: { [name]: ['forged', 'forged'] },
  })
  expect(valuesOf(seen, chainHeader)).toHaveLength(1)
  expect(JSON.stringify(seen.lines)).not.toContain('forged')
  await front.close()
})

test('verify: the five headers of a good leaf; a forged passthrough header passes untouched', async () => {
  const front = await startTestFront(world, echo.url, verify)
  const seen = await echoOf(tlsOptions(world, front.port), {
    headers: { [chainHeader]: 'forged', [`${chainHeader}-subject`]: 'forged' },
  })
  expect(valuesOf(seen, `${chainHeader}-serial-number`)).toEqual(['D2AB'])
  expect(valuesOf(seen, `${chainHeader}-issuer`)).toEqual(['O=Sallyport,CN=Test Issuing'])
  expect(valuesOf(seen, `${chainHeader}-subject`)).toEqual([
    'CN=meter-0001,O=Z\\C3\\A4hler\\, GmbH,C=DE',
  ])
  expect(valuesOf(seen, `${chainHeader}-validity`)).toEqual([
    'NotBefore=2026-01-01T00:00:00Z;NotAfter=2046-03-01T13:35:00Z',
  ])
  expect(readAlbPassthrough(() => valuesOf(seen, `${chainHeader}-leaf`).join())).toEqual({
    ok: true,
    value: [world.device.der],
  })
  expect(valuesOf(seen, chainHeader)).toEqual(['forged'])
  await front.close()
})

const doors = [
  { verdict: 'success', expired: 'refuse', gets: 'in' },
  { verdict: 'expired', expired: 'allow', gets: 'in' },
  { verdict: 'expired', expired: 'refuse', gets: 'cut off' },
  { verdict: 'not_yet_valid', expired: 'allow', gets: 'cut off' },
  { verdict: 'none', expired: 'allow', gets: 'cut off' },
  { verdict: 'untrusted', expired: 'allow', gets: 'cut off' },
  { verdict: 'revoked', expired: 'allow', gets: 'cut off' },
] as const

test.each(doors)(
  'verify, expired $expired: $verdict is $gets',
  async ({ verdict, expired, gets }) => {
    const profile = albProfile({ mode: 'verify', expired })
    const front = await startTestFront(world, echo.url, profile, says(verdicts[verdict]))
    const before = echo.requests()
    const outcomes = [await attempt(front.port, 'TLSv1.2'), await attempt(front.port, 'TLSv1.3')]
    const expected = gets === 'in' ? 200 : 'connection_closed'
    expect(outcomes).toEqual([expected, expected])
    expect(echo.requests() - before).toBe(gets === 'in' ? 2 : 0)
    await front.close()
  },
)

/** One connection and request: the status, or how the connection failed. */
async function attempt(port: number, version: 'TLSv1.2' | 'TLSv1.3'): Promise<number | string> {
  const options = tlsOptions(world, port, { minVersion: version, maxVersion: version })
  const connection = await connect(options)
  if (!connection.ok) return connection.error.kind
  const response = await connection.value.request({ method: 'POST', path: '/', body: 'x' })
  await connection.value.close()
  return response.ok ? response.value.status : response.error.kind
}

test('verify: a device that is cut off need not send anything to learn it', async () => {
  const front = await startTestFront(world, echo.url, verify, says(verdicts.untrusted))
  const connection = await connect(tlsOptions(world, front.port))
  await expect.poll(() => !connection.ok || connection.value.isClosed()).toBe(true)
  await front.close()
})

test('renamed headers: set under the new name; a copy under the default name passes untouched', async () => {
  const profile = albProfile({ mode: 'passthrough' }, { ...albNames(), chain: 'X-Fleet-Chain' })
  const front = await startTestFront(world, echo.url, profile)
  const headers = { [chainHeader]: 'forged', 'x-fleet-chain': 'forged' }
  const seen = await echoOf(tlsOptions(world, front.port), { headers })
  expect(valuesOf(seen, chainHeader)).toEqual(['forged'])
  expect(valuesOf(seen, 'x-fleet-chain')).toHaveLength(1)
  expect(valuesOf(seen, 'x-fleet-chain')).not.toContain('forged')
  await front.close()
})

test('forwarding headers: the client stays at the left, proto and port are set, the trace is kept', async () => {
  const front = await startTestFront(world, echo.url, passthrough)
  const headers = {
    'X-Forwarded-For': '203.0.113.9',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': '80',
    'x-amzn-trace-id': 'Root=1-67891233-abcdef012345678912345678',
  }
  const seen = await echoOf(tlsOptions(world, front.port), { headers })
  expect(valuesOf(seen, 'x-forwarded-for')).toEqual(['203.0.113.9, 127.0.0.1'])
  expect(valuesOf(seen, 'x-forwarded-proto')).toEqual(['https'])
  expect(valuesOf(seen, 'x-forwarded-port')).toEqual([String(front.port)])
  expect(valuesOf(seen, 'x-amzn-trace-id')).toEqual([
    `Self=1-${(now / 1000).toString(16)}-000000000000000000000001;${headers['x-amzn-trace-id']}`,
  ])
  await front.close()
})

test('a phase change: open connections meet the new listener at their next request', async () => {
  const judged: number[] = []
  const judge: Judge = async (chain) => {
    judged.push(chain.length)
    return chain.length === 0 ? verdicts.none : verdicts.success
  }
  const front = await startTestFront(world, echo.url, passthrough, { judge })
  const { credential: _without, ...anonymous } = tlsOptions(world, front.port)
  const device = await connected(tlsOptions(world, front.port))
  const nobody = await connected(anonymous)
  expect(await headersSeen(device)).toEqual([chainHeader])
  expect(await headersSeen(nobody)).toEqual([])
  front.use(verify)
  expect(await headersSeen(device)).toHaveLength(5)
  expect(await nobody.request({ method: 'GET', path: '/' })).toEqual(
    err({ kind: 'connection_closed', answered: 1, detail: expect.any(String) }),
  )
  front.use(passthrough)
  expect(await headersSeen(device)).toEqual([chainHeader])
  front.use(albProfile({ mode: 'verify', expired: 'allow' }))
  expect(await headersSeen(device)).toHaveLength(5)
  expect(judged).toEqual([2, 0])
  await device.close()
  await front.close()
})

/** Names of the client-certificate headers that one request arrived with. */
async function headersSeen(connection: DeviceConnection): Promise<string[]> {
  const seen = (await answered(connection)).body as EchoedRequest
  return seen.lines.map(([name]) => name).filter((name) => name.startsWith(chainHeader))
}
