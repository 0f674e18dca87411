import { expect, test } from 'vitest'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { checkCrlUpdate } from '#shared/revocation/update.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { shift } from '#shared/time.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { dayMs } from '../../runtime/given.ts'
import { start } from '../stage.ts'
import { createEstStage } from './est-stage.ts'

const address = 'https://edge.example/.well-known/sallyport/crl'
const stage = await createEstStage()
const issuer = parseCertificate(stage.ca.der)
if (!issuer.ok) throw new Error(issuer.error.expected)
const issuers = [issuer.value]
const verifier = createWebCryptoVerifier()

async function listNow(): Promise<Bytes> {
  const response = await stage.app.request(`${address}/fleet.crl`)
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'application/pkix-crl',
  ])
  return new Uint8Array(await response.arrayBuffer())
}

function serialsIn(der: Bytes): readonly string[] {
  const crl = parseCrl(der)
  if (!crl.ok) throw new Error(crl.error.expected)
  return Array.from(crl.value.index.entries(), ({ serial }) => toHex(serial)).toSorted()
}

test('the list of a CA passes the gate, names whom the registry revoked, and follows itself', async () => {
  const first = await listNow()
  const held = await checkCrlUpdate(first, { held: undefined, issuers, verifier, shrink: 'accept' })
  if (!held.ok) throw new Error(held.error.code)
  expect(serialsIn(first)).toEqual([])
  stage.registry.revoked.push(
    { serial: '0A', notAfter: shift(start, 90 * dayMs), revokedAt: start },
    { serial: '0B', notAfter: shift(start, -7 * dayMs + 60_000), revokedAt: start },
    { serial: '0C', notAfter: shift(start, -7 * dayMs - 1), revokedAt: start },
  )
  stage.clock.advance(59_999)
  expect(await listNow()).toEqual(first)
  stage.clock.advance(1)
  const second = await listNow()
  expect(serialsIn(second)).toEqual(['0a', '0b'])
  const update = { held: held.value, issuers, verifier, shrink: 'accept' } as const
  expect(await checkCrlUpdate(second, update)).toMatchObject({ ok: true })
})

test.each(['step.crl', '', 'fleet.crl/x'])('there is no list of %j', async (name) => {
  expect((await stage.app.request(`${address}/${name}`)).status).toBe(404)
})

const away = () => Promise.reject(new Error('the database is away'))

test('a registry that does not answer: the list before, or 503', async () => {
  const other = await createEstStage()
  Object.assign(other.registry, { revokedOf: away })
  expect((await other.app.request(`${address}/fleet.crl`)).status).toBe(503)
  expect(other.told.join()).toContain('the database is away')
  const before = await listNow()
  stage.clock.advance(60_000)
  Object.assign(stage.registry, { revokedOf: away })
  expect(await listNow()).toEqual(before)
})
