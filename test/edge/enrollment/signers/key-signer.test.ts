import { expect, test } from 'vitest'
import { importAuthority } from '#edge/enrollment/signers/authority.ts'
import { issueCrl } from '#edge/enrollment/signers/crl.ts'
import { createKeySigner } from '#edge/enrollment/signers/key-signer.ts'
import { clientAuth } from '#shared/enrollment/profile.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { toHex } from '#shared/bytes.ts'
import { instantFromIso, shift } from '#shared/time.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { createCa, newRequest } from '../../../interop/est/devices.ts'
import { start } from '../../stage.ts'

const ca = await createCa('Fleet CA', start)
const authority = await importAuthority(ca.pem, ca.pkcs8)
if (!authority.ok) throw new Error(authority.error)
const template = { purposes: [clientAuth], crlUrl: 'http://crl.example/fleet.crl' }
const signer = createKeySigner(authority.value, template)
const request = await newRequest({ subject: 'CN=car-1' })
const parsedRequest = parseCertificationRequest(request)
if (!parsedRequest.ok) throw new Error(parsedRequest.error.expected)
const order = {
  request,
  subject: parsedRequest.value.subject,
  subjectAltName: undefined,
  serial: Uint8Array.from({ length: 16 }, () => 0xab),
  notBefore: start,
  notAfter: instantFromIso('2030-01-01T00:00:00Z'),
  lifetimeMaxMs: Number.POSITIVE_INFINITY,
}

test('a certificate of the order and of the template', async () => {
  const signed = await signer.sign(order)
  const parsed = signed.ok && parseCertificate(signed.value)
  if (parsed === false || !parsed.ok) throw new Error('it can be read')
  const certificate = parsed.value
  const { extensions } = certificate
  expect(certificate).toMatchObject({
    version: 3,
    subject: order.subject,
    issuer: authority.value.certificate.subject,
    validity: { notBefore: order.notBefore, notAfter: order.notAfter },
    spki: parsedRequest.value.spki,
  })
  // The sign octet: 16 octets that begin with ab are a positive number.
  expect(toHex(certificate.serial)).toBe(`00${'ab'.repeat(16)}`)
  expect(extensions.basicConstraints).toEqual({ ca: false, pathLength: undefined })
  expect(extensions.keyUsage).toEqual(Uint8Array.of(0x80))
  expect(extensions.extendedKeyUsage).toEqual([clientAuth])
  expect(extensions.authorityKeyIdentifier).toEqual(
    authority.value.certificate.extensions.subjectKeyIdentifier,
  )
  expect(extensions.crlDistributionPoints).toHaveLength(1)
})

const end = authority.value.certificate.validity.notAfter

test.each([
  ['to the second of its own end', end, true],
  ['and no second longer', shift(end, 1000), false],
])('a CA signs %s', async (_name, notAfter, ok) => {
  expect((await signer.sign({ ...order, notAfter })).ok).toBe(ok)
})

const listOf = async (entries: Parameters<typeof issueCrl>[1]['entries']) => {
  const nextUpdate = shift(start, 86_400_000)
  const der = await issueCrl(authority.value, {
    entries,
    number: 300,
    thisUpdate: start,
    nextUpdate,
  })
  const crl = parseCrl(der)
  if (!crl.ok) throw new Error(crl.error.expected)
  return crl.value
}

test('a list of none, and of two', async () => {
  const none = await listOf([])
  expect([none.index.size, none.number]).toEqual([0, 300n])
  const revokedAt = shift(start, -5000)
  const two = await listOf([
    { serial: 'AB', revokedAt, reason: 1 },
    { serial: '7F01', revokedAt },
  ])
  expect(Array.from(two.index.entries(), ({ serial }) => toHex(serial)).toSorted()).toEqual([
    '00ab',
    '7f01',
  ])
})

test.each(['', 'A', 'zz', '0x10'])('a serial that is none, %j, throws', async (serial) => {
  await expect(listOf([{ serial, revokedAt: start }])).rejects.toThrow(RangeError)
})
