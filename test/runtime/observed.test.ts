import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contentDigest } from '#edge/evidence/content-digest.ts'
import { createNonceMemory } from '#edge/evidence/nonces.ts'
import { readEvidenceKeys } from '#edge/evidence/keys.ts'
import { verifyEvidence } from '#edge/evidence/verify.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { instantFromMs } from '#shared/time.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf, dayMs } from './given.ts'
import { localControl, startRuntime, type Runtime } from './stage.ts'

const localKey = 'k'.repeat(48)
const token = 't'.repeat(48)
const production = { entry: 'edge/worker.ts' } as const
const denyAdmin = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'admin' },
  spec: { action: 'DENY', rules: [{ to: [{ operation: { paths: ['/admin/*'] } }] }] },
}

async function newKeys(): Promise<string> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  return JSON.stringify({ keys: [{ ...(await exportJWK(privateKey)), kid: 'e1' }] })
}

let runtime: Runtime
let car: DeviceCredential

beforeAll(async () => {
  const evidence = { EVIDENCE_KEYS: await newKeys(), EVIDENCE_ISSUER: 'edge' }
  const authorization = { AUTHORIZATION: JSON.stringify(denyAdmin) }
  const byUrl = { TARGET_URL: 'https://origin.example' }
  runtime = await startRuntime([
    { ...production, name: 'json', variables: { METRICS_PATH: '/m', METRICS_TOKEN: token } },
    { ...production, name: 'alb', variables: { CONNECTION_LOG: 'alb' } },
    {
      ...production,
      name: 'gateway',
      variables: { ...evidence, ...authorization },
      target: 'echo',
    },
    {
      ...production,
      name: 'by-url',
      variables: { ...evidence, ...authorization, ...byUrl },
      outbound: 'echo',
    },
    {
      ...production,
      name: 'wrong-policy',
      variables: { AUTHORIZATION: JSON.stringify([{ kind: 'Policy' }]) },
    },
    { name: 'local', entry: 'simulator/worker/local.ts', variables: { LOCAL_KEY: localKey } },
  ])
  car = await runtime.pki.issue('car-1', [-dayMs, dayMs])
}, 30_000)

afterAll(() => runtime.close())

const cf = () => ({ ...cfOf(...chainOf(car)), tlsVersion: 'TLSv1.3' })

async function ask(...[name, options]: Parameters<Runtime['fetch']>) {
  runtime.takeLogs()
  const response = await runtime.fetch(name, options)
  return { status: response.status, text: await response.text(), logs: runtime.takeLogs() }
}

describe('the connection log', () => {
  test('is JSON unless told otherwise, one line a request', async () => {
    const headers = { 'cf-connecting-ip': '203.0.113.1' }
    const { logs } = await ask('json', { cf: cf(), headers })
    expect(logs).toHaveLength(1)
    expect(JSON.parse(logs[0] ?? '')).toMatchObject({
      outcome: 'accepted',
      connection: { clientIp: '203.0.113.1', tls: { protocol: 'TLSv1.3' } },
      leaf: { serial: car.serial },
    })
  })

  test('names a refusal by the id that was answered', async () => {
    const { text, logs } = await ask('json')
    const { problem } = JSON.parse(logs[0] ?? '') as { readonly problem: { readonly id: string } }
    expect(JSON.parse(text)).toMatchObject({ instance: `urn:sallyport:occurrence:${problem.id}` })
  })

  test("has ALB's fifteen fields where that is wanted", async () => {
    // The runtime's own stand-ins for what Cloudflare tells of a connection.
    const { logs } = await ask('alb')
    expect(logs[0]).toMatch(
      /^\S+Z 127\.0\.0\.1 - - TLSv1\.3 \S+ - - - - Failed:UnmappedConnectionError - - - -$/,
    )
  })

  test("is off in a local run's worker", async () => {
    const control = localControl(localKey, Date.now(), cfOf(...chainOf(car)))
    const { status, logs } = await ask('local', { headers: { 'x-sallyport-local': control } })
    expect(status).toBe(200)
    expect(logs).toEqual([])
  })
})

test('the counters are shown to whoever has the token', async () => {
  await ask('json')
  const headers = { authorization: `Bearer ${token}` }
  expect((await ask('json', { path: '/m' })).status).toBe(401)
  const { status, text } = await ask('json', { path: '/m', headers })
  expect(status).toBe(200)
  expect(text).toContain('reason="no_certificate",platform="cloudflare",policy="verify"')
})

test('a policy that cannot be read: nobody comes in, and the log names file and key', async () => {
  const { status, logs } = await ask('wrong-policy', { cf: cf() })
  expect(status).toBe(500)
  expect(logs.join('\n')).toContain('(at AUTHORIZATION[0].kind)')
})

interface Echo {
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

describe.each([
  { worker: 'gateway', origin: 'http://gateway.example' },
  { worker: 'by-url', origin: 'https://origin.example' },
])('$worker: what reaches the target', ({ worker, origin }) => {
  test('is on the path that was allowed, and its evidence is for just that', async () => {
    const { text } = await ask(worker, { cf: cf(), path: '/a//b%2Fc?x=1' })
    const { url, headers } = JSON.parse(text) as Echo
    expect(url).toBe(`${origin}/a/b/c?x=1`)
    const document = await ask(worker, { path: '/.well-known/sallyport/jwks.json' })
    const keys = await readEvidenceKeys(document.text)
    if (!keys.ok) throw new Error(keys.error)
    const evidence = new Map(headers).get('x-sallyport-evidence') ?? ''
    const digestOfNothing = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'
    const seen = {
      method: 'GET',
      path: '/a/b/c?x=1',
      host: new URL(origin).host,
      bodyDigest: digestOfNothing,
    }
    const nonces = createNonceMemory(1)
    const trust = {
      keys: keys.value,
      issuer: 'edge',
      skewMs: 1000,
      body: 'digest',
      nonces,
    } as const
    const verified = await verifyEvidence(evidence, seen, trust, instantFromMs(Date.now()))
    expect(verified).toMatchObject({ ok: true, value: { serial: car.serial } })
  })

  test.each([
    { path: '/reports', octets: 3, bound: true },
    { path: '/reports//x', octets: 64 * 1024, bound: true },
    { path: '/reports//x', octets: 64 * 1024 + 1, bound: false },
  ])('$path: a body of $octets octets, bound: $bound', async ({ path, octets, bound }) => {
    const posted = 'x'.repeat(octets)
    const { text } = await ask(worker, { cf: cf(), path, body: posted })
    const { headers, body } = JSON.parse(text) as Echo
    expect(body).toBe(posted)
    const [, claims = ''] = new Map(headers).get('x-sallyport-evidence')?.split('.') ?? []
    const { htm, digest } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
      readonly htm: string
      readonly digest?: string
    }
    expect(htm).toBe('POST')
    expect(digest).toBe(bound ? await contentDigest(toUtf8(posted)) : undefined)
  })

  test('is nothing that a policy denies', async () => {
    const { status, text } = await ask(worker, { cf: cf(), path: '//admin/x' })
    expect(status).toBe(403)
    expect(JSON.parse(text)).toMatchObject({ code: 'not_authorized' })
  })
})
