import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ListenerVariables } from '#edge/variables.ts'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { objectIdentifier, sequence, set, utf8String } from '#simulator/ca/der.ts'
import { createLeaf } from '#simulator/ca/leaf.ts'
import { cfOf, chainOf, dayMs } from '../../runtime/given.ts'
import { codeOf, createPki, createStage, requestOf, start, type Pki, type Stage } from '../stage.ts'

let pki: Pki
let car: DeviceCredential

beforeAll(async () => {
  pki = await createPki()
  car = await pki.issue('car-1')
  pki.bucket.put('intermediates.pem', toUtf8(pki.authority.intermediatesPem))
})

afterEach(() => vi.restoreAllMocks())

const stageOf = (variables: ListenerVariables): Promise<Stage> => createStage(pki, { variables })

/** As ALB writes it, by Node's own encoder: all but the unreserved encoded, `+ / =` left raw. */
function urlPem(...ders: readonly Bytes[]): string {
  const pem = ders.map((der) => {
    const lines =
      Buffer.from(der)
        .toString('base64')
        .match(/.{1,64}/g) ?? []
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
  })
  return pem.join('').replaceAll('\n', '%0A').replaceAll(' ', '%20')
}

/** Of the way that a request took, whatever it says: `test/edge/routing/` looks at those. */
const ofTheWay = /^(?:x-forwarded-(?:host|proto|port)|x-amzn-trace-id|traceparent)$/

function linesOf(request: Request | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries([...(request?.headers ?? [])].filter(([name]) => !ofTheWay.test(name)))
}

describe('what the target is told, byte for byte', () => {
  const own = { accept: 'application/json', 'x-request-id': '7' }

  test('verify: five headers of the leaf', async () => {
    const { app, forwarded } = await stageOf({})
    await app.request(requestOf(cfOf(...chainOf(car)), own))
    expect(linesOf(forwarded[0])).toEqual({
      ...own,
      'x-amzn-mtls-clientcert-serial-number': car.serial,
      'x-amzn-mtls-clientcert-issuer': 'O=Sallyport Fleet,CN=Sallyport Fleet issuing-1',
      'x-amzn-mtls-clientcert-subject': 'CN=car-1,O=Sallyport Fleet',
      'x-amzn-mtls-clientcert-validity':
        'NotBefore=2027-01-01T00:00:00Z;NotAfter=2027-01-31T00:00:00Z',
      'x-amzn-mtls-clientcert-leaf': urlPem(car.leafDer),
    })
  })

  test('passthrough: the chain as it was presented', async () => {
    const { app, forwarded } = await stageOf({ MODE: 'passthrough' })
    await app.request(requestOf(cfOf(...chainOf(car)), own))
    expect(linesOf(forwarded[0])).toEqual({
      ...own,
      'x-amzn-mtls-clientcert': urlPem(...chainOf(car)),
    })
  })

  test.each([
    { mode: 'passthrough', cf: () => cfOf() },
    { mode: 'passthrough', cf: () => undefined },
    { mode: 'off', cf: () => cfOf(...chainOf(car)) },
    { mode: 'off', cf: () => ({ tlsClientAuth: 'of another shape' }) },
  ])('$mode: nothing where there is nothing to tell', async ({ mode, cf }) => {
    const { app, forwarded } = await stageOf({ MODE: mode })
    await app.request(requestOf(cf(), own))
    expect(linesOf(forwarded[0])).toEqual(own)
  })

  test('method, path, query and body go on as they came', async () => {
    const { app, forwarded } = await stageOf({ MODE: 'passthrough' })
    const url = 'https://edge.example/a%2Fb?x=%20&y'
    await app.request(new Request(url, { method: 'PUT', body: 'kWh' }))
    expect(forwarded[0]).toMatchObject({ method: 'PUT', url })
    expect(await forwarded[0]?.text()).toBe('kWh')
  })
})

const facts = () => cfOf(...chainOf(car)).tlsClientAuth

describe('passthrough: what cannot be passed on never looks like no certificate', () => {
  test.each([
    {
      name: 'the leaf is withheld',
      cf: () => ({ ...facts(), certRFC9440: '', certRFC9440TooLarge: true }),
      status: 431,
      code: 'certificate_withheld',
    },
    {
      name: 'the chain is withheld',
      cf: () => ({ ...facts(), certChainRFC9440: '', certChainRFC9440TooLarge: true }),
      status: 431,
      code: 'certificate_withheld',
    },
    {
      name: 'the facts are malformed',
      cf: () => ({ ...facts(), certRFC9440: 'x' }),
      status: 400,
      code: 'presentation_malformed',
    },
  ])('$name: $code', async ({ cf, status, code }) => {
    const { app, forwarded } = await stageOf({ MODE: 'passthrough' })
    const response = await app.request(requestOf({ tlsClientAuth: cf() }))
    expect(response.status).toBe(status)
    expect(await codeOf(response)).toBe(code)
    expect(forwarded).toEqual([])
  })

  test('a leaf of an ALB that verifies goes on as the chain that it is', async () => {
    const verifying = await stageOf({})
    await verifying.app.request(requestOf(cfOf(...chainOf(car))))
    const lines = linesOf(verifying.forwarded[0])
    const variables = { PLATFORM: 'alb', ALB_MODE: 'verify', HOP: 'network', MODE: 'passthrough' }
    const { app, forwarded } = await stageOf(variables)
    await app.request(requestOf(undefined, lines))
    expect(linesOf(forwarded[0])).toEqual({ 'x-amzn-mtls-clientcert': urlPem(car.leafDer) })
  })
})

