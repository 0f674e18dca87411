import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf, keyRing } from '../../runtime/given.ts'
import { binary, fakeBroker, fakeDevice } from '../mqtt/fakes.ts'
import { newJwk, setOf } from '../evidence/rings.ts'
import { policyDocument, tokenDocument, type Written } from '../authorization/documents.ts'
import { codeOf, createPki, createStage, requestOf, type Pki, type Stage } from '../stage.ts'

let pki: Pki
let car: DeviceCredential
let other: DeviceCredential

beforeAll(async () => {
  pki = await createPki()
  car = await pki.issue('car-1')
  other = await pki.issue('car-2')
})

const principal = (device: string): string => `fleet.sallyport.example/car/${device}`

const stageOf = (policies: readonly Written[], variables: object = {}): Promise<Stage> => {
  const AUTHORIZATION = JSON.stringify(policies.map(policyDocument))
  return createStage(pki, { variables: { AUTHORIZATION, ...variables } })
}

const cf = (credential: DeviceCredential): object => cfOf(...chainOf(credential))

const mayPost = {
  name: 'reports',
  rules: [
    {
      from: [{ source: { principals: [principal('car-1')] } }],
      to: [{ operation: { methods: ['GET'], hosts: ['edge.example'], paths: ['/telemetry/*'] } }],
      when: [{ key: 'request.headers[x-fleet]', values: ['north'] }],
    },
  ],
}

const north = { 'x-fleet': 'north' }

describe('who may do what', () => {
  interface Row {
    readonly name: string
    readonly device: () => DeviceCredential
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly status: number
  }
  const rows: readonly Row[] = [
    { name: 'as allowed', device: () => car, path: '/telemetry/1', headers: north, status: 200 },
    {
      name: 'another device',
      device: () => other,
      path: '/telemetry/1',
      headers: north,
      status: 403,
    },
    { name: 'another path', device: () => car, path: '/admin', headers: north, status: 403 },
    { name: 'another header', device: () => car, path: '/telemetry/1', headers: {}, status: 403 },
  ]
  test.each(rows)('$name: $status', async ({ device, path, headers, status }) => {
    const { app, forwarded, lines } = await stageOf([mayPost])
    const response = await app.request(requestOf(cf(device()), headers, path))
    expect(response.status).toBe(status)
    expect(await response.text()).toContain(status === 200 ? 'from the target' : 'not_authorized')
    expect(forwarded).toHaveLength(status === 200 ? 1 : 0)
    const allowed = { outcome: 'allowed', because: 'allow_policy', policy: 'reports' }
    const denied = { outcome: 'denied', because: 'no_allow_policy_matches' }
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      outcome: 'accepted',
      authorization: status === 200 ? allowed : denied,
    })
  })

  test('a certificate that is refused is refused before any policy is asked', async () => {
    const { app, lines } = await stageOf([{ action: 'DENY', rules: [{}] }])
    expect(await codeOf(await app.request(requestOf(undefined)))).toBe('no_certificate')
    expect(JSON.parse(lines[0] ?? '')).not.toHaveProperty('authorization')
  })

  test('the session of a device is that device', async () => {
    const { app } = await stageOf([mayPost], { SESSION_KEYS: keyRing })
    const first = await app.request(requestOf(cf(car), north, '/telemetry/1'))
    const cookie = first.headers.getSetCookie().at(-1)?.split(';')[0] ?? ''
    const again = await app.request(requestOf(cf(car), { ...north, cookie }, '/telemetry/1'))
    expect(again.status).toBe(200)
    expect((await app.request(requestOf(cf(car), { cookie }, '/admin'))).status).toBe(403)
  })

  test('a header that the terminator took for a forgery says nothing to a policy', async () => {
    const when = [{ key: 'request.headers[client-cert]', values: ['*'] }]
    const { app } = await stageOf([{ rules: [{ when }] }])
    const response = await app.request(requestOf(cf(car), { 'client-cert': 'x' }))
    expect(await codeOf(response)).toBe('not_authorized')
  })

  test('AUDIT and dry run are told, and deny nobody', async () => {
    const { app, lines } = await stageOf([
      { name: 'watch', action: 'AUDIT', rules: [{}] },
      { name: 'soon', action: 'DENY', dryRun: true, rules: [{}] },
    ])
    expect((await app.request(requestOf(cf(car)))).status).toBe(200)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      authorization: { outcome: 'allowed', audited: ['watch'], dryRun: ['soon'] },
    })
  })

  test('the upgrade of an MQTT session is asked about as well', async () => {
    const device = fakeDevice()
    let opened = 0
    const openBroker = () => {
      opened += 1
      return fakeBroker().connection
    }
    const acceptWebSocket = () => ({ socket: device.socket, response: new Response('switched') })
    const AUTHORIZATION = JSON.stringify(
      policyDocument({ action: 'DENY', rules: [{ to: [{ operation: { paths: ['/mqtt'] } }] }] }),
    )
    const mqtt = { openBroker, acceptWebSocket }
    const { app } = await createStage(pki, { variables: { AUTHORIZATION }, mqtt })
    const response = await app.request(requestOf(cf(car), { upgrade: 'websocket' }, '/mqtt'))
    device.send(binary('first'))
    expect(await codeOf(response)).toBe('not_authorized')
    expect(opened).toBe(0)
  })
})

