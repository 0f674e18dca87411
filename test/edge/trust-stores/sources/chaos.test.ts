import { beforeEach, describe, expect, test } from 'vitest'
import type { Source } from '#edge/trust-stores/sources/source.ts'
import { storeObject } from '#edge/trust-stores/managed/objects.ts'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { createCrl, entry, type CrlOverrides } from '../../../shared/crls.ts'
import { context, explicit, integer, sequence } from '../../../shared/der/writer.ts'
import { createCa, extension, noon, type Entity, type Extensions } from '../../../shared/pki.ts'
import { createWatched, type WatchedStage } from './watched.ts'

/** Faults of a publisher, by the names of the catalogue; each with what must hold. */
const hourMs = 3_600_000
const address = 'https://crl.example.com/root.crl'
const ca = await createCa()
let stage: WatchedStage

beforeEach(async () => {
  stage = await createWatched()
  stage.clock.set(noon)
  const bundle = toUtf8(encodePem('CERTIFICATE', ca.der))
  await stage.store.change(
    { kind: 'replace_bundle', file: await storeObject(stage.objects, bundle) },
    'alice',
  )
  await stage.store.change({ kind: 'replace_intermediates', file: undefined }, 'alice')
  await published({ number: 7, entries: [entry([0x2a])] })
  stage.watched.addSource({ kind: 'url', location: address }, 'alice')
  await ask()
})

/** A list of 100 hours from now on. */
function list(overrides: CrlOverrides = {}, issuer: Entity = ca): Promise<Bytes> {
  const now = stage.clock.now()
  return createCrl(issuer, { thisUpdate: now, nextUpdate: shift(now, 100 * hourMs), ...overrides })
}

async function published(overrides: CrlOverrides = {}, at = address): Promise<Bytes> {
  const der = await list(overrides)
  stage.publisher.publish(at, der)
  return der
}

/** Lets the clock run until the source is due, and asks. */
async function ask(times = 1): Promise<Source> {
  for (let time = 0; time < times; time += 1) {
    const [{ nextAt } = { nextAt: noon }] = stage.watched.sources()
    if (nextAt > stage.clock.now()) stage.clock.set(nextAt)
    await stage.tick()
  }
  const [source] = stage.watched.sources()
  if (source === undefined) throw new Error('there is no source')
  return source
}

const numbers = async (): Promise<readonly (string | undefined)[]> =>
  (await stage.inForce()).map(({ number }) => number)

async function codes(): Promise<readonly string[]> {
  const findings = await stage.watched.findings()
  return findings.map(({ severity, code }) => `${severity} ${code}`)
}

const delta = (base: number): Extensions => ({
  base: extension('2.5.29.27', integer(base), 'critical'),
})

test('C6: a publisher stops: alarms at half, a fifth and a twentieth of the list’s life, and at its end', async () => {
  expect(await codes()).toEqual([])
  stage.logged.length = 0
  for (const hours of [50, 80, 95, 100]) {
    stage.clock.set(shift(noon, hours * hourMs))
    await stage.tick()
    await stage.tick()
  }
  expect(await numbers()).toEqual(['7'])
  const told = stage.logged.map(({ event, severity, code }) => [event, severity, code].join(' '))
  expect(told).toEqual([
    'trust_store_finding notice list_near_expiry',
    'trust_store_finding warning list_near_expiry',
    'trust_store_finding severe list_near_expiry',
    'trust_store_finding severe list_expired',
    'trust_store_finding_cleared severe list_near_expiry',
  ])
})

describe('C7: what comes is no list: the last good one stays, and it is told', () => {
  test.each([
    ['cut off', (der: Bytes) => der.slice(0, -1)],
    ['empty', () => new Uint8Array()],
    ['an error page with status 200', () => toUtf8('<html>busy</html>')],
    ['two lists in one file', (der: Bytes) => toUtf8(encodePem('X509 CRL', der).repeat(2))],
  ])('%s', async (_name, spoil) => {
    const octets = spoil(await list({ number: 8, entries: [entry([0x2a])] }))
    stage.publisher.publish(address, octets)
    const { lastOutcome, file = '' } = await ask()
    expect(lastOutcome).toMatchObject({ kind: 'refused', refusal: { code: 'malformed_crl' } })
    expect(await stage.objects.get(file)).toEqual(octets)
    expect(await numbers()).toEqual(['7'])
    expect(await codes()).toEqual(['warning update_refused'])
  })

  test('PEM in place of DER is a list', async () => {
    const der = await list({ number: 8, entries: [entry([0x2a])] })
    stage.publisher.publish(address, toUtf8(encodePem('X509 CRL', der)))
    await ask()
    expect(await numbers()).toEqual(['8'])
  })
})

test('C8: a list that is gone is not an empty list: told after the third time, and when it is back', async () => {
  stage.publisher.answer(address, () => new Response(null, { status: 404 }))
  await ask(2)
  expect(await codes()).toEqual([])
  const { failures, lastFailure } = await ask()
  expect({ failures, lastFailure }).toMatchObject({
    failures: 3,
    lastFailure: { because: 'it answers 404' },
  })
  expect(await codes()).toEqual(['warning source_failing'])
  expect(await numbers()).toEqual(['7'])
  await published({ number: 8, entries: [entry([0x2a])] })
  await ask()
  expect(await codes()).toEqual([])
})

