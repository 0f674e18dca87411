import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { ListenerVariables } from '#edge/variables.ts'
import { configuredApp } from '#edge/configured-app.ts'
import type { LambdaEvent1, LambdaEvent2, LambdaEvent } from '#edge/lambda-event.ts'
import type { LambdaResult } from '#edge/lambda-result.ts'
import { createLambdaHandler } from '#edge/lambda.ts'
import { toBase64 } from '#shared/bytes.ts'
import { writeAlbPassthrough } from '#shared/wire/alb.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { chainOf, keyRing } from '../runtime/given.ts'
import { createPki, setClock, start, type Pki } from './stage.ts'

let pki: Pki
let good: DeviceCredential
let revoked: DeviceCredential

beforeAll(async () => {
  pki = await createPki()
  good = await pki.issue('car-good')
  revoked = await pki.issue('car-revoked')
  pki.authority.revoke(revoked.serial, start, 'keyCompromise')
  await pki.publish(start)
})

type Target = (request: Request) => Promise<Response>

async function handlerOf(variables: ListenerVariables, target?: Target) {
  const options = { trustFiles: pki.bucket, clock: setClock(), ...(target && { target }) }
  const quiet = { CONNECTION_LOG: 'off', ...variables }
  const { app, listener } = await configuredApp(quiet, options)
  return createLambdaHandler(app, listener.platform)
}

async function invoke(
  event: LambdaEvent,
  variables: ListenerVariables,
  target?: Target,
): Promise<LambdaResult> {
  return (await handlerOf(variables, target))(event)
}

const alb: ListenerVariables = { PLATFORM: 'alb', ALB_MODE: 'passthrough', HOP: 'network' }
const apiGateway: ListenerVariables = { PLATFORM: 'api-gateway' }

const albHeader = 'x-amzn-mtls-clientcert'

function escapedChain(credential: DeviceCredential): string {
  const lines = writeAlbPassthrough(chainOf(credential))
  return lines[0]?.[1] ?? ''
}

/** As ALB's documentation has it ("Lambda functions as targets", receiving events). */
function albEvent(changed: Partial<LambdaEvent1> = {}): LambdaEvent1 {
  return {
    requestContext: {
      elb: {
        targetGroupArn:
          'arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-target-group/6d0ecf831eec9f09',
      },
    },
    httpMethod: 'GET',
    path: '/telemetry',
    queryStringParameters: {},
    headers: {
      accept: '*/*',
      host: 'lambda-846800462.us-east-2.elb.amazonaws.com',
      'x-forwarded-for': '72.21.198.66',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
    },
    body: '',
    isBase64Encoded: false,
    ...changed,
  }
}

/** REST proxy event, and HTTP API's with payload 1.0. */
function restEvent(clientCert: unknown, changed: Partial<LambdaEvent1> = {}): LambdaEvent1 {
  return {
    path: '/telemetry',
    httpMethod: 'POST',
    headers: { Host: 'device.example', 'Content-Type': 'application/json' },
    multiValueHeaders: { Host: ['device.example'], 'Content-Type': ['application/json'] },
    queryStringParameters: { a: '2' },
    multiValueQueryStringParameters: { a: ['1&', '2'] },
    requestContext: {
      path: '/prod/telemetry',
      stage: 'prod',
      httpMethod: 'POST',
      identity: { sourceIp: '192.0.2.1', clientCert },
    },
    body: '{"speed":1}',
    isBase64Encoded: false,
    ...changed,
  }
}

