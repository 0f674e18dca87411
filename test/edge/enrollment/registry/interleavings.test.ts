import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  createDeviceRegistry,
  type DeviceRegistry,
} from '#edge/enrollment/registry/device-registry.ts'
import { openRegistryPart } from '#edge/enrollment/registry/part.ts'
import type { EnrolmentAttempt } from '#edge/enrollment/registry/registry.ts'
import { callPart, remotePart } from '#edge/enrollment/registry/remote-part.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { certificateOf } from '../../../shared/pki.ts'
import { albSerial } from '#shared/wire/serial.ts'
import { setClock } from '../../stage.ts'
import { attemptOf, issuerKeyId, sign } from './ca.ts'
import { claimFor } from './stage.ts'

/** One request as it reaches the server, and what becomes of it there. */
interface Asked {
  /** Only after all that is not later has come to its end. */
  readonly isLater: boolean
  readonly device: number
  readonly key: number
  /** Of these requests of that key: the same one is a duplicate. */
  readonly request: number
  readonly claim: number
  /** The server dies before it signs, or before it writes down what was signed. */
  readonly end: 'answered' | 'dies before signing' | 'dies before writing' | 'never signed'
  /** What was answered is renewed at once. */
  readonly renews: boolean
}

const asked: fc.Arbitrary<Asked> = fc.record({
  isLater: fc.boolean(),
  device: fc.nat({ max: 1 }),
  key: fc.nat({ max: 1 }),
  request: fc.nat({ max: 1 }),
  claim: fc.nat({ max: 1 }),
  end: fc.constantFrom(
    'answered',
    'answered',
    'dies before signing',
    'dies before writing',
    'never signed',
  ),
  renews: fc.boolean(),
})

interface World {
  readonly registry: DeviceRegistry
  /** What the CA has signed: serials, in its own book. */
  readonly signed: string[]
  /** What left the house, by request. */
  readonly handedOut: Map<string, Set<string>>
}

/** Each call of each part waits until the scheduler lets it go on: every order may come. */
function scheduledWorld(scheduler: fc.Scheduler): World {
  const parts = new Map<string, ReturnType<typeof remotePart>>()
  const open = (name: string): ReturnType<typeof remotePart> => {
    const part = openRegistryPart(nodeSql(':memory:'))
    const remote = remotePart(async (called, given) => {
      await scheduler.schedule(Promise.resolve(), `${name} ${called}`)
      return callPart(part, called, given)
    })
    parts.set(name, remote)
    return remote
  }
  let drawn = 0
  const registry = createDeviceRegistry({
    part: (name) => parts.get(name) ?? open(name),
    shards: 2,
    clock: setClock(),
    random: (count) => {
      const octets = new Uint8Array(count)
      new DataView(octets.buffer).setUint32(count - 4, (drawn += 1))
      return octets
    },
    verifier: createWebCryptoVerifier(),
  })
  return { registry, signed: [], handedOut: new Map() }
}

async function ask(world: World, attempt: EnrolmentAttempt, key: string, end: Asked['end']) {
  const { registry, signed, handedOut } = world
  const admitted = await registry.admit(attempt)
  if (!admitted.ok || admitted.value.kind === 'pending') return undefined
  const handOut = (certificate: Bytes): Bytes => {
    const all = handedOut.get(attempt.requestSha256) ?? new Set()
    handedOut.set(attempt.requestSha256, all.add(toHex(certificate)))
    return certificate
  }
  if (admitted.value.kind === 'issued') return handOut(admitted.value.certificate)
  const { enrolment } = admitted.value
  if (end === 'dies before signing') return undefined
  if (end === 'never signed') {
    await registry.failed(enrolment, 'refused')
    return undefined
  }
  signed.push(admitted.value.serial)
  const certificate = await sign(admitted.value, key)
  if (end === 'dies before writing') return undefined
  // Void where a later request took its place: then nothing leaves the house.
  return registry.issued(enrolment, certificate).then(handOut, () => undefined)
}

