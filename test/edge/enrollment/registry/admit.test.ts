import { beforeEach, describe, expect, test } from 'vitest'
import type { DeviceRegistry } from '#edge/enrollment/registry/device-registry.ts'
import { certificateOf } from '../../../shared/pki.ts'
import { albSerial } from '#shared/wire/serial.ts'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import type { SetClock } from '../../stage.ts'
import { attemptOf, digest, issuerKeyId, sign } from './ca.ts'
import { claimFor, dayMs, enrol, memoryRegistry, type MemoryRegistry } from './stage.ts'

let stage: MemoryRegistry
let registry: DeviceRegistry
let clock: SetClock

beforeEach(() => {
  stage = memoryRegistry()
  ;({ registry, clock } = stage)
})

const octetsOf = (hex: string): Bytes =>
  Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16))

const serialOf = (hex: string): string => albSerial(certificateOf({ der: octetsOf(hex) }).serial)

const own = (certificate: string) =>
  ({ kind: 'own_certificate', issuerKeyId, serial: serialOf(certificate) }) as const

const isCertificate = expect.stringMatching(/^30[0-9a-f]{200,}$/)

test('a device enrols by a claim, is known afterwards, and the claim is used', async () => {
  const claim = await claimFor(registry, { classes: ['model:x'] })
  const certificate = await enrol(registry, await attemptOf('car-1', 'k1', claim), 'k1')
  expect(certificate).toEqual(isCertificate)
  expect(await registry.device('car-1')).toMatchObject({
    name: 'car-1',
    status: 'active',
    classes: ['model:x'],
    certificates: [{ serial: serialOf(certificate), issuerKeyId }],
    enrolments: [{ state: 'issued', serial: serialOf(certificate) }],
    history: [{ by: 'enrolment', status: 'active' }],
  })
  expect(await enrol(registry, await attemptOf('car-2', 'k2', claim), 'k2')).toBe('claim_used')
})

test('what is signed is written down before: a request keeps its serial and the length it was granted', async () => {
  const attempt = await attemptOf('car-1', 'k1', await claimFor(registry))
  const first = await registry.admit(attempt)
  expect(await registry.admit(attempt)).toEqual(first)
  if (!first.ok || first.value.kind !== 'sign') throw new Error('it is not to be signed')
  const { notBefore, notAfter } = first.value
  // Its CA was away for twelve hours: whatever is signed now is good for as long as it would have been.
  const awayMs = dayMs / 2
  clock.advance(awayMs)
  expect(await registry.admit(attempt)).toEqual({
    ok: true,
    value: {
      ...first.value,
      notBefore: shift(notBefore, awayMs),
      notAfter: shift(notAfter, awayMs),
    },
  })
})

test('the same request gets the same certificate, also where two have signed at once', async () => {
  const attempt = await attemptOf('car-1', 'k1', await claimFor(registry))
  const admitted = await registry.admit(attempt)
  if (!admitted.ok || admitted.value.kind !== 'sign') throw new Error('it is not to be signed')
  const [one, other] = [
    await sign(admitted.value, 'k1'),
    await sign(admitted.value, 'k1', { serial: '7f01' }),
  ]
  const handedOut = await Promise.all([
    registry.issued(admitted.value.enrolment, one),
    registry.issued(admitted.value.enrolment, other),
  ])
  expect(handedOut.map(toHex)).toEqual([toHex(one), toHex(one)])
  expect(await enrol(registry, attempt, 'k1')).toBe(toHex(one))
  // The second serial is known, and refused from birth.
  const device = await registry.device('car-1')
  expect(device?.certificates.map(({ serial, revokedAt }) => [serial, revokedAt])).toEqual(
    expect.arrayContaining([
      ['7F01', clock.now()],
      [admitted.value.serial, undefined],
    ]),
  )
})

describe('one key', () => {
  test('of two devices is refused for the second', async () => {
    await enrol(registry, await attemptOf('car-1', 'k', await claimFor(registry)), 'k')
    const claim = await claimFor(registry)
    expect(await enrol(registry, await attemptOf('car-2', 'k', claim), 'k')).toBe('key_reuse')
    // Nothing is used up by it.
    expect(await enrol(registry, await attemptOf('car-2', 'k2', claim), 'k2')).toEqual(
      isCertificate,
    )
  })

  test('may be another device’s where the first one’s request was refused', async () => {
    const claim = await claimFor(registry, { device: 'car-1' })
    expect(await enrol(registry, await attemptOf('car-2', 'k', claim), 'k')).toBe(
      'claim_of_another',
    )
    expect(await enrol(registry, await attemptOf('car-1', 'k', claim), 'k')).toEqual(isCertificate)
  })

  test('that a device was forgotten with may be another’s', async () => {
    await enrol(registry, await attemptOf('car-1', 'k', await claimFor(registry)), 'k')
    const attempt = await attemptOf('car-2', 'k', await claimFor(registry))
    expect(await registry.forgetKey(attempt.keySha256, 'olga')).toEqual({
      ok: true,
      value: undefined,
    })
    expect(await enrol(registry, attempt, 'k')).toEqual(isCertificate)
  })
})

