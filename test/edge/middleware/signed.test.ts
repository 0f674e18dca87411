import { beforeAll, describe, expect, test } from 'vitest'
import { createNonceMemory } from '#edge/evidence/nonces.ts'
import { readEvidenceKeys } from '#edge/evidence/keys.ts'
import { verifyRequest } from '#edge/evidence/target.ts'
import type { EvidenceTrust } from '#edge/evidence/verify.ts'
import { urlAtTarget } from '#edge/target-url.ts'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf, keyRing } from '../../runtime/given.ts'
import { newJwk, setOf } from '../evidence/rings.ts'
import { codeOf, createPki, createStage, requestOf, start, type Pki, type Stage } from '../stage.ts'

const jwk = await newJwk('e1')
const variables = { EVIDENCE_KEYS: setOf(jwk), EVIDENCE_ISSUER: 'edge.example' }
const keysPath = '/.well-known/sallyport/jwks.json'
const header = 'x-sallyport-evidence'

/** The longest body that is read to be signed. */
const bodyMax = 64 * 1024

let pki: Pki
let car: DeviceCredential

beforeAll(async () => {
  pki = await createPki()
  car = await pki.issue('car-1')
})

const stageOf = (more: object = {}): Promise<Stage> =>
  createStage(pki, { variables: { ...variables, ...more } })

/** A target that fetched the gateway's keys. */
async function trustOf({ app }: Stage): Promise<EvidenceTrust> {
  const keys = await readEvidenceKeys(await (await app.request(keysPath)).text())
  if (!keys.ok) throw new Error(keys.error)
  const nonces = createNonceMemory(10)
  return { keys: keys.value, issuer: 'edge.example', skewMs: 0, body: 'digest', nonces }
}

function sent(init: RequestInit = {}, path = '/a%2Fb?x=1', cf: object = cfOf(...chainOf(car))) {
  const request = new Request(`https://edge.example${path}`, init)
  return Object.defineProperty(request, 'cf', { value: cf })
}

function onlyForwarded({ forwarded }: Stage): Request {
  const [request, ...more] = forwarded
  if (request === undefined || more.length > 0) throw new Error('one request was to be forwarded')
  return request
}

const post = (body: string | Bytes, length: number | undefined): RequestInit => ({
  method: 'POST',
  body,
  ...(length === undefined ? {} : { headers: { 'content-length': String(length) } }),
})

const atOrigin = (requested: string): URL => urlAtTarget(requested, 'https://origin.example:8443')