describe("the platform's own inbound headers are read, and never passed on", () => {
  const alb = { PLATFORM: 'alb', HOP: 'network' } as const

  test.each([
    { MODE: 'off', ALB_MODE: 'passthrough', header: 'X-Amzn-Mtls-Clientcert' },
    { MODE: 'off', ALB_MODE: 'passthrough', header: 'X-Amzn-Tls-Version' },
    { MODE: 'off', ALB_MODE: 'verify', header: 'X-Amzn-Mtls-Clientcert-Leaf' },
    { MODE: 'off', ALB_MODE: 'verify', header: 'X-Amzn-Mtls-Clientcert-Subject' },
    { MODE: 'passthrough', ALB_MODE: 'passthrough', header: 'X-Amzn-Tls-Cipher-Suite' },
  ])('$MODE behind $ALB_MODE: $header', async ({ header, ...variables }) => {
    const { app, forwarded } = await stageOf({ ...alb, ...variables })
    const response = await app.request(requestOf(undefined, { [header]: 'malformed' }))
    expect(response.status).toBe(200)
    expect(linesOf(forwarded[0])).toEqual({})
  })

  test.each([
    { ALB_MODE: 'passthrough', header: 'X-Amzn-Mtls-Clientcert' },
    { ALB_MODE: 'verify', header: 'X-Amzn-Mtls-Clientcert-Leaf' },
  ])('passthrough behind $ALB_MODE: a malformed $header goes nowhere', async (row) => {
    const { app, forwarded } = await stageOf({
      ...alb,
      MODE: 'passthrough',
      ALB_MODE: row.ALB_MODE,
    })
    const response = await app.request(requestOf(undefined, { [row.header]: 'malformed' }))
    expect(await codeOf(response)).toBe('presentation_malformed')
    expect(forwarded).toEqual([])
  })

  test('renamed in, by the default names out', async () => {
    const variables = { ...alb, ALB_MODE: 'passthrough', ALB_HEADER_PREFIX: 'X-F-' }
    const { app, forwarded } = await stageOf({ ...variables, MODE: 'passthrough' })
    const chain = urlPem(...chainOf(car))
    await app.request(
      requestOf(undefined, { 'X-F-Mtls-Clientcert': chain, 'X-F-Tls-Version': 'x' }),
    )
    expect(linesOf(forwarded[0])).toEqual({ 'x-amzn-mtls-clientcert': chain })
  })
})

const attestation = (leaf: Bytes) => ({
  'X-Amzn-Mtls-Clientcert-Serial-Number': '41',
  'X-Amzn-Mtls-Clientcert-Issuer': 'CN=i',
  'X-Amzn-Mtls-Clientcert-Subject': 'CN=s',
  'X-Amzn-Mtls-Clientcert-Validity': 'NotBefore=2027-01-01T00:00:00Z;NotAfter=2027-01-31T00:00:00Z',
  'X-Amzn-Mtls-Clientcert-Leaf': urlPem(leaf),
})

/** A subject with a UTF8String that breaks off inside a character. */
async function leafWithBrokenName(): Promise<readonly [Bytes, Bytes]> {
  const [issuing] = pki.authority.state.hierarchy.intermediates
  if (issuing === undefined) throw new Error('the test needs an issuer')
  const fields = { kind: 'car', serial: Uint8Array.of(0x41), notBefore: start }
  const device = 'broken-name'
  const { der } = await createLeaf(issuing, { ...fields, device, notAfter: shift(start, dayMs) })
  const good = set(sequence(objectIdentifier('2.5.4.3'), utf8String(device)))
  const at = Buffer.from(der).indexOf(good)
  expect(at).toBeGreaterThan(0)
  const broken = new Uint8Array(der)
  // The last octet of the name's text: the first of a character of two.
  broken[at + good.length - 1] = 0xc3
  return [broken, issuing.der]
}

describe('an admitted leaf whose name has no text form', () => {
  const attestedAlb = { PLATFORM: 'alb', ALB_MODE: 'verify', HOP: 'network' } as const

  test('is refused and logged, and not forwarded as if there were none', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const variables = { ...attestedAlb, ATTESTED: 'accept' }
    const { app, forwarded } = await stageOf(variables)
    const [leaf] = await leafWithBrokenName()
    const response = await app.request(requestOf(undefined, attestation(leaf)))
    expect(response.status).toBe(400)
    expect(await codeOf(response)).toBe('malformed_certificate')
    expect(forwarded).toEqual([])
    expect(logged.mock.calls).toEqual([[expect.stringContaining('its subject is not')]])
  })
})

const away = (): Promise<Response> => Promise.reject(new Error('connect 10.0.0.7: refused'))

describe('a target that does not answer', () => {
  test('is said, and why is for the log', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { app } = await createStage(pki, { variables: { MODE: 'passthrough' }, target: away })
    const response = await app.request(requestOf(cfOf()))
    expect(response.status).toBe(502)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ code: 'target_unreachable' })
    expect(text).not.toContain('10.0.0.7')
    expect(logged.mock.calls.flat().join('\n')).toContain('10.0.0.7')
  })
})