test('a device that lost the answer gets the same certificate by a new request of its key', async () => {
  const claim = await claimFor(registry)
  const first = await enrol(registry, await attemptOf('car-1', 'k', claim), 'k')
  const again = await attemptOf('car-1', 'k', claim, { request: 'other octets' })
  expect(await enrol(registry, again, 'k')).toBe(first)
})

test('a one-time token gives no second certificate when the first is over', async () => {
  const claim = await claimFor(registry, { forMs: 200 * dayMs })
  await enrol(registry, await attemptOf('car-1', 'k', claim), 'k')
  clock.advance(91 * dayMs)
  const again = await attemptOf('car-1', 'k', claim, { request: 'other octets' })
  expect(await enrol(registry, again, 'k')).toBe('claim_used')
})

test('a name that is enrolled is not taken over by a claim that is for any device', async () => {
  const claim = await claimFor(registry, { quota: 3 })
  await enrol(registry, await attemptOf('car-1', 'k1', claim), 'k1')
  expect(await enrol(registry, await attemptOf('car-1', 'k2', claim), 'k2')).toBe('device_enrolled')
  expect(await enrol(registry, await attemptOf('CAR-1', 'k2', claim), 'k2')).toBe(
    'device_name_taken',
  )
  const its = await claimFor(registry, { device: 'car-1' })
  expect(await enrol(registry, await attemptOf('car-1', 'k2', its), 'k2')).toEqual(isCertificate)
})

test('names that are none', async () => {
  for (const device of ['', 'a b', 'car.', '../x/', 'ü', 'x'.repeat(256)]) {
    const attempt = await attemptOf(device, 'k', await claimFor(registry))
    expect([device, await enrol(registry, attempt, 'k')]).toEqual([device, 'device_malformed'])
  }
})

describe('claims', () => {
  test('that are not known, revoked, expired', async () => {
    const unknown = { kind: 'claim', secretSha256: await digest('guess') } as const
    expect(await enrol(registry, await attemptOf('a', 'k', unknown), 'k')).toBe('claim_unknown')
    const claim = await claimFor(registry)
    const [made] = await registry.claims({ after: '', limit: 10 })
    clock.advance(dayMs)
    expect(await registry.admit(await attemptOf('a', 'k', claim))).toMatchObject({ ok: true })
    clock.advance(1)
    expect(await enrol(registry, await attemptOf('b', 'k2', claim), 'k2')).toBe('claim_expired')
    await registry.revokeClaim(made?.id ?? '', 'olga')
    expect(await enrol(registry, await attemptOf('b', 'k2', claim), 'k2')).toBe('claim_revoked')
  })

  test('one that leaks is told once, and gives no more than its quota', async () => {
    const claim = await claimFor(registry, { quota: 2 })
    const said = []
    for (const device of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
      said.push(await enrol(registry, await attemptOf(device, `k${device}`, claim), `k${device}`))
    }
    expect(said.slice(2)).toEqual(Array.from({ length: 5 }, () => 'quota_exceeded'))
    expect(stage.alarms).toHaveLength(1)
    expect(await registry.claims({ after: '', limit: 10 })).toMatchObject([{ used: 2, refused: 5 }])
  })

  test('what the signer will never sign gives its use and its key back', async () => {
    const claim = await claimFor(registry)
    const admitted = await registry.admit(await attemptOf('car-1', 'k', claim))
    if (!admitted.ok || admitted.value.kind !== 'sign') throw new Error('it is not to be signed')
    await registry.failed(admitted.value.enrolment, 'refused by the CA')
    expect(await enrol(registry, await attemptOf('car-2', 'k', claim), 'k')).toEqual(isCertificate)
    expect(await enrol(registry, await attemptOf('car-1', 'k', claim), 'k')).toBe('claim_used')
    // What comes late is known, and void.
    await expect(
      registry.issued(admitted.value.enrolment, await sign(admitted.value, 'k')),
    ).rejects.toThrow(/nothing is handed out/)
    expect((await registry.device('car-1'))?.certificates).toMatchObject([
      { serial: admitted.value.serial, revokedAt: clock.now() },
    ])
  })
})

