import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import { questionOf, reasonsAnswered } from '#shared/revocation/scope.ts'
import { instantFromIso, shift } from '#shared/time.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createDerivedAuthority, type PublishedCrl } from '#simulator/ca/authority.ts'
import { createCrl, type CrlEntry } from '#simulator/ca/crl.ts'
import { Ledger } from '#simulator/ca/ledger.ts'

const at = instantFromIso('2027-01-01T00:00:00Z')
const weekMs = 7 * 86_400_000
const authority = await createDerivedAuthority({
  seed: 7,
  start: at,
  intermediates: 1,
  ledger: new Ledger(),
})
const [issuer] = authority.state.hierarchy.intermediates
if (issuer === undefined) throw new Error('the hierarchy has no issuing authority')
const ca = issuer

const serialOf = (number: number): string => (0x7f000000 + number).toString(16).toUpperCase()
const fields = { number: 300, at, nextUpdateMs: weekMs }

function listOf(entries: readonly CrlEntry[], deltaBase?: number): Crl {
  const base = deltaBase === undefined ? {} : { deltaBase }
  return read(createCrl(ca, { ...fields, entries, ...base }))
}

function read(der: Bytes): Crl {
  const parsed = parseCrl(der)
  if (!parsed.ok) throw new Error(`octet ${parsed.error.offset}: expected ${parsed.error.expected}`)
  return parsed.value
}

const reasons = ['keyCompromise', 'cessationOfOperation', 'privilegeWithdrawn'] as const

test.each([0, 1, 999, 1000, 1001, 5000])(
  'a list of %i entries is read again',
  (count) => {
    const entries = Array.from({ length: count }, (_, number) => ({
      serial: serialOf(number),
      at: shift(at, -1000 * number),
      reason: reasons[number % 3] ?? 'keyCompromise',
    }))
    const crl = listOf(entries)
    expect(crl.index.size).toBe(count)
    expect(crl.number).toBe(300n)
    expect([crl.thisUpdate, crl.nextUpdate]).toEqual([at, shift(at, weekMs)])
    for (const number of [0, count - 1].filter((each) => each >= 0)) {
      const entry = crl.index.find(Buffer.from(serialOf(number), 'hex'))
      expect(entry?.since).toBe(number < count ? shift(at, -1000 * number) : undefined)
    }
    expect(crl.index.find(Buffer.from(serialOf(count), 'hex'))).toBeUndefined()
  },
  30_000,
)

test('a delta names what it is laid over', () => {
  expect(listOf([], 299).deltaBase).toBe(299n)
  expect(listOf([]).deltaBase).toBeUndefined()
})

/** The lists of issuing CAs. */
const listed = (made: readonly PublishedCrl[]) =>
  made
    .filter(({ issuer: name }) => name !== 'root')
    .map(({ name, der }) => ({ name, ...read(der) }))

test('an issuer of several lists: each names its own certificates, in every delta too', async () => {
  const ledger = new Ledger()
  const options = { seed: 8, start: at, intermediates: 1, partitions: 3, ledger }
  const divided = await createDerivedAuthority(options)
  const names = Array.from({ length: 40 }, (_, number) => `meter-${1000 + number}`)
  const issue = (device: string) =>
    divided.issue({ device, kind: 'meter', notBefore: at, notAfter: shift(at, weekMs), at })
  const issued = await Promise.all(names.map(issue))
  const revoke = (from: number) => {
    for (const { serial } of issued.slice(from, from + 20))
      divided.revoke(serial, at, 'keyCompromise')
  }
  revoke(0)
  const complete = listed(await divided.crls(at, weekMs))
  revoke(20)
  const deltas = listed(await divided.deltaCrls(at, weekMs))
  expect([...complete, ...deltas].map(({ name }) => name)).toEqual([
    'issuing-1.1.crl',
    'issuing-1.2.crl',
    'issuing-1.3.crl',
    'issuing-1.1.delta.crl',
    'issuing-1.2.delta.crl',
    'issuing-1.3.delta.crl',
  ])
  for (const [index, { leafDer }] of issued.entries()) {
    const leaf = parseCertificate(leafDer)
    if (!leaf.ok) throw new Error(`octet ${leaf.error.offset}: expected ${leaf.error.expected}`)
    const question = questionOf(leaf.value)
    expect(question.extensions.crlDistributionPoints).toHaveLength(1)
    // Exactly one list of each kind answers for it, and the one that was made after its revocation names it.
    for (const [lists, isNamed] of [
      [complete, index < 20],
      [deltas, index >= 20],
    ] as const) {
      const answering = lists.filter((list) => reasonsAnswered(list, question) !== 0)
      expect(answering).toHaveLength(1)
      const found = answering[0]?.index.find(leaf.value.serial)
      expect(found !== undefined).toBe(isNamed)
    }
  }
  expect(complete.every(({ entries }) => entries > 0)).toBe(true)
  expect(complete.reduce((sum, { entries }) => sum + entries, 0)).toBe(20)
})

test('OpenSSL reads it: reasons, serials and number', () => {
  const entries = reasons.map((reason, number) => ({ serial: serialOf(number), at, reason }))
  const der = createCrl(ca, { ...fields, entries })
  const text = execFileSync('openssl', ['crl', '-inform', 'DER', '-noout', '-text'], {
    input: der,
    encoding: 'utf8',
  })
  expect(text).toContain('Key Compromise')
  expect(text).toContain('Cessation Of Operation')
  expect(text).toContain('Privilege Withdrawn')
  expect(text).toContain(`Serial Number: ${serialOf(2)}`)
  expect(text).toContain('X509v3 CRL Number: \n                300')
})

test('OpenSSL reads which certificates a list of several is for', () => {
  const der = createCrl(ca, { ...fields, entries: [], partition: 3 })
  const text = execFileSync('openssl', ['crl', '-inform', 'DER', '-noout', '-text'], {
    input: der,
    encoding: 'utf8',
  })
  expect(text).toContain('X509v3 Issuing Distribution Point: critical')
  expect(text).toContain('URI:http://crl.fleet.sallyport.example/issuing-1/3.crl')
})