test('C9: a cache serves an older list: refused, the newer one stays, and it is told', async () => {
  const before = await list({ number: 7, entries: [entry([0x2a])] })
  await published({ number: 8, entries: [entry([0x2a]), entry([0x2b])] })
  await ask()
  stage.publisher.publish(address, before)
  expect((await ask()).lastOutcome).toMatchObject({ refusal: { code: 'number_not_advanced' } })
  expect(await numbers()).toEqual(['8'])
  expect(await codes()).toEqual(['warning list_number_went_back'])
})

test('C10: numbers begin again at 1: refused and told until an operator’s explicit word', async () => {
  await published({ number: 1, entries: [entry([0x2a])] })
  const { file = '' } = await ask()
  expect(await codes()).toEqual(['warning list_number_went_back'])
  const [held] = await stage.inForce()
  const removed = await stage.store.change(
    { kind: 'remove_lists', ids: [held?.id ?? 0] },
    'operator',
  )
  expect(removed.ok).toBe(true)
  expect((await ask()).lastOutcome).toMatchObject({ kind: 'taken' })
  expect(await numbers()).toEqual(['1'])
  expect((await stage.inForce())[0]?.file).toBe(file)
  expect(await codes()).toEqual([])
})

test('C11: of two lists of one second the higher number stays, whichever comes first', async () => {
  const both = await Promise.all(
    [8, 9].map((number) => list({ number, entries: [entry([0x2a])], thisUpdate: noon })),
  )
  for (const der of [...both, ...both.toReversed()]) {
    stage.publisher.publish(address, der)
    await ask()
  }
  expect(await numbers()).toEqual(['9'])
})

test('C12, C13: a delta before its base is told until the base is there', async () => {
  const deltas = 'https://crl.example.com/root-delta.crl'
  await published({ number: 10, extensions: delta(9) }, deltas)
  stage.watched.addSource({ kind: 'url', location: deltas }, 'alice')
  await stage.tick()
  expect(await codes()).toEqual(['warning delta_without_base'])
  await published({ number: 9, entries: [entry([0x2a])] })
  await ask()
  expect(await numbers()).toEqual(['10', '9'])
  expect(await codes()).toEqual([])
})

/** A list of one shard, by the address that it says it lies at. */
const shard = (name: string): Extensions => ({
  shard: extension('2.5.29.28', sequence(explicit(0, explicit(0, uri(name)))), 'critical'),
})

test('C14: one shard’s address serves another’s list: this shard’s own list stays and its age is told', async () => {
  const one = 'https://crl.example.com/1.crl'
  await published({ number: 1, extensions: shard(one) }, one)
  stage.watched.addSource({ kind: 'url', location: one }, 'alice')
  await stage.tick()
  await published({ number: 2, extensions: shard('https://crl.example.com/2.crl') }, one)
  stage.clock.set(shift(noon, 60 * hourMs))
  await published({ number: 8, entries: [entry([0x2a])] })
  await stage.tick()
  expect((await numbers()).toSorted()).toEqual(['1', '2', '8'])
  const findings = await stage.watched.findings()
  expect(findings.map(({ code, because }) => `${code} ${because}`).join()).toMatch(
    /^list_near_expiry the list \d+, CRL number 1 of/,
  )
})

test('what the store’s own files name as published becomes sources by one word', async () => {
  const point = (address_: string): Bytes => sequence(explicit(0, explicit(0, uri(address_))))
  const pointed = await createCa({
    keys: ca.keys,
    extensions: {
      points: extension(
        '2.5.29.31',
        sequence(point('http://crl.example.com/of-root.crl'), point('ldap://ldap.example.com/')),
      ),
      freshest: extension('2.5.29.46', sequence(point('http://10.0.0.1/delta.crl'))),
    },
  })
  const pem = toUtf8(encodePem('CERTIFICATE', pointed.der))
  const file = await storeObject(stage.objects, pem)
  await stage.store.change({ kind: 'replace_bundle', file }, 'alice')
  const scope = sequence(explicit(0, explicit(0, uri(address))))
  const named = await list({
    number: 3,
    extensions: { scope: extension('2.5.29.28', scope, 'critical') },
  })
  await stage.add(named)
  expect(await stage.watched.discoverSources('alice')).toMatchObject({
    ok: true,
    value: {
      added: [{ location: 'http://crl.example.com/of-root.crl', addedBy: 'alice' }],
      passed: [
        { location: 'http://10.0.0.1/delta.crl', because: expect.stringContaining('not a public') },
        { location: address, because: 'source 1 is of this location already' },
      ],
    },
  })
})

/** RFC 5280 4.2.1.6: `uniformResourceIdentifier [6]`. */
const uri = (text: string): Bytes => context(6, toUtf8(text))
