import { beforeEach, describe, expect, test } from 'vitest'
import type { DeviceRegistry } from '#edge/enrollment/registry/device-registry.ts'
import { factsOfCertificate } from '#edge/enrollment/registry/certificates.ts'
import { createFollowedTrustStore } from '#edge/trust-stores/managed/followed-trust-store.ts'
import type { HeldTrustStore } from '#edge/trust-stores/held-trust-store.ts'
import { storeObject } from '#edge/trust-stores/managed/objects.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { shift } from '#shared/time.ts'
import { defaultLimits } from '#shared/trust-store/trust-store.ts'
import { verify } from '#shared/verify.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { certificateOf, createCa, issue, type Entity } from '../../../shared/pki.ts'
import { memoryPlane, type MemoryPlane } from '../../control/plane.ts'
import { staleMs, start } from '../../stage.ts'
import { dayMs, memoryRegistry, type MemoryRegistry } from './stage.ts'

const validity = { notBefore: start, notAfter: shift(start, 90 * dayMs) }
const verifier = createWebCryptoVerifier()

let ca: Entity
let plane: MemoryPlane
let stage: MemoryRegistry
let registry: DeviceRegistry
let followed: HeldTrustStore
let problems: string[]

beforeEach(async () => {
  ca = await createCa({ subject: 'Fleet', ...validity })
  plane = memoryPlane()
  const bundle = await storeObject(plane.objects, toUtf8(encodePem('CERTIFICATE', ca.der)))
  await plane.directory.add('cars')
  await plane.store('cars').change({ kind: 'replace_bundle', file: bundle }, 'olga')
  stage = memoryRegistry({
    clock: plane.clock,
    publish: {
      objects: plane.objects,
      stores: async () =>
        (await plane.directory.list()).map(({ name }) => ({ name, ...plane.store(name) })),
    },
  })
  ;({ registry } = stage)
  problems = []
  followed = createFollowedTrustStore({
    head: () => plane.store('cars').head(),
    objects: plane.objects,
    limits: defaultLimits,
    maxStalenessMs: staleMs,
    failStaticMs: dayMs,
    clock: plane.clock,
    wait: async () => undefined,
    background: () => undefined,
    report: ({ because }) => void problems.push(because),
  })
})

let made = 0

/** A device of the registry, and the certificate that it shows. */
async function device(name: string, ...classes: readonly string[]): Promise<Entity> {
  made += 1
  const entity = await issue(ca, {
    subject: name,
    serial: [0x40, made >> 8, made & 255],
    ...validity,
  })
  const facts = await factsOfCertificate(certificateOf(entity))
  const certificates = [{ ...facts, revokedAt: undefined }]
  const row = { name, status: 'active', classes, factoryLeaf: undefined, certificates } as const
  expect(await registry.importDevices([row], 'olga')).toEqual(['added'])
  return entity
}

/** What a follower that asks as late as it may says to a certificate. */
async function decided({ der }: Entity): Promise<string> {
  plane.clock.advance(staleMs)
  const store = await followed.current()
  if (store === undefined) return 'no store'
  const policy = {
    ...strictPolicy,
    revocation: { ...strictPolicy.revocation, of: 'none' },
  } as const
  const decision = await verify(
    { kind: 'chain', leaf: der, intermediates: [] },
    { store, policy, now: plane.clock.now(), verifier, crls: createAuthenticatedCrls(verifier) },
  )
  return decision.outcome === 'accepted' ? 'accepted' : decision.rejection.code
}