/** HTTP API with payload 2.0, and function URLs. */
function httpEvent(clientCert: unknown, changed: Partial<LambdaEvent2> = {}): LambdaEvent2 {
  const requestContext = {
    accountId: '123456789012',
    authentication: clientCert === null ? null : { clientCert },
    domainName: 'device.example',
    http: { method: 'POST', path: '/telemetry', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1' },
    stage: '$default',
  }
  return {
    version: '2.0',
    rawPath: '/telemetry',
    rawQueryString: 'a=1&a=2',
    headers: { host: 'device.example', 'content-type': 'application/json' },
    requestContext,
    body: toBase64(new TextEncoder().encode('{"speed":1}')),
    isBase64Encoded: true,
    ...changed,
  }
}

const codeOf = ({ body }: LambdaResult): unknown => (JSON.parse(body) as { code?: unknown }).code
const certOf = ({ chainPem }: DeviceCredential): object => ({ clientCertPem: chainPem })

describe('each door: good, none and revoked', () => {
  const doors: readonly {
    name: string
    variables: ListenerVariables
    event: (credential: DeviceCredential | undefined) => LambdaEvent
  }[] = [
    {
      name: 'ALB, single values',
      variables: alb,
      event: (credential) => {
        const { headers } = albEvent()
        if (credential === undefined) return albEvent()
        return albEvent({ headers: { ...headers, [albHeader]: escapedChain(credential) } })
      },
    },
    {
      name: 'ALB, several values',
      variables: alb,
      event: (credential) => {
        const host = ['edge.example']
        const { headers: _single, ...event } = albEvent()
        if (credential === undefined) return { ...event, multiValueHeaders: { host } }
        return { ...event, multiValueHeaders: { host, [albHeader]: [escapedChain(credential)] } }
      },
    },
    {
      name: 'API Gateway REST',
      variables: apiGateway,
      event: (credential) => restEvent(credential && certOf(credential)),
    },
    {
      name: 'API Gateway HTTP, payload 2.0',
      variables: apiGateway,
      event: (credential) => httpEvent(credential ? certOf(credential) : null),
    },
  ]

  test.each(doors)('$name', async ({ variables, event }) => {
    const accepted = await invoke(event(good), variables)
    expect([accepted.statusCode, accepted.isBase64Encoded]).toEqual([200, false])
    expect(accepted.body).toContain('car-good')
    const none = await invoke(event(undefined), variables)
    expect([none.statusCode, codeOf(none)]).toEqual([401, 'no_certificate'])
    const refused = await invoke(event(revoked), variables)
    expect([refused.statusCode, codeOf(refused)]).toEqual([403, 'revoked'])
  })
})

const spoofed = () => ({ [albHeader]: escapedChain(good) })

describe('what a client wrote is believed nowhere', () => {
  const cases: readonly {
    name: string
    event: () => LambdaEvent
    variables: ListenerVariables
    code: string
  }[] = [
    {
      name: "ALB's header at API Gateway",
      event: () => httpEvent(null, { headers: { host: 'a.example', ...spoofed() } }),
      variables: apiGateway,
      code: 'header_forged',
    },
    {
      name: "ALB's header at a function URL, configured for ALB",
      event: () => httpEvent(null, { headers: { host: 'a.example', ...spoofed() } }),
      variables: alb,
      code: 'not_from_terminator',
    },
    {
      name: "ALB's header in a REST event, configured for ALB",
      event: () => restEvent(undefined, { multiValueHeaders: null, headers: spoofed() }),
      variables: alb,
      code: 'not_from_terminator',
    },
    {
      name: 'an ALB event, configured for API Gateway',
      event: () => albEvent(),
      variables: apiGateway,
      code: 'not_from_terminator',
    },
    {
      name: "ALB's header in another spelling",
      event: () => albEvent({ headers: { X_Amzn_Mtls_Clientcert: escapedChain(good) } }),
      variables: alb,
      code: 'header_forged',
    },
    {
      name: "the client's copy beside ALB's",
      event: () => {
        const { headers: _single, ...event } = albEvent()
        const chain = escapedChain(good)
        return { ...event, multiValueHeaders: { [albHeader]: [chain, chain] } }
      },
      variables: alb,
      code: 'presentation_malformed',
    },
    {
      name: 'names that ALB was told to rename',
      event: () => albEvent({ headers: spoofed() }),
      variables: { ...alb, HOP: 'private-names', ALB_HEADER_PREFIX: 'x-q7c2nn8d0s1k5hzt' },
      code: 'header_forged',
    },
  ]

  test.each(cases)('$name', async ({ event, variables, code }) => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    expect(codeOf(await invoke(event(), variables))).toBe(code)
    error.mockRestore()
  })
})

async function forwarded(event: LambdaEvent, variables: ListenerVariables): Promise<Request> {
  const seen: Request[] = []
  await invoke(event, { ...variables, MODE: 'off' }, async (request) => {
    seen.push(request)
    return new Response()
  })
  const [request] = seen
  if (request === undefined) throw new Error('nothing was forwarded')
  return request
}

