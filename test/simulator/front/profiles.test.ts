import { beforeAll, describe, expect, test } from 'vitest'
import { platforms, type PlatformRow } from '#edge/platforms/by-name.ts'
import type { Platform } from '#edge/platforms/platform.ts'
import type { Bytes } from '#shared/bytes.ts'
import { upstreamHeaders } from '#simulator/front/headers.ts'
import type { ConnectionVerdict, TerminatedConnection } from '#simulator/front/profile.ts'
import { playedPlatforms } from '#simulator/front/profiles/by-name.ts'
import { frontProfileNames, type FrontProfileName } from '#simulator/scenario/scenario.ts'
import { createTestWorld, type TestWorld } from '../credentials.ts'

/*
 * What the front writes in a platform's name, that platform's adapter reads, set up as the run sets
 * up its gateway.
 */

const setting = {
  mode: 'passthrough',
  expired: 'refuse',
  albPrefix: 'x-fleet-0123456789abcdef-',
  hopSecret: 'h'.repeat(48),
} as const

let world: TestWorld

beforeAll(async () => {
  world = await createTestWorld()
})

function connectionOf(chain: readonly Bytes[], verdict?: ConnectionVerdict): TerminatedConnection {
  const kind = chain.length === 0 ? 'none' : 'success'
  const place = { clientAddress: '192.0.2.7', port: 443, tlsVersion: 'TLSv1.3' } as const
  return { chain, verdict: verdict ?? { kind }, ...place }
}

interface Handed {
  readonly headers: Headers
  readonly cf: unknown
  readonly connection: unknown
}

/** A request with these header lines of the client's own, as it leaves the front. */
async function handedOver(
  name: FrontProfileName,
  connection: TerminatedConnection,
  raw: readonly string[] = [],
): Promise<Handed> {
  const facts = await playedPlatforms[name].front(setting).connectionFacts(connection)
  const flat = upstreamHeaders(raw, facts.headers)
  const headers = new Headers()
  for (let index = 0; index < flat.length; index += 2) {
    headers.append(flat[index] ?? '', flat[index + 1] ?? '')
  }
  return { headers, cf: facts.cf, connection: withBuffers(facts.connection) }
}

/** The local worker hands octets on as an ArrayBuffer, as Fastly's runtime does. */
function withBuffers(connection: Readonly<Record<string, unknown>> | undefined): unknown {
  if (connection === undefined) return undefined
  return Object.fromEntries(
    Object.entries(connection).map(([key, value]) => [
      key,
      value instanceof Uint8Array ? new Uint8Array(value).buffer : value,
    ]),
  )
}

function adapterOf(name: FrontProfileName): Platform {
  const row: PlatformRow = platforms[name]
  return row.create(playedPlatforms[name].gateway(setting), (variable) =>
    expect.unreachable(variable),
  )
}

describe.each(frontProfileNames)('%s', (name) => {
  test('a chain is read as it was shown, as far as the platform passes it', async () => {
    const { device, issuing } = world
    const handed = await handedOver(name, connectionOf([device.der, issuing.der]))
    const passesChain = playedPlatforms[name].passes === 'chain' || name === 'alb'
    expect(await adapterOf(name).read(handed)).toEqual({
      kind: 'chain',
      leaf: device.der,
      intermediates: passesChain ? [issuing.der] : [],
    })
  })

  test('no certificate is none', async () => {
    const handed = await handedOver(name, connectionOf([]))
    expect(await adapterOf(name).read(handed)).toEqual({ kind: 'none' })
  })

  test('a certificate that is refused is handed over like any other', async () => {
    const { device, issuing } = world
    const rejection = { code: 'untrusted', at: 1, issuer: new Uint8Array() } as const
    const verdict = { kind: 'failed', rejection } as const
    const handed = await handedOver(name, connectionOf([device.der, issuing.der], verdict))
    expect(await adapterOf(name).read(handed)).toMatchObject({ kind: 'chain', leaf: device.der })
  })

  test('the hop is proven where the platform can add a header, and never twice', async () => {
    const raw = ['X-Sallyport-Hop', 'forged', 'x-sallyport-hop', 'forged']
    const gateway = playedPlatforms[name].gateway(setting)
    const { headers } = await handedOver(name, connectionOf([world.device.der]), raw)
    const wanted = { secret: setting.hopSecret, network: null }[gateway['HOP'] ?? '']
    expect(headers.get('x-sallyport-hop')).toBe(wanted === undefined ? 'forged, forged' : wanted)
  })
})

