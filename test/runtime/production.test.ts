import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { spoofs, stolenValue } from './spoofed-headers.ts'
import { cfOf, chainOf, dayMs, keyRing } from './given.ts'
import { localControl, startRuntime, type Runtime } from './stage.ts'

const localKey = 'k'.repeat(48)
const hopSecret = 'h'.repeat(48)

const production = { entry: 'edge/worker.ts' } as const
const target = {
  PLATFORM: 'alb',
  ALB_MODE: 'passthrough',
  HOP: 'secret',
  HOP_SECRET: hopSecret,
}

const workers = [
  // A key that no production worker reads, bound all the same: it must not open anything.
  { ...production, name: 'verify', variables: { LOCAL_KEY: localKey, SESSION_KEYS: keyRing } },
  { ...production, name: 'passthrough', variables: { MODE: 'passthrough' }, target: 'echo' },
  {
    ...production,
    name: 'gateway',
    variables: { MODE: 'passthrough', TARGET_HOP_SECRET: hopSecret },
    target: 'target',
  },
  { ...production, name: 'target', variables: target },
  {
    ...production,
    name: 'by-url',
    variables: {
      MODE: 'passthrough',
      TARGET_URL: 'https://origin.example',
      TARGET_HOP_SECRET: hopSecret,
    },
    outbound: 'echo',
  },
  { ...production, name: 'no-word-on-the-hop', variables: { PLATFORM: 'alb' } },
  {
    ...production,
    name: 'short-secret',
    variables: { ...target, HOP_SECRET: 'tell-no-one', MODE: 'x' },
  },
  { ...production, name: 'no-anchors', variables: { TRUST_PREFIX: 'trust-stores/none/' } },
  {
    name: 'local',
    entry: 'simulator/worker/local.ts',
    variables: { LOCAL_KEY: localKey },
  },
] as const

let runtime: Runtime
let car: DeviceCredential
let lapsed: DeviceCredential

beforeAll(async () => {
  runtime = await startRuntime(workers)
  car = await runtime.pki.issue('car-1', [-dayMs, dayMs])
  lapsed = await runtime.pki.issue('car-2', [-10 * dayMs, -dayMs])
}, 30_000)

afterAll(() => runtime.close())

interface Answer {
  readonly status: number
  readonly code?: string
  readonly session?: string
}

async function ask(...[name, options]: Parameters<Runtime['fetch']>): Promise<Answer> {
  const response = await runtime.fetch(name, options)
  const text = await response.text()
  const body = text.startsWith('{') ? (JSON.parse(text) as Omit<Answer, 'status'>) : {}
  return { ...body, status: response.status }
}

describe('as deployed: decided from request.cf', () => {
  test('a device of the fleet is let in, with a session that is used', async () => {
    const cf = cfOf(...chainOf(car))
    const response = await runtime.fetch('verify', { cf })
    expect(response.status).toBe(200)
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    expect(await response.json()).toMatchObject({ device: { serial: car.serial } })
    expect(await ask('verify', { cf, headers: { cookie } })).toMatchObject({
      status: 200,
      session: 'used',
    })
    expect(await ask('verify', { headers: { cookie } })).toMatchObject({ code: 'no_certificate' })
  })

  test('through gateway and target: the chain that was passed through is verified', async () => {
    const cf = cfOf(...chainOf(car))
    expect(await ask('gateway', { cf })).toMatchObject({ status: 200, session: 'none' })
    expect(await ask('gateway')).toMatchObject({ status: 401, code: 'no_certificate' })
  })

  test('without anchors: 503', async () => {
    const cf = cfOf(...chainOf(car))
    expect(await ask('no-anchors', { cf })).toMatchObject({
      status: 503,
      code: 'trust_store_unavailable',
    })
  })
})

describe('spoofed headers, in workerd', () => {
  test.each(spoofs)('$header, $how', async ({ header }) => {
    const headers = { [header]: stolenValue(header, chainOf(car)) }
    expect(await ask('verify', { headers })).toMatchObject({ status: 401, code: 'header_forged' })
    const passed = await (await runtime.fetch('passthrough', { headers })).text()
    expect(passed).toContain('"headers"')
    expect(passed.toLowerCase()).not.toContain(header.toLowerCase())
    expect(await ask('gateway', { headers })).toMatchObject({ status: 401, code: 'no_certificate' })
  })
})