describe('renewal', () => {
  let certificate: string
  beforeEach(async () => {
    const attempt = await attemptOf('car-1', 'k', await claimFor(registry, { device: 'car-1' }))
    certificate = await enrol(registry, attempt, 'k')
  })
  const renewal = async (key = 'k', kind: 'renew' | 'enroll' = 'renew') =>
    enrol(
      registry,
      await attemptOf('car-1', key, own(certificate), { kind, request: `${clock.now()}` }),
      key,
    )

  test('by its own certificate, of the same key and of another: both are good in the overlap', async () => {
    expect(await renewal()).toEqual(isCertificate)
    clock.advance(1000)
    expect(await renewal('k2')).toEqual(isCertificate)
    const live = (await registry.device('car-1'))?.certificates ?? []
    expect(live.map(({ revokedAt }) => revokedAt)).toEqual([undefined, undefined, undefined])
  })

  // C21: the last instant in which an expired certificate renews itself, and the first in which not.
  test.each([
    { name: 'before its end', afterMs: 90 * dayMs, kind: 'enroll', says: isCertificate },
    {
      name: 'expired, no renewal',
      afterMs: 90 * dayMs + 1,
      kind: 'enroll',
      says: 'certificate_expired',
    },
    { name: 'expired, a renewal', afterMs: 120 * dayMs, kind: 'renew', says: isCertificate },
    { name: 'lapsed', afterMs: 120 * dayMs + 1, kind: 'renew', says: 'certificate_lapsed' },
  ] as const)('$name', async ({ afterMs, kind, says }) => {
    clock.advance(afterMs)
    expect(await renewal('k2', kind)).toEqual(says)
  })

  // C22: nobody asks a CRL, which has forgotten it.
  test.each([
    { status: 'suspended', says: 'device_suspended' },
    { status: 'revoked', says: 'device_revoked' },
    { status: 'retired', says: 'device_retired' },
  ] as const)(
    'of a device that was $status before its certificate expired',
    async ({ status, says }) => {
      await registry.setStatus('car-1', status, 'olga', 'stolen')
      clock.advance(91 * dayMs)
      expect(await renewal()).toBe(says)
    },
  )

  test('of a certificate that was revoked by itself', async () => {
    await registry.revokeCertificate(
      'car-1',
      { issuerKeyId, serial: serialOf(certificate) },
      'olga',
    )
    clock.advance(91 * dayMs)
    expect(await renewal()).toBe('certificate_revoked')
  })

  test('a device taken into use again is not let in by what it had before', async () => {
    await registry.setStatus('car-1', 'retired', 'olga', 'sold')
    await registry.setStatus('car-1', 'active', 'olga', 'bought back')
    expect(await renewal()).toBe('certificate_revoked')
  })

  test('by another device’s certificate, and by one that nobody issued', async () => {
    const attempt = { request: 'r', kind: 'renew' } as const
    expect(
      await enrol(registry, await attemptOf('car-2', 'k2', own(certificate), attempt), 'k2'),
    ).toMatch(/^certificate_(unknown|of_another)$/)
    const unknown = { kind: 'own_certificate', issuerKeyId, serial: '0A' } as const
    expect(await enrol(registry, await attemptOf('car-1', 'k', unknown, attempt), 'k')).toBe(
      'certificate_unknown',
    )
  })

  test('that loops is stopped', async () => {
    const said = []
    for (let round = 0; round < 17; round += 1) {
      clock.advance(1000)
      said.push(await renewal())
    }
    expect(said[14]).toEqual(isCertificate)
    expect(said[15]).toBe('too_many_certificates')
  })
})

describe('a device suspended between its admission and its certificate', () => {
  test('gets it when it is active again, by the same request', async () => {
    const attempt = await attemptOf('car-1', 'k', await claimFor(registry))
    const admitted = await registry.admit(attempt)
    if (!admitted.ok || admitted.value.kind !== 'sign') throw new Error('it is not to be signed')
    await registry.setStatus('car-1', 'suspended', 'olga', 'a doubt')
    const certificate = await sign(admitted.value, 'k')
    await expect(registry.issued(admitted.value.enrolment, certificate)).rejects.toThrow(
      /suspended/,
    )
    expect(await enrol(registry, attempt, 'k')).toBe('device_suspended')
    await registry.setStatus('car-1', 'active', 'olga', 'no doubt')
    expect(await enrol(registry, attempt, 'k')).toBe(toHex(certificate))
  })
})

