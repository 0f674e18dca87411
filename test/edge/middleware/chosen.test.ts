import { beforeAll, describe, expect, test } from 'vitest'
import type { ListenerVariables } from '#edge/variables.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { shift } from '#shared/time.ts'
import { cfOf, chainOf, dayMs, keyRing } from '../../runtime/given.ts'
import { newJwk, setOf } from '../evidence/rings.ts'
import { codeOf, createPki, createStage, requestOf, start, type Pki, type Stage } from '../stage.ts'

let pki: Pki
let car: DeviceCredential

beforeAll(async () => {
  pki = await createPki()
  car = await pki.issue('car-1')
})

const stageOf = (policies: readonly object[], variables: ListenerVariables = {}): Promise<Stage> =>
  createStage(pki, { variables: { ...variables, POLICIES: JSON.stringify(policies) } })

const cf = () => cfOf(...chainOf(car))

const facts = (): object => cf().tlsClientAuth

function to(url: string, given: object | undefined, headers: Record<string, string> = {}): Request {
  return Object.defineProperty(new Request(url, { headers }), 'cf', { value: given })
}

const policyOf = ({ lines }: Stage): unknown =>
  (JSON.parse(lines.at(-1) ?? '{}') as Readonly<Record<string, unknown>>)['policy']

/** Names of what a target is told of a certificate. */
const toldOf = (request: Request | undefined): readonly string[] =>
  [...(request?.headers.keys() ?? [])].filter((name) => /cert|sallyport/.test(name))

/** Two hosts and some paths; the listener's own policy is the strict one. */
const policies = [
  { name: 'admin', paths: ['/admin', '/admin/*'] },
  { name: 'assets', hosts: ['*.cdn.example', 'cdn.example'], mode: 'off' },
  { name: 'renewal', hosts: ['edge.example'], paths: ['/renew*'], expired: 'grace 14d' },
  { name: 'health', paths: ['/health'], certificate: 'optional' },
  { name: 'legacy', paths: ['/v?/legacy/*'], mode: 'passthrough' },
]

describe('the first policy that matches host and path', () => {
  const rows = [
    { url: 'https://edge.example/telemetry', policy: 'verify' },
    { url: 'https://edge.example/admin', policy: 'admin' },
    { url: 'https://edge.example/admin/', policy: 'admin' },
    { url: 'https://edge.example/administrator', policy: 'verify' },
    { url: 'https://edge.example/Admin', policy: 'verify' },
    { url: 'https://edge.example/admin?x=/health', policy: 'admin' },
    { url: 'https://edge.example/health', policy: 'health' },
    { url: 'https://edge.example/health/', policy: 'verify' },
    { url: 'https://edge.example/v1/legacy/x', policy: 'legacy' },
    { url: 'https://edge.example/v10/legacy/x', policy: 'verify' },
    { url: 'https://a.cdn.example/x', policy: 'assets' },
    { url: 'https://cdn.example/x', policy: 'assets' },
    { url: 'https://CDN.example:8443/x', policy: 'assets' },
    { url: 'https://cdn.example./x', policy: 'assets' },
    { url: 'https://cdn.example/admin', policy: 'admin' },
    { url: 'https://xcdn.example/x', policy: 'verify' },
    { url: 'https://edge.example/renew', policy: 'renewal' },
    { url: 'https://other.example/renew', policy: 'verify' },
  ]
  test.each(rows)('$url: $policy', async ({ url, policy }) => {
    const stage = await stageOf(policies)
    await stage.app.request(to(url, cf()))
    expect(policyOf(stage)).toBe(policy)
  })

  test('nothing else that a client says', async () => {
    const stage = await stageOf(policies)
    const headers = {
      'x-forwarded-host': 'cdn.example',
      forwarded: 'host=cdn.example',
      'x-original-url': '/health',
      'x-rewrite-url': '/health',
      'x-forwarded-uri': '/health',
      'x-forwarded-prefix': '/v1/legacy',
    }
    await stage.app.request(to('https://edge.example/telemetry', undefined, headers))
    expect(policyOf(stage)).toBe('verify')
    expect(stage.forwarded).toEqual([])
  })
})

