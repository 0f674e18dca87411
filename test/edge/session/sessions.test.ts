import { beforeEach, describe, expect, test } from 'vitest'
import type { ListenerVariables } from '#edge/variables.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { createAuthority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { cfOf, chainOf, keyRing } from '../../runtime/given.ts'
import {
  codeOf,
  createPki,
  createStage,
  requestOf,
  staleMs,
  start,
  type Pki,
  type Stage,
} from '../stage.ts'

let pki: Pki
let car: DeviceCredential

beforeEach(async () => {
  pki = await createPki()
  car = await pki.issue('car-1')
})

const variables = { SESSION_KEYS: keyRing }
const stageOf = (given: ListenerVariables = variables): Promise<Stage> =>
  createStage(pki, { variables: given })

const cf = (device: DeviceCredential = car) => cfOf(...chainOf(device))

/** How the session of the last request stood. */
const sessionOf = ({ lines }: Stage): unknown =>
  (JSON.parse(lines.at(-1) ?? '{}') as Readonly<Record<string, unknown>>)['session']

/** The token that a device is given that asks for it in the header. */
async function tokenOf({ app }: Stage): Promise<string> {
  const response = await app.request(requestOf(cf(), { authorization: 'Sallyport' }))
  const info = response.headers.get('authentication-info') ?? ''
  return /^session="(v2\.[^"]+)"$/.exec(info)?.[1] ?? ''
}

describe('a device without a cookie jar', () => {
  test('is given its token in a header, and no cookie', async () => {
    const stage = await stageOf()
    const response = await stage.app.request(requestOf(cf(), { authorization: 'Sallyport' }))
    expect(response.headers.get('authentication-info')).toMatch(/^session="v2\.k1\.[\w-]+"$/)
    expect(response.headers.getSetCookie()).toEqual(['theirs=1'])
    expect(sessionOf(stage)).toBe('issued')
  })

  test('uses it, and is given no other', async () => {
    const stage = await stageOf()
    const authorization = `Sallyport ${await tokenOf(stage)}`
    const response = await stage.app.request(requestOf(cf(), { authorization }))
    expect(response.status).toBe(200)
    expect(response.headers.get('authentication-info')).toBeNull()
    expect(sessionOf(stage)).toBe('used')
  })

  test('is given the next one, unasked, when it has ended', async () => {
    const stage = await stageOf()
    const first = await tokenOf(stage)
    stage.clock.advance(15 * 60_000 + 1)
    const authorization = `Sallyport ${first}`
    const response = await stage.app.request(requestOf(cf(), { authorization }))
    expect(response.headers.get('authentication-info')).toMatch(/^session="v2\./)
    expect(response.headers.get('authentication-info')).not.toContain(first)
  })

  test('may send the same token as a cookie, where the application has its own Authorization', async () => {
    const stage = await stageOf()
    const cookie = `__Host-sallyport=${await tokenOf(stage)}`
    await stage.app.request(requestOf(cf(), { cookie, authorization: 'Bearer theirs' }))
    expect(sessionOf(stage)).toBe('used')
    expect(stage.forwarded.at(-1)?.headers.get('authorization')).toBe('Bearer theirs')
  })

  test('is nobody without its certificate', async () => {
    const stage = await stageOf()
    const authorization = `Sallyport ${await tokenOf(stage)}`
    const response = await stage.app.request(requestOf(cfOf(), { authorization }))
    expect(await codeOf(response)).toBe('no_certificate')
  })

  test('is nobody without its certificate where none is required either', async () => {
    const POLICIES = JSON.stringify([{ name: 'open', paths: ['/open'], certificate: 'optional' }])
    const stage = await stageOf({ ...variables, POLICIES })
    const token = await tokenOf(stage)
    const headers = { authorization: `Sallyport ${token}`, cookie: `__Host-sallyport=${token}` }
    expect((await stage.app.request(requestOf(cfOf(), headers, '/open'))).status).toBe(200)
    expect(JSON.parse(stage.lines.at(-1) ?? '')).toMatchObject({ outcome: 'not_decided' })
    const { headers: sent } = stage.forwarded.at(-1) ?? new Request('https://none.example')
    expect([...sent.keys()].filter((name) => /mtls|cookie|authorization/.test(name))).toEqual([])
  })

  test('with another certificate is refused, and is to drop it', async () => {
    const stage = await stageOf()
    const authorization = `Sallyport ${await tokenOf(stage)}`
    const renewed = await pki.issue('car-1')
    const response = await stage.app.request(requestOf(cf(renewed), { authorization }))
    expect(response.status).toBe(401)
    expect(await codeOf(response)).toBe('session_of_other_certificate')
  })

  test('revoked while it stands is refused', async () => {
    const stage = await stageOf()
    const authorization = `Sallyport ${await tokenOf(stage)}`
    pki.authority.revoke(car.serial, start, 'keyCompromise')
    await pki.publish(start)
    stage.clock.advance(staleMs)
    const response = await stage.app.request(requestOf(cf(), { authorization }))
    expect(await codeOf(response)).toBe('revoked')
  })
})

describe('a token goes no further than here', () => {
  const carried = ['authorization', 'cookie'] as const

  const sent = async (given: ListenerVariables, header: (typeof carried)[number]) => {
    const stage = await stageOf(given)
    const headers = {
      authorization: 'Sallyport v2.k1.AA',
      cookie: 'a=1; __Host-sallyport=v2.k1.AA',
    }
    await stage.app.request(requestOf(cf(), headers))
    return stage.forwarded[0]?.headers.get(header)
  }

  test.each([
    { MODE: 'verify', left: { authorization: null, cookie: 'a=1' } },
    { MODE: 'off', left: { authorization: null, cookie: 'a=1' } },
    {
      // The target decides there, and the token is its own.
      MODE: 'passthrough',
      left: { authorization: 'Sallyport v2.k1.AA', cookie: 'a=1; __Host-sallyport=v2.k1.AA' },
    },
  ])('$MODE', async ({ MODE, left }) => {
    for (const header of carried) {
      expect(await sent({ ...variables, MODE }, header)).toBe(left[header])
    }
  })

  test('without sessions here it is somebody else’s', async () => {
    expect(await sent({}, 'authorization')).toBe('Sallyport v2.k1.AA')
  })
})

describe('logout', () => {
  const path = '/.well-known/sallyport/logout'
  const post = (given: object | undefined, method = 'POST'): Request => {
    const request = new Request(`https://edge.example${path}`, { method })
    return Object.defineProperty(request, 'cf', { value: given })
  }

  test.each([
    { name: 'a device', given: () => cf() },
    { name: 'a device that is let in no longer', given: () => cfOf(car.leafDer) },
    { name: 'nobody', given: () => undefined },
  ])('takes the cookie away: $name', async ({ given }) => {
    const stage = await stageOf()
    const response = await stage.app.request(post(given()))
    expect(response.status).toBe(204)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.getSetCookie()).toEqual([
      '__Host-sallyport=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
    ])
    expect(stage.forwarded).toEqual([])
    expect(stage.lines).toHaveLength(1)
  })

  test.each(['GET', 'PUT', 'DELETE'])('%s is no logout', async (method) => {
    const stage = await stageOf()
    const response = await stage.app.request(post(cf(), method))
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await codeOf(response)).toBe('method_not_allowed')
  })

  test('a copied token is not ended by it: it stays good beside its certificate alone', async () => {
    const stage = await stageOf()
    const authorization = `Sallyport ${await tokenOf(stage)}`
    await stage.app.request(post(cf()))
    await stage.app.request(requestOf(cf(), { authorization }))
    expect(sessionOf(stage)).toBe('used')
    const alone = await stage.app.request(requestOf(cfOf(), { authorization }))
    expect(await codeOf(alone)).toBe('no_certificate')
  })

  test.each([
    { name: 'no sessions', given: {} },
    { name: 'a passthrough', given: { ...variables, MODE: 'passthrough' } },
  ])('$name: the target’s to answer', async ({ given }) => {
    const stage = await stageOf(given)
    expect(await (await stage.app.request(post(cf()))).text()).toBe('from the target')
  })
})

