import { describe, expect, test } from 'vitest'
import { albPlatform } from '#edge/platforms/alb.ts'
import { apiGatewayPlatform } from '#edge/platforms/api-gateway.ts'
import { requestOfAlbEvent } from '#edge/platforms/lambda-alb.ts'
import {
  requestOfApiGatewayEvent,
  type ApiGatewayEvent,
} from '#edge/platforms/lambda-api-gateway.ts'
import { lambdaHeaders } from '#edge/platforms/lambda-headers.ts'
import { intermediatePem, leafFacts, leafPem } from '../../vectors/device.ts'
import { leafAlone, malformed, none, spelt, wholeChain } from './given.ts'

/** As API Gateway has it: colons in the serial, OpenSSL's dates with two spaces before a single digit. */
const clientCert = {
  clientCertPem: leafPem,
  subjectDN: 'www.example.com',
  issuerDN: 'Example issuer',
  serialNumber: '9e:2a',
  validity: { notBefore: leafFacts.notBefore, notAfter: leafFacts.notAfter },
}

/** A REST proxy event; an HTTP API's with payload 1.0 has the same parts. */
function payload1(facts: unknown): ApiGatewayEvent {
  return {
    headers: { Host: 'device.example' },
    multiValueHeaders: { Host: ['device.example'] },
    requestContext: { stage: 'prod', identity: { sourceIp: '203.0.113.1', clientCert: facts } },
  }
}

/** An HTTP API's event with payload 2.0. */
function payload2(facts: unknown): ApiGatewayEvent {
  return {
    headers: { host: 'device.example' },
    requestContext: { stage: '$default', authentication: { clientCert: facts } },
  }
}

const field = 'clientCert.clientCertPem'

const cases = [
  { name: 'a leaf', clientCert, presented: leafAlone },
  {
    name: 'a leaf and its intermediate',
    clientCert: { ...clientCert, clientCertPem: leafPem + intermediatePem },
    presented: wholeChain,
  },
  {
    name: 'no line end at the end',
    clientCert: { clientCertPem: leafPem.trimEnd() },
    presented: leafAlone,
  },
  { name: 'null', clientCert: null, presented: none },
  { name: 'nothing', clientCert: undefined, presented: none },
  {
    name: 'no PEM',
    clientCert: { ...clientCert, clientCertPem: undefined },
    presented: malformed(field, 'a string'),
  },
  {
    name: 'an empty PEM',
    clientCert: { ...clientCert, clientCertPem: '' },
    presented: malformed(field, '-----BEGIN CERTIFICATE-----'),
  },
  {
    name: 'escaped PEM',
    clientCert: { ...clientCert, clientCertPem: spelt.leafEscaped },
    presented: malformed(field, '-----BEGIN CERTIFICATE-----'),
  },
  {
    name: 'eleven certificates',
    clientCert: { ...clientCert, clientCertPem: leafPem.repeat(11) },
    presented: malformed(field, 'at most 10 blocks'),
  },
  { name: 'a text', clientCert: leafPem, presented: malformed('clientCert', 'an object') },
]

describe.each([payload1, payload2])('API Gateway: %o', (event) => {
  test.each(cases)('$name', ({ clientCert: facts, presented }) => {
    const request = requestOfApiGatewayEvent(event(facts))
    expect(apiGatewayPlatform().read(request)).toEqual(presented)
    expect(request.headers.get('Host')).toBe('device.example')
  })
})

const contexts = [
  { name: 'a function URL', requestContext: { authentication: null }, presented: none },
  {
    name: 'no mutual TLS',
    requestContext: { identity: { sourceIp: '203.0.113.1' } },
    presented: none,
  },
  { name: 'an empty context', requestContext: {}, presented: none },
]

test.each(contexts)('API Gateway: $name', ({ requestContext, presented }) => {
  const request = requestOfApiGatewayEvent({
    headers: null,
    multiValueHeaders: null,
    requestContext,
  })
  expect(apiGatewayPlatform().read(request)).toEqual(presented)
})

test('without an event there is nothing to read', () => {
  const request = { headers: lambdaHeaders({}) }
  expect(apiGatewayPlatform().read(request)).toEqual(malformed('requestContext', 'an object'))
})

test('a header that looks like a certificate is no fact of API Gateway', () => {
  const event = { ...payload2(undefined), headers: { 'client-cert': spelt.leafField } }
  expect(apiGatewayPlatform().read(requestOfApiGatewayEvent(event))).toEqual(none)
})

const elb = { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/a/b' }
const name = 'x-amzn-mtls-clientcert'
const { chainEscaped } = spelt

const albEvents = [
  { name: 'single values', event: { headers: { [name]: chainEscaped } }, presented: wholeChain },
  {
    name: 'several values',
    event: { multiValueHeaders: { [name]: [chainEscaped] } },
    presented: wholeChain,
  },
  { name: 'no header', event: { headers: { accept: '*/*' } }, presented: none },
  {
    name: "a client's copy beside ALB's line",
    event: { multiValueHeaders: { [name]: [chainEscaped, chainEscaped] } },
    presented: malformed(name, 'a URL-encoded character'),
  },
]

test.each(albEvents)('ALB: $name', ({ event, presented }) => {
  const request = requestOfAlbEvent({ ...event, requestContext: { elb } })
  expect(albPlatform({ mode: 'passthrough' }).read(request)).toEqual(presented)
})

const spellings = [
  { name: 'nothing', event: {}, value: null },
  { name: 'null', event: { headers: null, multiValueHeaders: null }, value: null },
  { name: 'another case', event: { headers: { 'X-A': '1' } }, value: '1' },
  { name: 'no value', event: { headers: { 'x-a': undefined } }, value: null },
  { name: 'several values', event: { multiValueHeaders: { 'x-a': ['1', '2'] } }, value: '1, 2' },
  {
    name: 'names that differ in case',
    event: { headers: { 'x-a': '1', 'X-A': '2' } },
    value: '1, 2',
  },
  {
    name: 'both forms: all values count',
    event: { headers: { 'x-a': '2' }, multiValueHeaders: { 'x-a': ['1', '2'] } },
    value: '1, 2',
  },
]

test.each(spellings)('headers of an event: $name', ({ event, value }) => {
  expect(lambdaHeaders(event).get('x-A')).toBe(value)
})