// ALB sets no header without a certificate, and is not known to take a client's copy away.
test.each(frontProfileNames.filter((name) => name !== 'alb'))(
  "%s: a client's copies of the headers that it sets are gone or replaced",
  async (name) => {
    for (const chain of [[], [world.device.der]]) {
      const connection = connectionOf(chain)
      const { headers: set } = await playedPlatforms[name]
        .front(setting)
        .connectionFacts(connection)
      const raw = set.flatMap(([header]) => [header, 'forged', header.toUpperCase(), 'forged'])
      const { headers } = await handedOver(name, connection, raw)
      expect(raw.length).toBeGreaterThan(0)
      expect(JSON.stringify([...headers])).not.toContain('forged')
    }
  },
)

const exact: readonly { profile: FrontProfileName; header: string; value: string }[] = [
  { profile: 'cloudfront', header: 'cloudfront-viewer-cert-present', value: '1' },
  { profile: 'cloudfront', header: 'cloudfront-viewer-cert-serial-number', value: 'd2:ab' },
  {
    profile: 'cloudfront',
    header: 'cloudfront-viewer-cert-subject',
    value: 'CN=meter-0001,O=Z\\C3\\A4hler\\, GmbH,C=DE',
  },
  {
    profile: 'cloudfront',
    header: 'cloudfront-viewer-cert-validity',
    value: 'NotBefore=2026-01-01T00:00:00Z;NotAfter=2046-03-01T13:35:00Z',
  },
  {
    profile: 'google-cloud',
    header: 'x-client-cert-valid-not-after',
    value: '2046-03-01T13:35:00+00:00',
  },
  {
    profile: 'ingress-nginx',
    header: 'ssl-client-issuer-dn',
    value: 'O=Sallyport,CN=Test Issuing',
  },
  { profile: 'ingress-nginx', header: 'ssl-client-verify', value: 'SUCCESS' },
]

const shaped: readonly { profile: FrontProfileName; header: string; shape: RegExp }[] = [
  { profile: 'cloudfront', header: 'cloudfront-viewer-cert-sha256', shape: /^[0-9a-f]{64}$/ },
  { profile: 'google-cloud', header: 'x-client-cert-sha256-fingerprint', shape: /^.{43}=$/ },
  { profile: 'google-cloud', header: 'x-client-cert-leaf', shape: /^:[A-Za-z0-9+/]+=*:$/ },
  { profile: 'application-gateway', header: 'x-client-certificate', shape: /^-----BEGIN%20/ },
  { profile: 'app-service', header: 'x-arr-clientcert', shape: /^MII[A-Za-z0-9+/]+=*$/ },
  {
    profile: 'traefik',
    header: 'x-forwarded-tls-client-cert',
    shape: /^MII[A-Za-z0-9+/]+=*,MII[A-Za-z0-9+/]+=*$/,
  },
  { profile: 'rfc9440', header: 'client-cert-chain', shape: /^:[A-Za-z0-9+/]+=*:$/ },
  {
    profile: 'envoy',
    header: 'x-forwarded-client-cert',
    shape: /^Hash=[0-9a-f]{64};Cert="[^"]+";Chain="[^"]+";Subject="[^"]*(?:\\"[^"]*)*";URI=$/,
  },
  {
    profile: 'container-apps',
    header: 'x-forwarded-client-cert',
    shape: /^Hash=[0-9a-f]{64};Cert="[^"]+";Chain="[^"]+"$/,
  },
]

async function headerOf(profile: FrontProfileName, header: string): Promise<string | null> {
  const { device, issuing } = world
  const { headers } = await handedOver(profile, connectionOf([device.der, issuing.der]))
  return headers.get(header)
}

test.each(exact)('$profile writes $header', async ({ profile, header, value }) => {
  expect(await headerOf(profile, header)).toBe(value)
})

test.each(shaped)('$profile writes $header', async ({ profile, header, shape }) => {
  expect(await headerOf(profile, header)).toMatch(shape)
})

test('api-gateway: the fields of a REST event', async () => {
  const { connection } = await handedOver('api-gateway', connectionOf([world.device.der]))
  expect(connection).toEqual({
    identity: {
      clientCert: {
        clientCertPem: expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n/),
        subjectDN: 'CN=meter-0001,O=Z\\C3\\A4hler\\, GmbH,C=DE',
        issuerDN: 'O=Sallyport,CN=Test Issuing',
        serialNumber: 'd2:ab',
        validity: { notBefore: 'Jan  1 00:00:00 2026 GMT', notAfter: 'Mar  1 13:35:00 2046 GMT' },
      },
    },
  })
})
