import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type {
  ALBEvent,
  ALBHandler,
  ALBResult,
  APIGatewayAuthorizerResult,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyEventV2WithIAMAuthorizer,
  APIGatewayProxyEventV2WithJWTAuthorizer,
  APIGatewayProxyResult,
  APIGatewayProxyStructuredResultV2,
  APIGatewayRequestAuthorizerEvent,
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
  LambdaFunctionURLEvent,
} from 'aws-lambda'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { configuredApp } from '#edge/configured-app.ts'
import {
  createLambdaAuthorizer,
  type AuthorizerEvent1,
  type AuthorizerEvent2,
} from '#edge/lambda-authorizer.ts'
import type { LambdaEvent, LambdaEvent2 } from '#edge/lambda-event.ts'
import { createLambdaHandler } from '#edge/lambda.ts'
import { albPlatform } from '#edge/platforms/alb.ts'
import { requestOfAlbEvent } from '#edge/platforms/lambda-alb.ts'
import { requestOfApiGatewayEvent } from '#edge/platforms/lambda-api-gateway.ts'
import { writeAlbPassthrough } from '#shared/wire/alb.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { chainOf } from '../runtime/given.ts'
import { createPki, setClock, start, type Pki } from './stage.ts'

type ListenerVariables = Parameters<typeof configuredApp>[0]

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

/** An event that AWS publishes; `lambda-samples/README.md` says where. */
function sample(name: string): unknown {
  const path = join(import.meta.dirname, 'lambda-samples', `${name}.json`)
  return JSON.parse(readFileSync(path, 'utf8'))
}

async function handlerOf(variables: ListenerVariables, target?: Target) {
  const options = { trustFiles: pki.bucket, clock: setClock(), ...(target && { target }) }
  const { app, listener } = await configuredApp({ CONNECTION_LOG: 'off', ...variables }, options)
  return createLambdaHandler(app, listener.platform)
}

type Target = (request: Request) => Promise<Response>

const alb: ListenerVariables = { PLATFORM: 'alb', ALB_MODE: 'passthrough', HOP: 'network' }
const apiGateway: ListenerVariables = { PLATFORM: 'api-gateway' }