describe('who is not the terminator gets nowhere', () => {
  const header = 'x-amzn-mtls-clientcert'
  const chain = () => stolenValue(header, chainOf(car))

  test.each([
    { name: 'no secret', headers: {} },
    { name: 'a guess', headers: { 'x-sallyport-hop': 'h'.repeat(47) } },
  ])('the target: $name', async ({ headers }) => {
    const answer = await ask('target', { headers: { ...headers, [header]: chain() } })
    expect(answer).toMatchObject({ status: 421, code: 'not_from_terminator' })
  })

  test('the target: the secret opens, so it is the secret that counts', async () => {
    const headers = { 'x-sallyport-hop': hopSecret, [header]: chain() }
    expect(await ask('target', { headers })).toMatchObject({ status: 200 })
  })

  test.each([
    { name: 'no key', key: undefined },
    { name: 'an empty key', key: '' },
    { name: 'a guess', key: 'k'.repeat(47) },
    { name: 'the key and more', key: `${localKey}k` },
  ])("a local run's worker: $name", async ({ key }) => {
    const control = localControl(key ?? '', Date.now(), cfOf(...chainOf(car)))
    const headers = key === undefined ? {} : { 'x-sallyport-local': control }
    expect((await ask('local', { cf: cfOf(...chainOf(car)), headers })).status).toBe(421)
  })
})

/** When the lapsed certificate was in force. */
const then = () => runtime.pki.now - 5 * dayMs

const http = () => new Date(then()).toUTCString()

const iso = () => new Date(then()).toISOString()

describe('the clock is the runtime’s, and no request sets it', () => {
  const tries: readonly { name: string; headers: () => Readonly<Record<string, string>> }[] = [
    { name: 'nothing', headers: () => ({}) },
    {
      name: 'the control header, signed',
      headers: () => ({
        'x-sallyport-local': localControl(localKey, then(), cfOf(...chainOf(lapsed))),
      }),
    },
    {
      name: 'the control header, unsigned',
      headers: () => ({ 'x-sallyport-local': localControl('', then()) }),
    },
    {
      name: 'the control header for an unbound key',
      headers: () => ({ 'x-sallyport-local': localControl('undefined', then()) }),
    },
    { name: 'Date', headers: () => ({ date: http() }) },
    ...[
      'x-now',
      'x-date',
      'x-time',
      'x-clock',
      'x-timestamp',
      'x-amz-date',
      'x-request-start',
      'x-sallyport-now',
      'x-sallyport-clock',
      'x-sallyport-time',
      'if-modified-since',
    ].flatMap((name) => [
      { name: `${name} in milliseconds`, headers: () => ({ [name]: String(then()) }) },
      { name: `${name} in ISO 8601`, headers: () => ({ [name]: iso() }) },
    ]),
  ]

  test.each(tries)('$name: an expired certificate stays expired', async ({ headers }) => {
    const answer = await ask('verify', { cf: cfOf(...chainOf(lapsed)), headers: headers() })
    expect(answer).toMatchObject({ status: 403, code: 'expired' })
  })

  test('facts beside the certificate set no clock either', async () => {
    const cf = { ...cfOf(...chainOf(lapsed)), now: then(), timestamp: then(), date: iso() }
    const path = `/?now=${then()}&time=${iso()}`
    expect(await ask('verify', { cf, path })).toMatchObject({ status: 403, code: 'expired' })
  })

  test('a certificate in force is judged by today, whatever a request says', async () => {
    const headers = { 'x-sallyport-local': localControl(localKey, then()), date: http() }
    expect(await ask('verify', { cf: cfOf(...chainOf(car)), headers })).toMatchObject({
      status: 200,
    })
  })

  test('the same header does set the clock of a local run: the tries above are no idle ones', async () => {
    // The list of today lies in the future of that day, so only the certificate's end is looked at.
    const control = localControl(localKey, then(), cfOf(...chainOf(lapsed)))
    const answer = await ask('local', { headers: { 'x-sallyport-local': control } })
    expect(answer).toMatchObject({ status: 503, code: 'revocation_unknown' })
  })
})

describe('a worker that is not configured decides nothing', () => {
  test.each([
    { worker: 'no-word-on-the-hop', named: ['HOP'] },
    { worker: 'short-secret', named: ['HOP_SECRET', 'MODE'] },
  ])('$worker: 500, and the log names $named', async ({ worker, named }) => {
    runtime.takeLogs()
    const response = await runtime.fetch(worker, { cf: cfOf(...chainOf(car)) })
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ code: 'misconfigured' })
    const logs = runtime.takeLogs()
    expect(logs.map((line) => /the variable (\w+) is wrong/.exec(line)?.[1])).toEqual(named)
    expect(logs.join('\n') + text).not.toContain('tell-no-one')
  })
})

describe('TARGET_URL: a request goes to the target and nowhere else', () => {
  test.each([
    { path: '/a?b=c', sent: 'https://origin.example/a?b=c' },
    { path: '//elsewhere.example/x', sent: 'https://origin.example//elsewhere.example/x' },
    { path: '/\\elsewhere.example/x', sent: 'https://origin.example//elsewhere.example/x' },
  ])('$path', async ({ path, sent }) => {
    const answer = await runtime.fetch('by-url', { path })
    expect(await answer.json()).toMatchObject({
      url: sent,
      headers: expect.arrayContaining([['x-sallyport-hop', hopSecret]]),
    })
  })
})