describe('approval', () => {
  test('by hand: pending until somebody says yes', async () => {
    const claim = await claimFor(registry, { approval: 'manual' })
    const attempt = await attemptOf('car-1', 'k', claim)
    expect(await registry.admit(attempt)).toEqual({
      ok: true,
      value: { kind: 'pending', retryAfterMs: 60_000 },
    })
    clock.advance(2 * dayMs) // The claim is over meanwhile; it was good when it was shown.
    expect(await enrol(registry, attempt, 'k')).toBe('pending')
    await registry.setStatus('car-1', 'active', 'olga', 'seen')
    expect(await enrol(registry, attempt, 'k')).toEqual(isCertificate)
  })

  test('by hand: no gives the claim back', async () => {
    const claim = await claimFor(registry, { approval: 'manual' })
    const attempt = await attemptOf('car-1', 'k', claim)
    await registry.admit(attempt)
    await registry.setStatus('car-1', 'retired', 'olga', 'unknown')
    expect(await enrol(registry, attempt, 'k')).toBe('device_retired')
    expect(await registry.claims({ after: '', limit: 1 })).toMatchObject([{ used: 0 }])
  })

  test.each([
    { answer: 'approve', says: isCertificate, status: 'active' },
    { answer: 'refuse', says: 'approval_refused', status: 'retired' },
    { answer: 'wait', says: 'pending', status: 'pending' },
  ] as const)('by hook: $answer', async ({ answer, says, status }) => {
    const asked: string[] = []
    const hooked = memoryRegistry({
      approve: async ({ device }) => {
        asked.push(device)
        return answer
      },
    })
    const claim = await claimFor(hooked.registry, { approval: 'hook' })
    const attempt = await attemptOf('car-1', 'k', claim)
    expect(await enrol(hooked.registry, attempt, 'k')).toEqual(says)
    expect(asked).toEqual(['car-1'])
    expect((await hooked.registry.device('car-1'))?.status).toBe(status)
  })
})

const factory = async (leaf: string, ...cas: readonly string[]) =>
  ({
    kind: 'factory_certificate',
    leafSha256: await digest(leaf),
    cas: await Promise.all(cas.map(digest)),
  }) as const

const register = async (ca: string, status: 'enabled' | 'disabled' = 'enabled') =>
  stage.part('rules').putAuthority({
    keySha256: await digest(ca),
    name: ca,
    certificate: '',
    status,
    approval: 'automatic',
    firstConnection: 'pending',
    classes: [`from:${ca}`],
    madeAt: clock.now(),
    madeBy: 'olga',
  })

describe('factory certificates', () => {
  // Azure's device provisioning: the most specific entry wins, a disabled one blocks what is below it.
  test.each([
    { name: 'no CA is registered', register: {}, says: 'ca_unknown' },
    { name: 'the root is', register: { root: 'enabled' }, says: 'from:root' },
    { name: 'both are', register: { root: 'enabled', issuing: 'enabled' }, says: 'from:issuing' },
    {
      name: 'the nearest is disabled',
      register: { root: 'enabled', issuing: 'disabled' },
      says: 'ca_disabled',
    },
    {
      name: 'the root is disabled',
      register: { root: 'disabled', issuing: 'enabled' },
      says: 'from:issuing',
    },
    { name: 'the only one is disabled', register: { root: 'disabled' }, says: 'ca_disabled' },
  ] as const)('$name: $says', async ({ register: wanted, says }) => {
    for (const [ca, status] of Object.entries(wanted)) await register(ca, status)
    const claimant = await factory('leaf', 'issuing', 'root')
    const said = await enrol(registry, await attemptOf('car-1', 'k', claimant), 'k')
    const device = await registry.device('car-1')
    expect(device?.classes[0] ?? said).toBe(says)
  })

  test('a device’s own entry comes before its CA’s', async () => {
    await register('issuing', 'disabled')
    const row = { name: 'car-1', status: 'active', classes: [], certificates: [] } as const
    await registry.importDevices([{ ...row, factoryLeaf: await digest('leaf') }], 'olga')
    const claimant = await factory('leaf', 'issuing')
    expect(await enrol(registry, await attemptOf('car-1', 'k', claimant), 'k')).toEqual(
      isCertificate,
    )
  })

  test('one speaks for one device, and a device has one', async () => {
    await register('issuing')
    const claimant = await factory('leaf', 'issuing')
    await enrol(registry, await attemptOf('car-1', 'k', claimant), 'k')
    const code = 'factory_certificate_of_another'
    expect(await enrol(registry, await attemptOf('car-2', 'k2', claimant), 'k2')).toBe(code)
    const other = await factory('other leaf', 'issuing')
    expect(await enrol(registry, await attemptOf('car-1', 'k3', other), 'k3')).toBe(code)
  })
})