describe('a device is refused at the next request after the bound', () => {
  test.each(['suspended', 'revoked', 'retired'] as const)('%s', async (status) => {
    const [one, other] = [await device('car-1'), await device('car-2')]
    expect(await decided(one)).toBe('accepted')
    const answer = await registry.setStatus('car-1', status, 'olga', 'stolen')
    expect(answer).toMatchObject({
      ok: true,
      value: { published: [{ store: 'cars', entries: 1, failure: undefined }] },
    })
    expect(await decided(one)).toBe('revoked')
    expect(await decided(other)).toBe('accepted')
    expect(problems).toEqual([])
  })

  test('and let in again where it was suspended; one that was revoked by itself is not', async () => {
    const [one, other] = [await device('car-1'), await device('car-2')]
    const { issuerKeyId, serial } = await factsOfCertificate(certificateOf(other))
    await registry.revokeCertificate('car-2', { issuerKeyId, serial }, 'olga')
    await registry.setStatus('car-1', 'suspended', 'olga', 'a doubt')
    expect(await decided(one)).toBe('revoked')
    await registry.setStatus('car-1', 'active', 'olga', 'no doubt')
    expect(await decided(one)).toBe('accepted')
    expect(await decided(other)).toBe('revoked')
    expect((await registry.device('car-2'))?.status).toBe('active')
  })

  test('also when the trust store is rolled back to before', async () => {
    const one = await device('car-1')
    await registry.setStatus('car-1', 'suspended', 'olga', 'a doubt')
    await plane.store('cars').change({ kind: 'roll_back', epoch: 1 }, 'olga')
    expect(await decided(one)).toBe('revoked')
  })

  test('and where a store that was away is back', async () => {
    const one = await device('car-1')
    const working = stage.registry
    const failing = memoryRegistry({
      clock: plane.clock,
      publish: {
        objects: plane.objects,
        stores: async () => [
          {
            name: 'cars',
            document: () => Promise.reject(new Error('it restarts')),
            change: () => Promise.reject(new Error('it restarts')),
          },
        ],
      },
    })
    expect(await failing.registry.publish()).toMatchObject([{ failure: 'Error: it restarts' }])
    await stage.part('devices-0').setStatus('nobody', 'active', { at: start, by: '', because: '' })
    const part = stage.part(await partOf('car-1'))
    await part.setStatus('car-1', 'suspended', { at: start, by: 'olga', because: 'a crash' })
    expect(await decided(one)).toBe('accepted')
    await working.tick()
    expect(await decided(one)).toBe('revoked')
  })
})

/** The part of the stage's registry that keeps a device. */
async function partOf(name: string): Promise<string> {
  for (const part of ['devices-0', 'devices-1', 'devices-2']) {
    if ((await stage.part(part).device(name)) !== undefined) return part
  }
  throw new Error(`no part keeps ${name}`)
}

describe('a class', () => {
  test('is suspended whole, and resumed without those suspended one by one', async () => {
    const fleet = [
      await device('car-1', 'model:x'),
      await device('car-2', 'model:x', 'batch:7'),
      await device('car-3', 'model:y'),
    ]
    const decisions = async () => Promise.all(fleet.map(decided))
    await registry.setStatus('car-2', 'suspended', 'olga', 'a doubt')
    await registry.suspendClass('model:x', 'olga', 'recalled')
    expect(await decisions()).toEqual(['revoked', 'revoked', 'accepted'])
    expect(await registry.device('car-1')).toMatchObject({
      status: 'active',
      suspendedClass: 'model:x',
    })
    await registry.suspendClass('model:x', 'olga', undefined)
    expect(await decisions()).toEqual(['accepted', 'revoked', 'accepted'])
  })

  test('takes in devices that come to it later', async () => {
    await registry.suspendClass('model:x', 'olga', 'recalled')
    const one = await device('car-1')
    await registry.setClasses('car-1', ['model:x'], 'olga')
    expect(await decided(one)).toBe('revoked')
  })

  test('that a crash has left half suspended is suspended by the next look', async () => {
    const one = await device('car-1', 'model:x')
    const word = { at: start, by: 'olga', because: 'recalled' }
    await stage.part('rules').suspendClass('model:x', word)
    expect(await decided(one)).toBe('accepted')
    await registry.tick()
    expect(await decided(one)).toBe('revoked')
    await stage.part('rules').suspendClass('model:x', 'resume')
    await registry.tick()
    expect(await decided(one)).toBe('accepted')
  })
})

test('a registry is not opened with another number of parts than it was made with', async () => {
  await registry.challenge()
  const other = memoryRegistry({ shards: 4 })
  await other.part('rules').settle('shards', '3')
  await expect(other.registry.challenge()).rejects.toThrow(/made with 3 shards/)
})

test.each([1, 2, 7, 1000])(
  'an export by pages of %i has every device once, in order',
  async (limit) => {
    const names = Array.from({ length: 40 }, (_, index) => `car-${index}`)
    const row = { status: 'active', classes: [], factoryLeaf: undefined, certificates: [] } as const
    await registry.importDevices(
      names.map((name) => ({ ...row, name })),
      'olga',
    )
    const taken: string[] = []
    for (let page = await registry.exportDevices({ after: '', limit }); page.length > 0;) {
      expect(page.length).toBeLessThanOrEqual(limit)
      taken.push(...page.map(({ name }) => name))
      page = await registry.exportDevices({ after: taken.at(-1) ?? '', limit })
    }
    expect(taken).toEqual(names.toSorted())
  },
)

test.each([0, 65, 1.5])('%f parts are no number of them', (shards) => {
  expect(() => memoryRegistry({ shards })).toThrow(/1 to 64 shards/)
})