async function askAll(world: World, all: readonly Asked[]): Promise<void> {
  const { registry } = world
  const claims = [await claimFor(registry, { quota: 1 }), await claimFor(registry, { quota: 2 })]
  const [now, later] = [all.filter((each) => !each.isLater), all.filter((each) => each.isLater)]
  for (const wave of [now, later]) {
    await Promise.all(
      wave.map(async (each) => {
        const claimant = claims[each.claim]
        if (claimant === undefined) throw new Error('no such claim')
        await askOne(world, each, claimant)
      }),
    )
  }
}

async function askOne(
  world: World,
  { device, key, request, claim, end, renews }: Asked,
  claimant: EnrolmentAttempt['claimant'],
): Promise<void> {
  const [name, keyName] = [`car-${device}`, `k${key}`]
  const text = `${name} ${keyName} ${claim} ${request}`
  const attempt = await attemptOf(name, keyName, claimant, { request: text })
  const certificate = await ask(world, attempt, keyName, end)
  if (certificate === undefined || !renews) return
  const serial = albSerial(certificateOf({ der: certificate }).serial)
  const own = { kind: 'own_certificate', issuerKeyId, serial } as const
  const renewal = { request: `renews ${text}`, kind: 'renew' } as const
  await ask(world, await attemptOf(name, keyName, own, renewal), keyName, 'answered')
}

async function checkWorld({ registry, signed, handedOut }: World): Promise<void> {
  const devices = await registry.devices({ after: '', limit: 100 })
  const all = await Promise.all(devices.map(({ name }) => registry.device(name)))
  const enrolments = all.flatMap((device) => device?.enrolments ?? [])
  const certificates = all.flatMap((device) => device?.certificates ?? [])
  const live = certificates.filter(({ revokedAt }) => revokedAt === undefined)
  const kindOf = new Map(enrolments.map(({ id, kind }) => [id, kind]))
  // No certificate was signed that the registry does not know.
  const known = new Set(enrolments.map(({ serial }) => serial))
  for (const serial of signed) expect(known).toContain(serial)
  // One request, one certificate.
  expect(new Set(live.map(({ enrolment }) => enrolment)).size).toBe(live.length)
  for (const answers of handedOut.values()) expect(answers.size).toBe(1)
  // What left the house is written down.
  const serials = new Set(live.map(({ serial }) => serial))
  for (const [der] of [...handedOut.values()].map((each) => [...each])) {
    const octets = Uint8Array.from(der?.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16))
    expect(serials).toContain(albSerial(certificateOf({ der: octets }).serial))
  }
  // One key, one device; and one certificate of it unless it renews.
  for (const key of new Set(live.map(({ keySha256 }) => keySha256))) {
    const ofKey = live.filter(({ keySha256 }) => keySha256 === key)
    expect(new Set(ofKey.map(({ device }) => device)).size).toBe(1)
    const first = ofKey.filter(({ enrolment }) => kindOf.get(enrolment ?? '') === 'enroll')
    expect(first.length).toBeLessThanOrEqual(1)
  }
  // Claims give no more than they were for.
  const claims = await registry.claims({ after: '', limit: 10 })
  for (const { used, quota } of claims) expect(used).toBeLessThanOrEqual(quota)
  const enrolled = new Set(
    live
      .filter(({ enrolment }) => kindOf.get(enrolment ?? '') === 'enroll')
      .map((each) => each.keySha256),
  )
  expect(enrolled.size).toBeLessThanOrEqual(claims.reduce((sum, { quota }) => sum + quota, 0))
}

/** `RUNS=1000 npx vitest run …` for more. */
const runs = Number(process.env['RUNS'] ?? 60)

test('whatever order duplicate and crossed requests come in, nothing is signed twice or for two', async () => {
  const run = fc.asyncProperty(
    fc.scheduler(),
    fc.array(asked, { minLength: 2, maxLength: 7 }),
    async (scheduler, all) => {
      const world = scheduledWorld(scheduler)
      await scheduler.waitFor(askAll(world, all))
      await scheduler.waitFor(checkWorld(world))
    },
  )
  const { failed, counterexample } = await fc.check(run, { numRuns: runs })
  expect({ failed, counterexample }).toEqual({ failed: false, counterexample: null })
}, 120_000)