describe('the path that was asked about is the path that is served', () => {
  const denyAdmin = { action: 'DENY', rules: [{ to: [{ operation: { paths: ['/admin/*'] } }] }] }

  test.each([
    '/admin/x',
    '//admin/x',
    '/a/../admin/x',
    '/%61dmin/x',
    '/a%2F..%2Fadmin/x',
    '/admin%5Cx',
  ])('%s is denied', async (path) => {
    const { app, forwarded } = await stageOf([denyAdmin])
    expect(await codeOf(await app.request(requestOf(cf(car), {}, path)))).toBe('not_authorized')
    expect(forwarded).toEqual([])
  })

  test.each([
    {
      paths: 'decode_and_merge_slashes',
      path: '//b//c%2Fd/%7Ee?q=%2F//',
      sent: '/b/c/d/~e?q=%2F//',
    },
    { paths: 'merge_slashes', path: '//b//c%2fd?q', sent: '/b/c%2Fd?q' },
    { paths: 'base', path: '//elsewhere.example/%7Ee', sent: '//elsewhere.example/~e' },
    { paths: 'none', path: '//b/%7Ee', sent: '//b/%7Ee' },
    { paths: 'base', path: '/as-it-is?x', sent: '/as-it-is?x' },
  ])('$paths: $path goes on as $sent', async ({ paths, path, sent }) => {
    const evidence = { EVIDENCE_KEYS: setOf(await newJwk('e1')), EVIDENCE_ISSUER: 'edge' }
    const variables = { PATH_NORMALISATION: paths, ...evidence }
    const { app, forwarded } = await stageOf([denyAdmin], variables)
    const url = `https://edge.example${path}`
    const request = new Request(url, { method: 'PUT', body: 'kWh', headers: north })
    await app.request(Object.defineProperty(request, 'cf', { value: cf(car) }))
    expect(forwarded[0]).toMatchObject({ url: `https://edge.example${sent}`, method: 'PUT' })
    expect(forwarded[0]?.headers.get('x-fleet')).toBe('north')
    expect(await forwarded[0]?.text()).toBe('kWh')
    const [, claims = ''] = forwarded[0]?.headers.get('x-sallyport-evidence')?.split('.') ?? []
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ path: sent })
  })

  test.each(['/a%00b', '/a%', '/a%zz'])('%s is no path', async (path) => {
    const { app, forwarded } = await stageOf([denyAdmin])
    const response = await app.request(requestOf(cf(car), {}, path))
    expect(response.status).toBe(400)
    expect(await codeOf(response)).toBe('request_malformed')
    expect(forwarded).toEqual([])
  })

  test('a method in lower case is none', async () => {
    const { app } = await stageOf([denyAdmin])
    const request = new Request('https://edge.example/', { method: 'purge' })
    const response = await app.request(Object.defineProperty(request, 'cf', { value: cf(car) }))
    expect(await codeOf(response)).toBe('request_malformed')
  })
})

const bearing = (token: string) => ({ authorization: `Bearer ${token}` })