const otherKey = (name: string, fill: number): string =>
  `${name}:${Buffer.alloc(32, fill).toString('base64')}`

const next = otherKey('k2', 2)

/** How a token fares with a worker of these keys. */
async function uses(ring: string, token: string): Promise<unknown> {
  const stage = await stageOf({ SESSION_KEYS: ring })
  // Whose lists nobody asked for yet, is verified once by its chain.
  await stage.app.request(requestOf(cf()))
  await stage.app.request(requestOf(cf(), { authorization: `Sallyport ${token}` }))
  return sessionOf(stage)
}

describe('keys rotate without a session that drops', () => {
  test('each step of a rotation, with a token of each step before', async () => {
    const old = await tokenOf(await stageOf())
    expect(await uses(`${keyRing},${next}`, old)).toBe('used')
    expect(await uses(`${next},${keyRing}`, old)).toBe('used')
    const newer = await tokenOf(await stageOf({ SESSION_KEYS: `${next},${keyRing}` }))
    expect(newer).toMatch(/^v2\.k2\./)
    // A worker that has the next key but does not seal with it yet.
    expect(await uses(`${keyRing},${next}`, newer)).toBe('used')
    expect(await uses(next, newer)).toBe('used')
  })

  test('a key that has left the ring: the chain decides, and nobody is refused', async () => {
    const old = await tokenOf(await stageOf())
    expect(await uses(next, old)).toBe('issued')
  })
})

describe('what has moved is verified anew', () => {
  test('what is trusted', async () => {
    const stage = await stageOf()
    const authorization = `Sallyport ${await tokenOf(stage)}`
    // The intermediate is at hand now: another trust store, of the same anchors.
    pki.bucket.put('intermediates.pem', toUtf8(pki.authority.intermediatesPem))
    stage.clock.advance(staleMs)
    await stage.app.request(requestOf(cf(), { authorization }))
    expect(sessionOf(stage)).toBe('issued')
  })

  test('anchors that are trusted no longer', async () => {
    const stage = await stageOf()
    const authorization = `Sallyport ${await tokenOf(stage)}`
    const { anchorsPem } = await otherAuthority()
    pki.bucket.put('anchors.pem', toUtf8(anchorsPem))
    stage.clock.advance(staleMs)
    const response = await stage.app.request(requestOf(cf(), { authorization }))
    expect(response.status).toBe(403)
  })

  test('the policy, by another deployment', async () => {
    const authorization = `Sallyport ${await tokenOf(await stageOf())}`
    const stage = await stageOf({ ...variables, ALGORITHMS: 'fips' })
    await stage.app.request(requestOf(cf()))
    await stage.app.request(requestOf(cf(), { authorization }))
    expect(sessionOf(stage)).toBe('issued')
  })
})

async function otherAuthority(): Promise<{ readonly anchorsPem: string }> {
  const options = { seed: 8, start, intermediates: 1, ledger: new Ledger() }
  return createAuthority(options)
}
