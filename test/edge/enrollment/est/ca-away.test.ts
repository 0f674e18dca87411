import { exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import type { DeviceRegistry } from '#edge/enrollment/registry/device-registry.ts'
import { importAuthority } from '#edge/enrollment/signers/authority.ts'
import { issueCertificate } from '#edge/enrollment/signers/certificate.ts'
import { fromBase64, toBase64, type Bytes } from '#shared/bytes.ts'
import { altNamesOfRequest } from '#shared/enrollment/alt-names.ts'
import { clientAuth } from '#shared/enrollment/profile.ts'
import { instantFromIso, shift, type Instant } from '#shared/time.ts'
import { writeCertsOnly } from '#shared/wire/certs-only.ts'
import { decodePem, encodePem } from '#shared/wire/pem.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { dayMs } from '../../../runtime/given.ts'
import { createCa, newRequest } from '../../../interop/est/devices.ts'
import { start } from '../../stage.ts'
import { basic, certificateOf, createEstStage, type EstStage } from '../est-stage.ts'
import { memoryRegistry } from '../registry/stage.ts'

/*
 * A CA elsewhere that is away when a device asks first, and certifies for the whole length when it is
 * back: with the registry that is deployed.
 */

const hourMs = dayMs / 24
const validityMs = dayMs
const upstream = await createCa('Upstream CA', start)

interface Validity {
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** What a CA makes of the request that it is asked to sign, and of the dates that it is asked for. */
type Certify = (asked: Validity, now: Instant) => Validity

interface World {
  readonly stage: EstStage
  /** The device's own request, the same each time. */
  readonly ask: () => Promise<Response>
  /** The CA is back. */
  readonly back: (certify: Certify) => void
}

async function createWorld(kind: 'est' | 'step-ca'): Promise<World> {
  const wire = wires[kind]
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'edge' })
  const registries: DeviceRegistry[] = []
  let certify: Certify | undefined
  const stage = await createEstStage({
    cas: () => ({
      fleet: { kind, certificates: upstream.pem, url: 'https://ca.example', ...wire.fields },
    }),
    labels: (label) => ({ '': { ...label, altNames: ['dns:{device}.example'], validity: '24h' } }),
    secrets: { fleet: kind === 'est' ? 'password' : jwk },
    askCa: async (asked) => {
      if (certify === undefined) return new Response('away', { status: 503 })
      const { der, ...dates } = wire.read(await asked.text())
      return wire.answer(await signed(der, certify(dates, stage.clock.now())))
    },
    registryOn: (clock) => {
      const { registry } = memoryRegistry({ clock })
      registries.push(registry)
      return registry
    },
  })
  return { stage, ask: await askerOf(stage, registries), back: (how) => (certify = how) }
}

const never = { notBefore: start, notAfter: start }

const wires = {
  est: {
    fields: { user: 'edge' },
    // RFC 7030 4.2.1: a request says nothing of dates.
    read: (text: string) => ({ der: fromBase64(text) ?? new Uint8Array(), ...never }),
    answer: (der: Bytes) => new Response(toBase64(writeCertsOnly([der])), { status: 200 }),
  },
  'step-ca': {
    fields: { provisioner: 'edge' },
    read(text: string) {
      const { csr, notBefore, notAfter } = JSON.parse(text) as Readonly<Record<string, string>>
      const ders = decodePem(csr ?? '', 'CERTIFICATE REQUEST')
      const [der = new Uint8Array()] = ders.ok ? ders.value : []
      const [from, until] = [instantFromIso(notBefore ?? ''), instantFromIso(notAfter ?? '')]
      return { der, notBefore: from, notAfter: until }
    },
    answer: (der: Bytes) => Response.json({ crt: encodePem('CERTIFICATE', der) }, { status: 201 }),
  },
} as const

async function askerOf(
  stage: EstStage,
  [registry]: readonly DeviceRegistry[],
): Promise<() => Promise<Response>> {
  const order = { device: 'car-1', quota: 1, classes: [], approval: 'automatic' } as const
  const claim = await registry?.makeClaim({ ...order, forMs: 10 * dayMs }, 'olga')
  const token = claim?.ok === true ? claim.value.token : undefined
  if (token === undefined) throw new Error('no claim')
  const headers = basic('car-1', token)
  const names = [{ type: 'dns', value: 'car-1.example' }] as const
  const request = await newRequest({ subject: 'CN=car-1', names: [...names] })
  return async () => stage.ask('simpleenroll', { request, headers })
}

async function signed(der: Bytes, validity: Validity): Promise<Bytes> {
  const authority = await importAuthority(upstream.pem, upstream.pkcs8)
  const request = parseCertificationRequest(der)
  if (!authority.ok || !request.ok) throw new Error('there is a CA and a request')
  const { subject, spki } = request.value
  const serial = Uint8Array.from({ length: 16 }, (_, index) => index + 1)
  const names = { subject, subjectAltName: altNamesOfRequest(request.value), serial }
  const template = { purposes: [clientAuth], crlUrl: undefined }
  return issueCertificate(authority.value, template, { ...names, ...validity }, spki)
}

/** An EST server: its own dates, from now on. */
const fromNowOn =
  (lengthMs: number): Certify =>
  (_asked, now) => ({ notBefore: shift(now, -60_000), notAfter: shift(now, lengthMs) })

/** A step-ca: what it is asked for, if that is not over (authority/provisioner/sign_options.go). */
const asAsked: Certify = (asked, now) => {
  if (asked.notAfter < now) throw new Error('notAfter cannot be in the past')
  return asked
}

const rows = [
  { kind: 'est', name: 'twelve hours', awayMs: 12 * hourMs, certify: fromNowOn(validityMs) },
  { kind: 'est', name: 'thirty hours', awayMs: 30 * hourMs, certify: fromNowOn(validityMs) },
  { kind: 'step-ca', name: 'twelve hours', awayMs: 12 * hourMs, certify: asAsked },
  { kind: 'step-ca', name: 'thirty hours', awayMs: 30 * hourMs, certify: asAsked },
] as const

test.each(rows)(
  'a CA ($kind) away for $name certifies for the whole length',
  async ({ kind, awayMs, certify }) => {
    const { stage, ask, back } = await createWorld(kind)
    const first = await ask()
    expect([first.status, first.headers.get('retry-after')]).toEqual([202, '30'])
    stage.clock.advance(awayMs)
    expect((await ask()).status).toBe(202)
    back(certify)
    const parsed = parseCertificate(await certificateOf(await ask()))
    const notAfter = shift(stage.clock.now(), validityMs)
    expect(parsed.ok && parsed.value.validity.notAfter).toBe(notAfter)
  },
)

test('one that certifies for longer than was granted is refused, however long it was away', async () => {
  const { stage, ask, back } = await createWorld('est')
  expect((await ask()).status).toBe(202)
  stage.clock.advance(12 * hourMs)
  back(fromNowOn(validityMs + 301_000))
  expect(await (await ask()).text()).toMatch(/^ca_refused:/)
  expect(stage.told.join('\n')).toMatch(/it ends at .*, and was ordered until/)
})