/** Each handler by AWS's own types: it compiles, or it cannot be deployed as what it says it is. */
describe("AWS's types take the handler as theirs", () => {
  const context = undefined as never

  test('an ALB handler', async () => {
    const handler: ALBHandler = await handlerOf(alb)
    const event = sample('alb-lambda-target-request-headers-only') as ALBEvent
    const result = (await handler(event, context, () => undefined)) ?? { statusCode: 0 }
    expect(result.statusCode).toBe(401)
  })

  test('events and results of every door', async () => {
    const handler = await handlerOf(apiGateway)
    const rest: (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult> = handler
    const http: (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2> =
      handler
    const jwt: (event: APIGatewayProxyEventV2WithJWTAuthorizer) => unknown = handler
    const iam: (event: APIGatewayProxyEventV2WithIAMAuthorizer) => unknown = handler
    const url: (event: LambdaFunctionURLEvent) => unknown = handler
    const balancer: (event: ALBEvent) => Promise<ALBResult> = handler
    expect(new Set([rest, http, jwt, iam, url, balancer]).size).toBe(1)
  })

  test('authorizers of both payloads', () => {
    const authorizer = createLambdaAuthorizer({ trustFiles: pki.bucket })
    const one: (event: APIGatewayRequestAuthorizerEvent) => Promise<APIGatewayAuthorizerResult> =
      authorizer
    const two: (
      event: APIGatewayRequestAuthorizerEventV2,
    ) => Promise<APIGatewaySimpleAuthorizerWithContextResult<Record<string, string>>> = authorizer
    expect(one).toBe(two)
  })

  test('adapters read their events', () => {
    const event = sample('alb-lambda-target-request-multivalue-headers') as ALBEvent
    expect(requestOfAlbEvent(event).headers.get('x-myheader')).toBe('123')
    const http = sample('apigw-v2-request-no-authorizer') as APIGatewayProxyEventV2
    expect(requestOfApiGatewayEvent(http).connection).toBe(http.requestContext)
    const rest = sample('apigw-request') as APIGatewayProxyEvent
    expect(requestOfApiGatewayEvent(rest).connection).toBe(rest.requestContext)
  })
})

/** The request that a published event is, where nothing is decided. */
async function forwarded(event: LambdaEvent, variables: ListenerVariables): Promise<Request> {
  const seen: Request[] = []
  const handler = await handlerOf({ ...variables, MODE: 'off' }, async (request) => {
    seen.push(request)
    return new Response()
  })
  await handler(event)
  const [request] = seen
  if (request === undefined) throw new Error('nothing was forwarded')
  return request
}

describe("AWS's own events become the requests that they stand for", () => {
  const albHost = 'https://lambda-test-alb-1334523864.us-east-1.elb.amazonaws.com'
  const rows: readonly {
    file: string
    variables: ListenerVariables
    asks: string
    header: readonly [name: string, value: string | null]
    body: string
  }[] = [
    {
      file: 'alb-lambda-target-request-headers-only',
      variables: alb,
      asks: `GET ${albHost}/?key=hello`,
      header: ['x-myheader', '123'],
      body: '',
    },
    {
      file: 'alb-lambda-target-request-multivalue-headers',
      variables: alb,
      asks: 'GET https://lambda-test-alb-1234567.us-east-1.elb.amazonaws.com/?key=hello',
      header: ['x-myheader', '123'],
      body: '',
    },
    {
      file: 'apigw-request',
      variables: apiGateway,
      asks: 'POST https://gy415nuibc.execute-api.us-east-1.amazonaws.com/hello/world?name=me',
      header: ['headername', 'headerValue'],
      body: '{\r\n\t"a": 1\r\n}',
    },
    {
      file: 'apigw-restapi-openapi-request',
      variables: apiGateway,
      asks: 'POST https://gy415nuibc.execute-api.us-east-1.amazonaws.com/hello/world?name=me',
      header: ['content-type', 'application/json'],
      body: '{\r\n\t"a": 1\r\n}',
    },
    {
      file: 'apigw-v2-request-no-authorizer',
      variables: apiGateway,
      asks: 'GET https://aaaaaaaaaa.execute-api.us-west-2.amazonaws.com/',
      header: ['content-length', '0'],
      body: '',
    },
    ...['iam', 'jwt-authorizer', 'lambda-authorizer'].map((name) => ({
      file: `apigw-v2-request-${name}`,
      variables: apiGateway,
      asks: 'GET https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value',
      header: ['cookie', 'cookie1; cookie2'] as const,
      // A GET has none (Fetch), whatever the sample says.
      body: '',
    })),
  ]

  test.each(rows)('$file', async ({ file, variables, asks, header: [name, value], body }) => {
    const request = await forwarded(sample(file) as LambdaEvent, variables)
    expect(`${request.method} ${request.url}`).toBe(asks)
    expect(request.headers.get(name)).toBe(value)
    expect(await request.text()).toBe(body)
  })

  test('lambda-urls-request, with a host in place of its placeholder', async () => {
    const event = sample('lambda-urls-request') as LambdaEvent2
    const requestContext = {
      ...event.requestContext,
      domainName: 'abc.lambda-url.us-west-2.on.aws',
    }
    const request = await forwarded({ ...event, requestContext }, apiGateway)
    expect(`${request.method} ${request.url}`).toBe(
      'POST https://abc.lambda-url.us-west-2.on.aws/my/path?parameter1=value1&parameter1=value2&parameter2=value',
    )
    expect(request.headers.get('header2')).toBe('value1,value2')
    expect(await request.text()).toBe('Hello from client!')
  })
})

/** The event with a device's certificate in place of AWS's placeholder, wherever that stands. */
function bearing<Event>(event: Event, { chainPem }: DeviceCredential): Event {
  const text = JSON.stringify(event)
  const placed = text.replace(
    /"clientCertPem":"[^"]*"/,
    `"clientCertPem":${JSON.stringify(chainPem)}`,
  )
  if (placed === text) throw new Error('the event has no place for a certificate')
  return JSON.parse(placed) as Event
}

describe("AWS's events, with certificates of a fleet", () => {
  test.each(['apigw-request', 'apigw-v2-request-no-authorizer'])('%s', async (file) => {
    const handler = await handlerOf(apiGateway)
    const statusOf = async (event: LambdaEvent) => (await handler(event)).statusCode
    const event = sample(file) as LambdaEvent
    expect(await statusOf(bearing(event, good))).toBe(200)
    expect(await statusOf(bearing(event, revoked))).toBe(403)
    // The placeholder is no certificate.
    expect(await statusOf(event)).toBe(400)
  })

  test.each(['headers-only', 'multivalue-headers'])('ALB, %s', async (form) => {
    const handler = await handlerOf(alb)
    const event = sample(`alb-lambda-target-request-${form}`) as ALBEvent
    const withChain = (credential: DeviceCredential): ALBEvent => {
      const [[name, value] = ['', '']] = writeAlbPassthrough(chainOf(credential))
      return event.multiValueHeaders === undefined
        ? { ...event, headers: { ...event.headers, [name.toLowerCase()]: value } }
        : { ...event, multiValueHeaders: { ...event.multiValueHeaders, [name]: [value] } }
    }
    expect((await handler(withChain(good))).statusCode).toBe(200)
    expect((await handler(withChain(revoked))).statusCode).toBe(403)
    const { headers } = requestOfAlbEvent(withChain(good))
    const read = albPlatform({ mode: 'passthrough' }).read({ headers })
    expect(read).toMatchObject({ kind: 'chain' })
  })
})

const authorizerOf = (trustFiles = pki.bucket) =>
  createLambdaAuthorizer({ trustFiles, clock: setClock() })

const policyOf = (name: string) => sample(name) as AuthorizerEvent1

const away = () => Promise.reject(new Error('away'))

describe('an authorizer', () => {
  test.each(['apigw-custom-auth-request-type-request', 'apigw-v2-custom-authorizer-v1-request'])(
    'answers %s with a policy on what was asked for',
    async (file) => {
      const event = policyOf(file)
      const allowed = await authorizerOf()(bearing(event, good))
      expect(allowed.policyDocument.Statement).toEqual([
        { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn },
      ])
      expect(allowed.context['subject']).toContain('car-good')
      const denied = await authorizerOf()(bearing(event, revoked))
      expect(denied.policyDocument.Statement[0]?.Effect).toBe('Deny')
      expect([denied.principalId, denied.context]).toEqual(['refused', { code: 'revoked' }])
    },
  )

  test('answers apigw-v2-custom-authorizer-v2-request in the simple form', async () => {
    const event = sample('apigw-v2-custom-authorizer-v2-request') as AuthorizerEvent2
    const allowed = await authorizerOf()(bearing(event, good))
    expect(allowed).toMatchObject({
      isAuthorized: true,
      context: { serial: expect.any(String) as string },
    })
    const denied = await authorizerOf()(bearing(event, revoked))
    expect(denied).toEqual({ isAuthorized: false, context: { code: 'revoked' } })
  })

  test('a certificate in a header is a forgery, and none at all is none', async () => {
    const event: AuthorizerEvent2 = { routeArn: 'arn', headers: {}, requestContext: {} }
    expect(await authorizerOf()(event)).toMatchObject({ context: { code: 'no_certificate' } })
    const forged = { ...event, headers: { 'X-Amzn-Mtls-Clientcert': 'x', Accept: 'text/html' } }
    expect(await authorizerOf()(forged)).toMatchObject({ context: { code: 'header_forged' } })
  })

  test('decides nothing without a trust store: API Gateway remembers no answer', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const authorizer = createLambdaAuthorizer({ trustFiles: { list: away, read: away } })
    const event: AuthorizerEvent2 = { routeArn: 'arn', requestContext: {} }
    await expect(authorizer(bearingContext(event, good))).rejects.toThrow('trust_store_unavailable')
    error.mockRestore()
  })
})

const bearingContext = (
  event: AuthorizerEvent2,
  { chainPem }: DeviceCredential,
): AuthorizerEvent2 => ({
  ...event,
  requestContext: { authentication: { clientCert: { clientCertPem: chainPem } } },
})