describe('the request that the target gets', () => {
  const addresses = [
    {
      name: 'ALB: parameters as the client wrote them',
      event: albEvent({ queryStringParameters: { a: '1%26', b: '' } }),
      variables: alb,
      url: 'https://lambda-846800462.us-east-2.elb.amazonaws.com/telemetry?a=1%26&b=',
    },
    {
      name: 'REST: decoded parameters, all values',
      event: restEvent(undefined),
      variables: apiGateway,
      url: 'https://device.example/telemetry?a=1%26&a=2',
    },
    {
      name: 'payload 2.0: the raw query',
      event: httpEvent(null),
      variables: apiGateway,
      url: 'https://device.example/telemetry?a=1&a=2',
    },
    {
      name: 'a path like a host',
      event: httpEvent(null, { rawPath: '//elsewhere.example/x' }),
      variables: apiGateway,
      url: 'https://device.example//elsewhere.example/x?a=1&a=2',
    },
    {
      name: 'a decoded path that would end early',
      event: httpEvent(null, { rawPath: '/a?b#c', rawQueryString: '' }),
      variables: apiGateway,
      url: 'https://device.example/a%3Fb%23c',
    },
    {
      name: 'a health check without Host',
      event: albEvent({ headers: {} }),
      variables: alb,
      url: 'https://host.invalid/telemetry',
    },
  ]

  test.each(addresses)('$name', async ({ event, variables, url }) => {
    expect((await forwarded(event, variables)).url).toBe(url)
  })

  test.each([restEvent(undefined), httpEvent(null)])(
    'the body, whatever its coding',
    async (event) => {
      expect(await (await forwarded(event, apiGateway)).text()).toBe('{"speed":1}')
    },
  )

  test('cookies that payload 2.0 keeps apart', async () => {
    const event = httpEvent(null, { cookies: ['a=1', 'b=2'] })
    expect((await forwarded(event, apiGateway)).headers.get('cookie')).toBe('a=1; b=2')
  })
})

describe('the response, as its door reads it', () => {
  const octets = new Uint8Array([0x1f, 0x8b, 0xff])

  const target: Target = async () => {
    const headers = new Headers({ 'content-type': 'application/octet-stream' })
    headers.append('set-cookie', 'a=1')
    headers.append('set-cookie', 'b=2')
    return new Response(octets, { status: 201, statusText: 'Created', headers })
  }

  const common = { statusCode: 201, body: toBase64(octets), isBase64Encoded: true }
  const contentType = 'application/octet-stream'

  test('ALB, single values: the last cookie alone gets through', async () => {
    const result = await invoke(albEvent(), { ...alb, MODE: 'off' }, target)
    expect(result).toEqual({
      ...common,
      statusDescription: '201 Created',
      headers: { 'content-type': contentType, 'set-cookie': 'b=2' },
    })
  })

  test('several values', async () => {
    const result = await invoke(restEvent(undefined), { ...apiGateway, MODE: 'off' }, target)
    expect(result).toEqual({
      ...common,
      multiValueHeaders: { 'content-type': [contentType], 'set-cookie': ['a=1', 'b=2'] },
    })
  })

  test('payload 2.0', async () => {
    const result = await invoke(httpEvent(null), { ...apiGateway, MODE: 'off' }, target)
    expect(result).toEqual({
      ...common,
      headers: { 'content-type': contentType },
      cookies: ['a=1', 'b=2'],
    })
  })

  test('a session cookie issued at one event is taken at the next', async () => {
    const handler = await handlerOf({ ...apiGateway, SESSION_KEYS: keyRing })
    const issued = await handler(httpEvent(certOf(good)))
    const cookies = (issued.cookies ?? []).map((cookie) => cookie.split(';')[0] ?? '')
    const used = await handler(httpEvent(certOf(good), { cookies }))
    expect(
      [issued, used].map(({ body }) => (JSON.parse(body) as { session: string }).session),
    ).toEqual(['issued', 'used'])
  })
})

test.each([
  { name: 'a Host that is none', event: albEvent({ headers: { host: 'a/b@c' } }) },
  { name: 'a field outside of Latin-1', event: albEvent({ headers: { 'x-a': 'Ω' } }) },
  {
    name: 'a body that is not base64',
    event: albEvent({ httpMethod: 'POST', body: '%', isBase64Encoded: true }),
  },
])('no HTTP request: $name', async ({ event }) => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  expect((await invoke(event, alb)).statusCode).toBe(400)
  expect(error).toHaveBeenCalledTimes(1)
  error.mockRestore()
})

test('a configuration that is wrong is told, all of it', async () => {
  const wrong = configuredApp({ PLATFORM: 'alb', MODE: 'some' }, { trustFiles: pki.bucket })
  await expect(wrong).rejects.toThrow(/HOP: expected .*; MODE: expected /)
})