describe('a token beside the certificate', () => {
  const issuer = 'https://id.example'
  let jwks: string
  let tokenOf: (claims: object) => Promise<string>

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    jwks = JSON.stringify({ keys: [await exportJWK(publicKey)] })
    tokenOf = (claims) =>
      new SignJWT({ iss: issuer, sub: 'ada', ...claims })
        .setProtectedHeader({ alg: 'ES256' })
        .sign(privateKey)
  })

  const mechanics = {
    name: 'mechanics',
    rules: [
      {
        from: [
          { source: { principals: [principal('car-1')], requestPrincipals: [`${issuer}/*`] } },
        ],
        when: [{ key: 'request.auth.claims[role]', values: ['mechanic'] }],
      },
    ],
  }

  const stage = (variables: object = {}): Promise<Stage> => {
    const REQUEST_AUTHENTICATION = JSON.stringify(tokenDocument({ issuer, jwks }))
    return stageOf([mechanics], { REQUEST_AUTHENTICATION, ...variables })
  }

  test('both are asked, and the token goes on', async () => {
    const { app, forwarded } = await stage()
    const headers = bearing(await tokenOf({ role: 'mechanic' }))
    expect((await app.request(requestOf(cf(car), headers))).status).toBe(200)
    expect(forwarded[0]?.headers.get('authorization')).toBe(headers.authorization)
    expect(await codeOf(await app.request(requestOf(cf(other), headers)))).toBe('not_authorized')
    expect(forwarded).toHaveLength(1)
  })

  test.each([
    ['of another role', { role: 'driver' }],
    ['of another issuer’s subject', { role: 'mechanic', sub: '' }],
  ])('one %s', async (_name, claims) => {
    const { app } = await stage()
    const response = await app.request(requestOf(cf(car), bearing(await tokenOf(claims))))
    expect(await codeOf(response)).toBe('not_authorized')
  })

  test('none', async () => {
    const { app } = await stage()
    expect(await codeOf(await app.request(requestOf(cf(car))))).toBe('not_authorized')
  })

  test('a wrong one is refused where any device may come, and its line does not repeat it', async () => {
    const { app, lines, forwarded } = await stage({ AUTHORIZATION: undefined })
    const token = `${(await tokenOf({})).slice(0, -5)}AAAAA`
    const response = await app.request(requestOf(cf(car), bearing(token)))
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ])
    expect(await codeOf(response)).toBe('token_invalid')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ outcome: 'accepted' })
    expect(lines.join('')).toContain('token_invalid')
    expect(lines.join('')).not.toContain(token.slice(0, 20))
    expect(forwarded).toHaveLength(0)
  })

  test('one in a cookie, among others', async () => {
    const rule = { issuer, jwks, fromCookies: ['t'] }
    const REQUEST_AUTHENTICATION = JSON.stringify(tokenDocument(rule))
    const { app } = await stage({ REQUEST_AUTHENTICATION })
    const cookie = `at=b; t=${await tokenOf({ role: 'mechanic' })}; tt=c`
    expect((await app.request(requestOf(cf(car), { cookie }))).status).toBe(200)
  })

  test.each([
    ['a header of two lines', { authorization: 'Bearer RIGHT, Bearer WRONG' }, '/telemetry'],
    ['a query that has it twice', {}, '/telemetry?access_token=RIGHT&access_token=WRONG'],
    ['a cookie and a query', { cookie: 'a=b; t=WRONG' }, '/telemetry?access_token=RIGHT'],
    ['two cookies', { cookie: 't=RIGHT; t=WRONG' }, '/telemetry'],
  ])('two of them, of which a target might take the other: %s', async (_name, headers, path) => {
    const places = { fromHeaders: [{ name: 'authorization', prefix: 'Bearer ' }] }
    const rule = { issuer, jwks, ...places, fromParams: ['access_token'], fromCookies: ['t'] }
    const REQUEST_AUTHENTICATION = JSON.stringify(tokenDocument(rule))
    const { app } = await stage({ REQUEST_AUTHENTICATION })
    const right = await tokenOf({ role: 'mechanic' })
    const put = (text: string): string => text.replace('RIGHT', right).replace('WRONG', 'e30.e30.')
    const sent = Object.entries(headers).map(([name, value]) => [name, put(value)])
    const response = await app.request(requestOf(cf(car), Object.fromEntries(sent), put(path)))
    expect(await codeOf(response)).toBe('token_invalid')
  })

  test('one that would be right, beside a certificate that is not', async () => {
    const { app } = await stage()
    const headers = bearing(await tokenOf({ role: 'mechanic' }))
    expect(await codeOf(await app.request(requestOf(undefined, headers)))).toBe('no_certificate')
  })

  test('where no certificate has to be, it is asked as well', async () => {
    const { app } = await stage({ CERTIFICATE: 'optional', AUTHORIZATION: undefined })
    expect((await app.request(requestOf(undefined))).status).toBe(200)
    expect(await codeOf(await app.request(requestOf(undefined, bearing('abc'))))).toBe(
      'token_invalid',
    )
  })
})