describe('a target verifies what the gateway sends it', () => {
  test('without a body', async () => {
    const stage = await stageOf()
    await stage.app.request(sent())
    const verified = await verifyRequest(onlyForwarded(stage), await trustOf(stage), 0, start)
    expect(verified).toMatchObject({
      ok: true,
      value: {
        iss: 'edge.example',
        aud: 'edge.example',
        htm: 'GET',
        path: '/a%2Fb?x=1',
        sub: 'spiffe://fleet.sallyport.example/car/car-1',
        serial: car.serial,
        basis: 'path',
      },
    })
  })

  test('a small body is bound, and arrives', async () => {
    const stage = await stageOf()
    await stage.app.request(sent(post('kWh', 3)))
    const request = onlyForwarded(stage)
    expect(await verifyRequest(request, await trustOf(stage), 100, start)).toMatchObject({
      ok: true,
      value: { htm: 'POST', digest: expect.stringMatching(/^sha-256=:/) },
    })
    expect(await request.text()).toBe('kWh')
  })

  test.each([
    { name: 'the longest that is bound', octets: bodyMax, told: bodyMax, bound: true },
    { name: 'one octet more', octets: bodyMax + 1, told: bodyMax + 1, bound: false },
    { name: 'of a length that is not told', octets: 3, told: undefined, bound: false },
  ])('a body, $name', async ({ octets, told, bound }) => {
    const stage = await stageOf()
    const body = 'x'.repeat(octets)
    await stage.app.request(sent(post(toUtf8(body), told)))
    const request = onlyForwarded(stage)
    const trust = await trustOf(stage)
    const strict = await verifyRequest(request, trust, 2 * bodyMax, start)
    expect(strict.ok ? 'ok' : strict.error.code).toBe(bound ? 'ok' : 'body_not_bound')
    const byNonce = { ...trust, nonces: createNonceMemory(1), body: 'digest_or_nonce' } as const
    expect(await verifyRequest(request, byNonce, 2 * bodyMax, start)).toMatchObject({ ok: true })
    expect(await request.text()).toBe(body)
  })

  test('at another address: the host that the target has is signed', async () => {
    const stage = await createStage(pki, { variables, addressAtTarget: atOrigin })
    await stage.app.request(sent())
    const request = onlyForwarded(stage)
    const there = new Request('https://origin.example:8443/a%2Fb?x=1', request)
    const trust = await trustOf(stage)
    expect(await verifyRequest(there, trust, 0, start)).toMatchObject({ ok: true })
    expect(await verifyRequest(request, trust, 0, start)).toMatchObject({
      error: { code: 'other_host' },
    })
  })

  test('a session says so', async () => {
    const stage = await stageOf({ SESSION_KEYS: keyRing })
    const first = await stage.app.request(sent())
    const cookie = first.headers.getSetCookie().at(-1)?.split(';')[0] ?? ''
    stage.forwarded.length = 0
    await stage.app.request(sent({ headers: { cookie } }))
    const verified = await verifyRequest(onlyForwarded(stage), await trustOf(stage), 0, start)
    expect(verified).toMatchObject({ ok: true, value: { basis: 'session' } })
  })

  test.each([
    { ms: 30_000, code: 'ok' },
    { ms: 30_001, code: 'expired' },
  ])('after $ms ms: $code', async ({ ms, code }) => {
    const stage = await stageOf()
    await stage.app.request(sent())
    const now = shift(start, ms)
    const verified = await verifyRequest(onlyForwarded(stage), await trustOf(stage), 0, now)
    expect(verified.ok ? 'ok' : verified.error.code).toBe(code)
  })
})

describe("a client's own evidence goes nowhere", () => {
  test.each([header, 'X_Sallyport_Evidence', 'x-sallyport.evidence'])('%s', async (name) => {
    const stage = await stageOf()
    await stage.app.request(sent({ headers: { [name]: 'forged' } }))
    const evidence = [...onlyForwarded(stage).headers].filter(([each]) => /evidence/.test(each))
    expect(evidence).toEqual([[header, expect.stringMatching(/^ey[\w-]+\.ey[\w-]+\.[\w-]+$/)]])
  })

  test('also where nothing is signed', async () => {
    const stage = await createStage(pki, { variables: { MODE: 'passthrough' } })
    await stage.app.request(sent({ headers: { [header]: 'forged' } }))
    expect(onlyForwarded(stage).headers.has(header)).toBe(false)
  })

  test('and is no certificate', async () => {
    const { app } = await stageOf()
    const response = await app.request(requestOf(undefined, { [header]: 'forged' }))
    expect(await codeOf(response)).toBe('header_forged')
  })
})

describe('the keys are there for everybody', () => {
  test('their public halves alone', async () => {
    const { app } = await stageOf()
    const response = await app.request(requestOf(undefined, {}, keysPath))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/jwk-set+json')
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
    const { kty, crv, x, kid } = jwk
    expect(await response.json()).toEqual({
      keys: [{ kty, crv, x, kid, alg: 'EdDSA', use: 'sig' }],
    })
  })

  test('without keys the address is one like any other', async () => {
    const { app } = await createStage(pki, { variables: {} })
    expect(await codeOf(await app.request(requestOf(undefined, {}, keysPath)))).toBe(
      'no_certificate',
    )
  })
})
