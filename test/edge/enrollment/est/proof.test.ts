import { SignJWT, type CryptoKey } from 'jose'
import { expect, test } from 'vitest'
import { toBase64, toBase64Url, type Bytes } from '#shared/bytes.ts'
import { dayMs } from '../../../runtime/given.ts'
import { newKeys, newRequest } from '../../../interop/est/devices.ts'
import { basic, certificateOf, createEstStage } from '../est-stage.ts'

/*
 * A device that is back after weeks, behind a TLS terminator that refuses its expired certificate: it
 * shows none, and a token that the certificate's key signed.
 */

const stage = await createEstStage()
const keys = await newKeys()
const first = await newRequest({ subject: 'CN=garage-1', keys })
const expired = await certificateOf(
  await stage.ask('simpleenroll', { request: first, headers: basic('garage-1', 'once') }),
)
stage.clock.advance(100 * dayMs)
const now = Math.floor(stage.clock.now() / 1000)
const request = await newRequest({ subject: 'CN=garage-1' })
const other = await newRequest({ subject: 'CN=garage-1' })
const strangersKeys = await newKeys()
const rightAudience = 'https://device.sees/.well-known/est/simplereenroll'

const digestOf = async (der: Bytes): Promise<string> =>
  toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', der)))

interface Token {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly audience?: string
  readonly key?: CryptoKey
  readonly x5c?: unknown
  readonly issuedAt?: number
  readonly expires?: number
}

async function tokenOf({ claims, audience, key, x5c, issuedAt, expires }: Token = {}) {
  const issued = issuedAt ?? now
  return new SignJWT(claims ?? { csr: await digestOf(request) })
    .setProtectedHeader({ alg: 'ES256', x5cInsecure: x5c ?? [toBase64(expired)] })
    .setAudience(audience ?? rightAudience)
    .setIssuedAt(issued)
    .setExpirationTime(expires ?? issued + 300)
    .sign(key ?? keys.privateKey)
}

const ask = async (token: Token, operation = 'simplereenroll', certificate?: Bytes) => {
  const headers = { authorization: `Bearer ${await tokenOf(token)}` }
  const asked = { request, headers, ...(certificate !== undefined && { certificate }) }
  const response = await stage.ask(operation, asked)
  if (response.status === 200) return '200'
  const text = await response.text()
  return `${response.status} ${text.slice(0, text.indexOf(':'))}`
}

test('the key of the expired certificate speaks for the device', async () => {
  expect(await ask({})).toBe('200')
  expect(stage.registry.attempts.at(-1)).toMatchObject({
    kind: 'renew',
    device: 'garage-1',
    claimant: { kind: 'own_certificate' },
  })
})

const digest = await digestOf(request)

test.each<readonly [name: string, token: Token, said: string]>([
  ['of another key', { key: strangersKeys.privateKey }, '401 proof_refused'],
  ['for another request', { claims: { csr: await digestOf(other) } }, '401 proof_refused'],
  ['for no request', { claims: {} }, '401 proof_refused'],
  [
    'for another address',
    { audience: 'https://device.sees/.well-known/est/x/simplereenroll' },
    '401 proof_refused',
  ],
  ['for no address', { audience: 'simplereenroll' }, '401 proof_refused'],
  ['six minutes old, at the end of the skew', { issuedAt: now - 360, expires: now + 1 }, '200'],
  [
    'a second older, whatever end it gives itself',
    { issuedAt: now - 361, expires: now + 3600 },
    '401 proof_refused',
  ],
  ['ended a minute ago', { issuedAt: now - 120, expires: now - 59 }, '200'],
  ['ended a second before that', { issuedAt: now - 120, expires: now - 60 }, '401 proof_refused'],
  ['a minute from the future', { issuedAt: now + 60 }, '200'],
  ['further from the future', { issuedAt: now + 61 }, '401 proof_refused'],
  [
    'without certificates: a one-time token, which renews nothing',
    { x5c: [] },
    '401 no_certificate',
  ],
  ['with more certificates than a chain has', { x5c: Array(6).fill('AA') }, '401 no_certificate'],
  ['with what is no certificate', { x5c: ['AAAA'] }, '401 proof_refused'],
  ['with what is no base64', { x5c: [toBase64(expired), '!'] }, '401 proof_refused'],
])('a token %s: %s', async (_name, token, said) => {
  expect(await ask({ claims: { csr: digest }, ...token })).toBe(said)
})

test('it is no word for a first certificate: there it is a one-time token like any other', async () => {
  await ask({}, 'simpleenroll')
  expect(stage.registry.attempts.at(-1)).toMatchObject({ claimant: { kind: 'claim' } })
})

test('nobody is two: a certificate in the handshake and a token of one', async () => {
  expect(await ask({}, 'simplereenroll', expired)).toBe('401 proof_refused')
})
