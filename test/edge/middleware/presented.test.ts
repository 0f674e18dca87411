import { beforeAll, describe, expect, test } from 'vitest'
import type { ListenerVariables } from '#edge/variables.ts'
import { albNames, writeAlbPassthrough, writeAlbVerify, type AlbNames } from '#shared/wire/alb.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { chainOf } from '../../runtime/given.ts'
import { codeOf, createPki, createStage, requestOf, type Pki, type Stage } from '../stage.ts'

const secret = 'hop-secret-of-thirty-two-letters'
const prefix = 'X-Fleet-0123456789-'
const privateNames = albNames(prefix)

let pki: Pki
let car: DeviceCredential

beforeAll(async () => {
  pki = await createPki()
  car = await pki.issue('car-1')
})

type Lines = Readonly<Record<string, string>>

const passthroughLines = (names?: AlbNames): Lines =>
  Object.fromEntries(writeAlbPassthrough(chainOf(car), names))

function verifyLines(names?: AlbNames): Lines {
  const leaf = parseCertificate(car.leafDer)
  const lines = leaf.ok ? writeAlbVerify(leaf.value, names) : undefined
  return lines?.ok === true ? Object.fromEntries(lines.value) : {}
}

/** Names of what a target is told of a certificate. */
const certificateNames = (request: Request | undefined): readonly string[] =>
  [...(request?.headers.keys() ?? [])].filter((name) => name.includes('cert'))

const alb = { PLATFORM: 'alb', ALB_MODE: 'passthrough' } as const
const stageOf = (variables: ListenerVariables): Promise<Stage> => createStage(pki, { variables })

describe('HOP=secret: only who knows it is the terminator', () => {
  test.each([
    { name: 'no secret', headers: {}, status: 421 },
    { name: 'an empty one', headers: { 'x-sallyport-hop': '' }, status: 421 },
    { name: 'another one', headers: { 'x-sallyport-hop': secret.replace('h', 'H') }, status: 421 },
    { name: 'the secret and more', headers: { 'x-sallyport-hop': `${secret}x` }, status: 421 },
    {
      name: 'the secret twice',
      headers: { 'x-sallyport-hop': `${secret}, ${secret}` },
      status: 421,
    },
    { name: 'under an alias', headers: { x_sallyport_hop: secret }, status: 421 },
    { name: 'the secret', headers: { 'x-sallyport-hop': secret }, status: 200 },
  ])('$name: $status', async ({ headers, status }) => {
    const { app, forwarded } = await stageOf({ ...alb, HOP: 'secret', HOP_SECRET: secret })
    const response = await app.request(requestOf(undefined, { ...passthroughLines(), ...headers }))
    expect(response.status).toBe(status)
    expect(forwarded.length).toBe(status === 200 ? 1 : 0)
    const text = await response.text()
    expect(text).toContain(status === 200 ? 'from the target' : 'not_from_terminator')
    expect(text).not.toContain(secret)
  })
})

describe('the secret of a hop goes no further than that hop', () => {
  test.each([
    { PLATFORM: 'cloudflare', MODE: 'passthrough' },
    { PLATFORM: 'cloudflare', MODE: 'off' },
    { ...alb, MODE: 'passthrough', HOP: 'network' },
    { ...alb, MODE: 'passthrough', HOP: 'secret', HOP_SECRET: secret },
    { ...alb, MODE: 'verify', HOP: 'secret', HOP_SECRET: secret },
  ])('$PLATFORM, $MODE', async (variables) => {
    const { app, forwarded } = await stageOf(variables)
    const headers = { ...passthroughLines(), 'x-sallyport-hop': secret }
    expect((await app.request(requestOf(undefined, headers))).status).toBe(200)
    expect(forwarded[0]?.headers.has('x-sallyport-hop')).toBe(false)
  })

  test('the next hop has a secret of its own', async () => {
    const next = 'next-secret-of-thirty-two-letters'
    const variables = { ...alb, HOP: 'secret', HOP_SECRET: secret, TARGET_HOP_SECRET: next }
    const { app, forwarded } = await stageOf(variables)
    const headers = { ...passthroughLines(), 'x-sallyport-hop': secret }
    await app.request(requestOf(undefined, headers))
    expect(forwarded[0]?.headers.get('x-sallyport-hop')).toBe(next)
  })
})

describe('HOP=private-names: the names that AWS gives are foreign', () => {
  const variables = { ...alb, HOP: 'private-names', ALB_HEADER_PREFIX: prefix }
  const verifying = { ...variables, ALB_MODE: 'verify', ATTESTED: 'accept' }

  test('the private names are believed', async () => {
    const { app } = await stageOf(variables)
    const response = await app.request(requestOf(undefined, passthroughLines(privateNames)))
    expect(response.status).toBe(200)
    const attesting = await stageOf(verifying)
    const attested = requestOf(undefined, verifyLines(privateNames))
    expect((await attesting.app.request(attested)).status).toBe(200)
  })

  test.each([
    { name: 'passthrough', of: variables, lines: () => passthroughLines() },
    { name: 'verify', of: verifying, lines: () => verifyLines() },
    { name: 'passthrough, the other mode', of: variables, lines: () => verifyLines() },
    { name: 'verify, the other mode', of: verifying, lines: () => passthroughLines() },
    {
      name: 'passthrough, the private names of the other mode',
      of: variables,
      lines: () => ({ ...verifyLines(), ...verifyLines(privateNames) }),
    },
  ])('$name: forged', async ({ of, lines }) => {
    const { app } = await stageOf(of)
    const response = await app.request(requestOf(undefined, lines()))
    expect(response.status).toBe(401)
    expect(await codeOf(response)).toBe('header_forged')
  })

  test("passthrough: a client's copies are taken away, and the private names stay a secret", async () => {
    const { app, forwarded } = await stageOf({ ...variables, MODE: 'passthrough' })
    const headers = {
      ...verifyLines(),
      ...passthroughLines(privateNames),
      'X-Amzn-Mtls-Clientcert': 'someone-else',
    }
    await app.request(requestOf(undefined, headers))
    const names = certificateNames(forwarded[0])
    expect(names).toEqual(['x-amzn-mtls-clientcert'])
    expect(forwarded[0]?.headers.get('x-amzn-mtls-clientcert')).toBe(
      Object.values(passthroughLines())[0],
    )
  })
})

describe('MANAGED_TRANSFORM: what Cloudflare sets on every request', () => {
  const headers = { 'cf-cert-presented': 'false', 'cf-cert-verified': 'false' }

  test.each([
    { MANAGED_TRANSFORM: 'off', code: 'header_forged' },
    { MANAGED_TRANSFORM: 'on', code: 'no_certificate' },
  ])('$MANAGED_TRANSFORM: $code', async ({ code, ...variables }) => {
    const { app } = await stageOf(variables)
    expect(await codeOf(await app.request(requestOf(undefined, headers)))).toBe(code)
  })

  test('on: an alias is a forgery still, and nothing of it reaches the target', async () => {
    const { app, forwarded } = await stageOf({ MANAGED_TRANSFORM: 'on', MODE: 'passthrough' })
    await app.request(requestOf(undefined, { ...headers, cf_cert_verified: 'true' }))
    expect(certificateNames(forwarded[0])).toEqual([])
    const verifying = await stageOf({ MANAGED_TRANSFORM: 'on' })
    const alias = requestOf(undefined, { cf_cert_verified: 'true' })
    expect(await codeOf(await verifying.app.request(alias))).toBe('header_forged')
  })
})
