import { beforeAll, describe, expect, test } from 'vitest'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf } from '../../runtime/given.ts'
import { codeOf, createPki, createStage, requestOf, type Pki, type Stage } from '../stage.ts'

const token = 't'.repeat(32)
const path = '/.well-known/metrics'
const variables = { METRICS_PATH: path, METRICS_TOKEN: token }
const bearer = { authorization: `Bearer ${token}` }

let pki: Pki
let car: DeviceCredential

beforeAll(async () => {
  pki = await createPki()
  car = await pki.issue('car-1')
})

const stageOf = (more: Readonly<Record<string, string>> = {}): Promise<Stage> =>
  createStage(pki, { variables: { ...variables, ...more } })

async function pageOf({ app }: Stage): Promise<string> {
  const response = await app.request(requestOf(undefined, bearer, path))
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  return response.text()
}

test('every decision is counted once, as it was answered', async () => {
  const stage = await stageOf()
  await stage.app.request(requestOf(cfOf(...chainOf(car))))
  await stage.app.request(requestOf(cfOf(...chainOf(car))))
  await stage.app.request(requestOf(cfOf(car.leafDer)))
  await stage.app.request(requestOf(undefined, { 'client-cert': 'x', ssl_client_cert: 'x' }))
  const by = 'platform="cloudflare",policy="verify"'
  const lines = (await pageOf(stage)).split('\n')
  expect(lines.filter((line) => /^sallyport_(?:decisions|forged)/.test(line))).toEqual([
    `sallyport_decisions_total{outcome="accepted",reason="path",${by}} 2`,
    `sallyport_decisions_total{outcome="refused",reason="untrusted",${by}} 1`,
    `sallyport_decisions_total{outcome="refused",reason="header_forged",${by}} 1`,
    `sallyport_forged_headers_total{${by}} 2`,
  ])
  expect(lines).toContain('sallyport_trust_store_max_staleness_seconds 5')
  expect(stage.lines).toHaveLength(4)
})

test('it is counted where no line is written', async () => {
  const stage = await stageOf({ CONNECTION_LOG: 'off' })
  await stage.app.request(requestOf(undefined))
  expect(await pageOf(stage)).toContain('reason="no_certificate"')
})

test('without a trust store there are the counters alone', async () => {
  const empty = await createPki()
  empty.bucket.remove('anchors.pem')
  const page = await pageOf(await createStage(empty, { variables }))
  expect(page).toContain('# TYPE sallyport_decisions_total counter')
  expect(page).not.toContain('sallyport_trust_store_epoch')
})

describe('without its token the address is one like any other', () => {
  test.each([
    { name: 'no token', headers: {} },
    { name: 'another token', headers: { authorization: `Bearer ${'u'.repeat(32)}` } },
    { name: 'a part of it', headers: { authorization: `Bearer ${token.slice(1)}` } },
    { name: 'more than it', headers: { authorization: `Bearer ${token}t` } },
    { name: 'another scheme', headers: { authorization: `Basic ${token}` } },
    { name: 'the token alone', headers: { authorization: token } },
  ])('$name', async ({ headers }) => {
    const { app, forwarded } = await stageOf()
    const refused = await app.request(requestOf(undefined, headers, path))
    expect(await codeOf(refused)).toBe('no_certificate')
    const through = await app.request(requestOf(cfOf(...chainOf(car)), headers, path))
    expect(await through.text()).toBe('from the target')
    expect(forwarded).toHaveLength(1)
  })

  test('and so is every address where there is no page', async () => {
    const { app } = await createStage(pki, { variables: { METRICS_TOKEN: token } })
    expect(await codeOf(await app.request(requestOf(undefined, bearer, path)))).toBe(
      'no_certificate',
    )
  })

  test.each([`${path}/`, `${path}/more`, '/.well-known/METRICS', '/'])(
    'beside it: %s',
    async (other) => {
      const { app } = await stageOf()
      expect(await codeOf(await app.request(requestOf(undefined, bearer, other)))).toBe(
        'no_certificate',
      )
    },
  )
})