describe('no other spelling of a path finds a laxer policy', () => {
  const lax = [{ name: 'admin', paths: ['/admin', '/admin/*'] }]
  const spellings = [
    '/admin',
    '//admin',
    '/x/../admin',
    '/%61dmin',
    '/./admin',
    '/x/%2e%2e/admin',
    '/x/..%2fadmin',
    '/x%2F..%2Fadmin',
    '/%2Fadmin',
    '/%5cadmin',
    '/\\admin',
    '///admin',
    '/admin/%2e',
    '/admin%2Fx',
  ]

  test.each(spellings)('%s needs a certificate', async (path) => {
    // Whoever is not under /admin comes in without one.
    const stage = await stageOf(lax, { CERTIFICATE: 'optional' })
    const response = await stage.app.request(to(`https://edge.example${path}`, undefined))
    expect(policyOf(stage)).toBe('admin')
    expect(await codeOf(response)).toBe('no_certificate')
    expect(stage.forwarded).toEqual([])
  })

  test.each(spellings)('%s goes on as it was asked about', async (path) => {
    const stage = await stageOf(lax, { CERTIFICATE: 'optional' })
    await stage.app.request(to(`https://edge.example${path}?q=//%61`, cf()))
    expect(stage.forwarded[0]?.url).toMatch(/^https:\/\/edge\.example\/admin(\/x?)?\?q=\/\/%61$/)
  })

  test.each(['/health/../admin', '/admin/../health/%2e%2e/admin', '/health%2f..%2fadmin'])(
    '%s is no health page',
    async (path) => {
      const stage = await stageOf([{ name: 'health', paths: ['/health*'], mode: 'off' }])
      const response = await stage.app.request(to(`https://edge.example${path}`, undefined))
      expect(policyOf(stage)).toBe('verify')
      expect(response.status).toBe(401)
    },
  )

  test.each(['/a%00', '/a%', '/a%zz'])('%s is no path', async (path) => {
    const stage = await stageOf(policies)
    const response = await stage.app.request(to(`https://edge.example${path}`, cf()))
    expect(await codeOf(response)).toBe('request_malformed')
    expect(stage.forwarded).toEqual([])
    expect(stage.lines).toHaveLength(1)
  })
})

describe('each policy means its own words', () => {
  test('grace for the named route alone', async () => {
    const stage = await stageOf(policies)
    stage.clock.set(shift(start, 31 * dayMs))
    const renew = await stage.app.request(to('https://edge.example/renew', cf()))
    expect(renew.status).toBe(200)
    const other = await stage.app.request(to('https://edge.example/telemetry', cf()))
    expect(await codeOf(other)).toBe('expired')
    stage.clock.set(shift(start, 44 * dayMs + 1000))
    const late = await stage.app.request(to('https://edge.example/renew', cf()))
    expect(await codeOf(late)).toBe('expired')
  })

  test('off: the certificate is ignored, a refused one too', async () => {
    const stage = await stageOf(policies)
    const url = 'https://cdn.example/x'
    for (const given of [undefined, cf(), cfOf(car.leafDer), { tlsClientAuth: 'malformed' }]) {
      expect((await stage.app.request(to(url, given))).status).toBe(200)
    }
    for (const request of stage.forwarded) expect(toldOf(request)).toEqual([])
  })

  test('passthrough: the chain goes on', async () => {
    const stage = await stageOf(policies)
    await stage.app.request(to('https://edge.example/v1/legacy/x', cf()))
    expect(toldOf(stage.forwarded[0])).toEqual(['x-amzn-mtls-clientcert'])
  })

  test('a mode of nothing decided under a listener that decides, and the other way round', async () => {
    const stage = await stageOf([{ name: 'strict', paths: ['/s'], mode: 'verify' }], {
      MODE: 'off',
    })
    expect((await stage.app.request(to('https://edge.example/', undefined))).status).toBe(200)
    expect((await stage.app.request(to('https://edge.example/s', undefined))).status).toBe(401)
    expect((await stage.app.request(to('https://edge.example/s', cf()))).status).toBe(200)
  })
})

