import { beforeAll, describe, expect, test } from 'vitest'
import { platforms, type PlatformName } from '#edge/platforms/by-name.ts'
import { concatBytes, toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { writeClientCert } from '#shared/wire/rfc9440.ts'
import { encodePem } from '#shared/wire/pem.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { chainOf } from '../../runtime/given.ts'
import { codeOf, createPki, createStage, requestOf, start } from '../stage.ts'

/** One decision, many doors: the same devices through every platform, as each would hand them over. */

const secret = 's'.repeat(32)
const hop = { 'x-sallyport-hop': secret }
const escapedPem = (...ders: readonly Bytes[]): string =>
  encodeURIComponent(ders.map((der) => encodePem('CERTIFICATE', der)).join(''))

interface Handed {
  readonly headers?: Readonly<Record<string, string>>
  readonly connection?: object
}

type Door = (leaf: Bytes, intermediate: Bytes) => Handed

/** Cloudflare has tests of its own all over the edge, and ALB's verify mode needs all five headers. */
const doors: Readonly<Record<Exclude<PlatformName, 'cloudflare'>, Door>> = {
  alb: (...chain) => ({ headers: { 'x-amzn-mtls-clientcert': escapedPem(...chain) } }),
  cloudfront: (leaf) => ({ headers: { 'cloudfront-viewer-cert-pem': escapedPem(leaf) } }),
  'api-gateway': (leaf) => ({
    connection: { identity: { clientCert: { clientCertPem: encodePem('CERTIFICATE', leaf) } } },
  }),
  rfc9440: (leaf, intermediate) => ({
    headers: {
      'client-cert': writeClientCert(leaf),
      'client-cert-chain': writeClientCert(intermediate),
    },
  }),
  envoy: (...chain) => ({
    headers: { 'x-forwarded-client-cert': `By=spiffe://a/b;Chain="${escapedPem(...chain)}";URI=` },
  }),
  'container-apps': (leaf, ...chain) => ({
    headers: {
      'x-forwarded-client-cert': `Cert="${escapedPem(leaf)}";Chain="${escapedPem(leaf, ...chain)}"`,
    },
  }),
  nginx: (leaf) => ({ headers: { 'x-ssl-client-cert': escapedPem(leaf) } }),
  'ingress-nginx': (leaf) => ({
    headers: { 'ssl-client-cert': escapedPem(leaf), 'ssl-client-verify': 'SUCCESS' },
  }),
  haproxy: (leaf) => ({ headers: { 'x-ssl-client-cert': toBase64(leaf) } }),
  apache: (leaf) => ({ headers: { 'x-ssl-client-cert': escapedPem(leaf) } }),
  traefik: (...chain) => ({
    headers: { 'x-forwarded-tls-client-cert': chain.map((der) => toBase64(der)).join(',') },
  }),
  caddy: (leaf) => ({ headers: { 'x-tls-client-cert': toBase64(leaf) } }),
  'google-cloud': (leaf, intermediate) => ({
    headers: {
      'x-client-cert-leaf': writeClientCert(leaf),
      'x-client-cert-chain': writeClientCert(intermediate),
      'x-client-cert-present': 'true',
    },
  }),
  'app-service': (leaf) => ({ headers: { 'x-arr-clientcert': toBase64(leaf) } }),
  'application-gateway': (leaf) => ({ headers: { 'x-client-certificate': escapedPem(leaf) } }),
  fastly: (leaf) => ({
    connection: { tlsClientCertificate: toUtf8(encodePem('CERTIFICATE', leaf)).buffer },
  }),
  'node-tls': (raw, intermediate) => ({
    connection: {
      getPeerX509Certificate: () => ({ raw, issuerCertificate: { raw: intermediate } }),
    },
  }),
}

const names = Object.keys(doors) as (keyof typeof doors)[]

let pki: Awaited<ReturnType<typeof createPki>>
let good: DeviceCredential
let revoked: DeviceCredential

beforeAll(async () => {
  pki = await createPki()
  good = await pki.issue('car-1')
  revoked = await pki.issue('car-2')
  pki.authority.revoke(revoked.serial, start, 'keyCompromise')
  await pki.publish(start)
  pki.bucket.put('intermediates.pem', toUtf8(pki.authority.intermediatesPem))
})

function request(
  { headers = {}, connection }: Handed,
  more: Readonly<Record<string, string>>,
): Request {
  return Object.defineProperty(requestOf(undefined, { ...headers, ...more }), 'connection', {
    value: connection,
  })
}

/** A listener of this platform; what speaks in headers is believed over the hop alone. */
async function open(name: keyof typeof doors) {
  const word = inHeaders(name) ? ({ HOP: 'secret', HOP_SECRET: secret } as const) : {}
  const variables = { PLATFORM: name, ALB_MODE: 'passthrough', ...word } as const
  const stage = await createStage(pki, { variables })
  const send = (handed: Handed, more: Readonly<Record<string, string>> = hop) =>
    stage.app.request(request(handed, more))
  return { send, forwarded: stage.forwarded }
}

const inHeaders = (name: keyof typeof doors): boolean => platforms[name].facts === 'headers'

describe.each(names)('%s', (name) => {
  const door = doors[name]

  test('a good device comes in, and the target hears of it under other names', async () => {
    const { send, forwarded } = await open(name)
    const handed = door(...chainOf(good))
    expect((await send(handed)).status).toBe(200)
    const headers = forwarded[0]?.headers ?? new Headers()
    expect(headers.get('x-amzn-mtls-clientcert-serial-number')).toBe(good.serial)
    expect(Object.keys(handed.headers ?? {}).filter((header) => headers.has(header))).toEqual([])
  })

  test('a revoked one is refused', async () => {
    const { send } = await open(name)
    expect(await codeOf(await send(door(...chainOf(revoked))))).toBe('revoked')
  })

  test('a bent one is refused', async () => {
    const { send } = await open(name)
    const [leaf, intermediate] = chainOf(good)
    const bent = concatBytes(leaf.subarray(0, -1), Uint8Array.of((leaf.at(-1) ?? 0) ^ 1))
    expect((await send(door(bent, intermediate))).status).toBe(403)
  })
})

describe.each(names.filter(inHeaders))('%s, in headers', (name) => {
  const given = (): Readonly<Record<string, string>> => doors[name](...chainOf(good)).headers ?? {}

  test('a request that went around the terminator is refused', async () => {
    const { send } = await open(name)
    expect((await send({ headers: given() }, {})).status).toBe(421)
  })

  test('a header without its value never comes in', async () => {
    const { send } = await open(name)
    const emptied = Object.keys(given()).map((header) => [header, ''] as const)
    const { status } = await send({ headers: Object.fromEntries(emptied) })
    expect([400, 401]).toContain(status)
  })

  test('an alias of a header is no certificate', async () => {
    const { send } = await open(name)
    const aliases = Object.entries(given()).map(
      ([header, value]) => [header.replaceAll('-', '_'), value] as const,
    )
    const response = await send({ headers: Object.fromEntries(aliases) })
    expect(await codeOf(response)).toBe('header_forged')
  })
})