describe('the same octets again, as Ed25519 and RSA sign them', () => {
  test('shown with another claim: the certificate that the key has', async () => {
    const attempt = await attemptOf('car-1', 'k', await claimFor(registry, { quota: 2 }))
    const first = await enrol(registry, attempt, 'k')
    const claimant = await claimFor(registry, { quota: 2 })
    expect(await enrol(registry, { ...attempt, claimant }, 'k')).toBe(first)
    const claims = await registry.claims({ after: '', limit: 10 })
    expect(claims.map(({ used }) => used).toSorted()).toEqual([0, 1])
  })

  test('each certificate renews itself once by them', async () => {
    const attempt = await attemptOf('car-1', 'k', await claimFor(registry, { device: 'car-1' }))
    const seen = [await enrol(registry, attempt, 'k')]
    for (const round of [1, 2, 3]) {
      clock.advance(40 * dayMs)
      const claimant = own(seen.at(-1) ?? '')
      const next = await enrol(registry, { ...attempt, claimant, kind: 'renew' }, 'k')
      expect(await enrol(registry, { ...attempt, claimant, kind: 'renew' }, 'k')).toBe(next)
      seen.push(next)
      expect(new Set(seen).size).toBe(round + 1)
    }
  })

  test('by a factory certificate after the end of what they gave: the next one, and a history', async () => {
    const claimant = await factory('leaf', 'issuing')
    await register('issuing')
    const attempt = await attemptOf('car-1', 'k', claimant)
    const first = await enrol(registry, attempt, 'k')
    clock.advance(89 * dayMs)
    expect(await enrol(registry, attempt, 'k')).toBe(first)
    clock.advance(2 * dayMs)
    const next = await enrol(registry, attempt, 'k')
    expect(next).toEqual(isCertificate)
    expect(next).not.toBe(first)
    expect((await registry.device('car-1'))?.enrolments).toMatchObject([
      { state: 'issued', requestSha256: attempt.requestSha256 },
      { state: 'issued', requestSha256: attempt.requestSha256 },
    ])
  })

  test.each(['the same octets', 'others'])(
    'of a key whose certificate was revoked, by %s: nothing more',
    async (which) => {
      await register('issuing')
      const attempt = await attemptOf('car-1', 'k', await factory('leaf', 'issuing'))
      const certificate = await enrol(registry, attempt, 'k')
      const { issuerKeyId: issuer, serial } = own(certificate)
      await registry.revokeCertificate('car-1', { issuerKeyId: issuer, serial }, 'olga')
      const requestSha256 =
        which === 'others' ? await digest('another request') : attempt.requestSha256
      expect(await enrol(registry, { ...attempt, requestSha256 }, 'k')).toBe('key_revoked')
      const other = await attemptOf('car-1', 'k2', attempt.claimant)
      expect(await enrol(registry, other, 'k2')).toEqual(isCertificate)
    },
  )

  test('of a device that was retired and is back: the key of its hardware is good again', async () => {
    await register('issuing')
    const attempt = await attemptOf('car-1', 'k', await factory('leaf', 'issuing'))
    const first = await enrol(registry, attempt, 'k')
    clock.advance(1000)
    await registry.setStatus('car-1', 'retired', 'olga', 'sold')
    clock.advance(1000)
    await registry.setStatus('car-1', 'active', 'olga', 'bought back')
    const next = await enrol(registry, attempt, 'k')
    expect(next).toEqual(isCertificate)
    expect(next).not.toBe(first)
  })

  test('after the CA refused them once: they are signed when it does not', async () => {
    await register('issuing')
    const attempt = await attemptOf('car-1', 'k', await factory('leaf', 'issuing'))
    const admitted = await registry.admit(attempt)
    if (!admitted.ok || admitted.value.kind !== 'sign') throw new Error('it is not to be signed')
    await registry.failed(admitted.value.enrolment, 'refused by the CA')
    expect(await enrol(registry, attempt, 'k')).toEqual(isCertificate)
  })
})

test('a certificate of another key than was asked for is not taken', async () => {
  const admitted = await registry.admit(await attemptOf('car-1', 'k', await claimFor(registry)))
  if (!admitted.ok || admitted.value.kind !== 'sign') throw new Error('it is not to be signed')
  await expect(
    registry.issued(admitted.value.enrolment, await sign(admitted.value, 'another')),
  ).rejects.toThrow(/another key/)
})