describe('an optional certificate', () => {
  const url = 'https://edge.example/health'
  const metadata = [
    'x-amzn-mtls-clientcert-issuer',
    'x-amzn-mtls-clientcert-leaf',
    'x-amzn-mtls-clientcert-serial-number',
    'x-amzn-mtls-clientcert-subject',
    'x-amzn-mtls-clientcert-validity',
  ]

  test('none: through, without metadata, identity and evidence', async () => {
    const evidence = { EVIDENCE_KEYS: setOf(await newJwk('e1')), EVIDENCE_ISSUER: 'edge' }
    const stage = await stageOf(policies, { ...evidence, SESSION_KEYS: keyRing })
    const response = await stage.app.request(to(url, cfOf()))
    expect(response.status).toBe(200)
    expect(toldOf(stage.forwarded[0])).toEqual([])
    expect(response.headers.getSetCookie()).toEqual(['theirs=1'])
    expect(JSON.parse(stage.lines[0] ?? '')).toMatchObject({
      outcome: 'not_decided',
      policy: 'health',
    })
  })

  test('none, and a header that pretends one: through, without it', async () => {
    const stage = await stageOf(policies)
    const headers = { 'x-amzn-mtls-clientcert-subject': 'CN=admin', 'client-cert': 'x' }
    expect((await stage.app.request(to(url, cfOf(), headers))).status).toBe(200)
    expect(toldOf(stage.forwarded[0])).toEqual([])
  })

  test('a good one: decided, with metadata', async () => {
    const stage = await stageOf(policies)
    expect((await stage.app.request(to(url, cf()))).status).toBe(200)
    expect(toldOf(stage.forwarded[0])).toEqual(metadata)
    expect(JSON.parse(stage.lines[0] ?? '')).toMatchObject({ outcome: 'accepted' })
  })

  test.each([
    { name: 'untrusted', given: () => cfOf(car.leafDer), code: 'untrusted' },
    {
      name: 'revoked',
      given: () => ({ tlsClientAuth: { ...facts(), certRevoked: '1' } }),
      code: 'revoked',
    },
    {
      name: 'withheld',
      given: () => ({ tlsClientAuth: { ...facts(), certRFC9440: '', certRFC9440TooLarge: true } }),
      code: 'certificate_withheld',
    },
    {
      name: 'malformed',
      given: () => ({ tlsClientAuth: { certPresented: 'x' } }),
      code: 'presentation_malformed',
    },
  ])('one that is refused is refused: $name', async ({ given, code }) => {
    const stage = await stageOf(policies)
    expect(await codeOf(await stage.app.request(to(url, given())))).toBe(code)
    expect(stage.forwarded).toEqual([])
  })

  test('nobody is asked about as nobody: an ALLOW for devices lets none in', async () => {
    const AUTHORIZATION = JSON.stringify({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'cars' },
      spec: { rules: [{ from: [{ source: { principals: ['*'] } }] }] },
    })
    const stage = await stageOf(policies, { AUTHORIZATION })
    expect(await codeOf(await stage.app.request(to(url, cfOf())))).toBe('not_authorized')
    expect((await stage.app.request(to(url, cf()))).status).toBe(200)
  })
})

test('a session of a laxer policy says nothing under a stricter one', async () => {
  const stage = await stageOf(policies, { SESSION_KEYS: keyRing })
  stage.clock.set(shift(start, 30 * dayMs))
  const renew = await stage.app.request(to('https://edge.example/renew', cf()))
  const cookie = renew.headers.getSetCookie().at(-1)?.split(';')[0] ?? ''
  expect(cookie).toMatch(/^__Host-sallyport=v2\./)
  const session = async (path: string): Promise<unknown> => {
    await stage.app.request(to(`https://edge.example${path}`, cf(), { cookie }))
    return (JSON.parse(stage.lines.at(-1) ?? '') as Readonly<Record<string, unknown>>)['session']
  }
  expect(await session('/renew')).toBe('used')
  expect(await session('/telemetry')).toBe('issued')
  expect(await session('/admin')).toBe('issued')
  stage.clock.set(shift(start, 30 * dayMs + 1000))
  expect(await session('/renew')).toBe('used')
  const strict = await stage.app.request(to('https://edge.example/admin', cf(), { cookie }))
  expect(await codeOf(strict)).toBe('expired')
})

test('metrics count by the name of the policy', async () => {
  const token = 't'.repeat(32)
  const stage = await stageOf(policies, { METRICS_PATH: '/metrics', METRICS_TOKEN: token })
  await stage.app.request(to('https://edge.example/admin', cf()))
  await stage.app.request(requestOf(cf()))
  const authorization = `Bearer ${token}`
  const page = await stage.app.request(requestOf(undefined, { authorization }, '/metrics'))
  const text = await page.text()
  expect(text).toContain('policy="admin"')
  expect(text).toContain('policy="verify"')
})
