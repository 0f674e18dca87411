import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { createCrl, entry, reason, type CrlOverrides } from '../shared/crls.ts'
import { context, explicit, integer, octets, sequence } from '../shared/der/writer.ts'
import { createCa, extension, issue, issueCa, type Entity, type Overrides } from '../shared/pki.ts'
import { dayMs, keyRing } from '../runtime/given.ts'
import {
  bundleOf,
  massOf,
  massSerial,
  startPlane,
  wordOn,
  type ChangeAnswer,
  type Plane,
} from './stage.ts'

/**
 * Faults of publishing revocations, each against the control plane and an edge worker in workerd, by
 * the numbers of docs/revocation.md. What is asked is asked of the edge, as a device would.
 */
const hourMs = 3_600_000
const now = instantFromMs(Date.now())
const valid = { notBefore: shift(now, -dayMs), notAfter: shift(now, 30 * dayMs) }

const root = await createCa({ subject: 'Root', ...valid })
const issuing = await issueCa(root, { subject: 'Issuing', serial: [0x11], ...valid })
const sibling = await issueCa(root, { subject: 'Sibling', serial: [0x12], ...valid })
const car = await device(issuing, 1)
const thief = await device(issuing, 2)
const meter = await device(sibling, 1)

function device(issuer: Entity, serial: number, overrides: Overrides = {}): Promise<Entity> {
  return issue(issuer, { serial: [0x40, serial], ...valid, ...overrides })
}

const listed = [entry([0x40, 2])]

/** Of now, a day long. */
function list(issuer: Entity, overrides: CrlOverrides = {}): Promise<Bytes> {
  const times = { thisUpdate: shift(now, -hourMs), nextUpdate: shift(now, dayMs) }
  return createCrl(issuer, { ...times, number: 5, ...overrides })
}

let plane: Plane

beforeAll(async () => {
  // Asked at every request: nothing here waits for time to pass. The other takes its time.
  const variables = { MAX_STALENESS: '0s', SESSION_KEYS: keyRing }
  const rotated = `k2:${Buffer.alloc(32, 2).toString('base64')}`
  plane = await startPlane({
    edge: variables,
    graceful: { ...variables, CRL_GRACE: '7d' },
    rotated: { ...variables, SESSION_KEYS: rotated },
    slow: {},
    cold: {},
  })
}, 60_000)

afterAll(() => plane.close())

beforeEach(async () => {
  for (const worker of ['edge', 'graceful', 'rotated', 'slow', 'cold']) {
    await plane.suffer(worker, {})
  }
  const response = await plane.api('GET', '/trust-stores/cars')
  if (response['status'] !== 404) await removed()
  const bundle = await plane.file(bundleOf(root))
  await plane.api('POST', '/trust-stores', { name: 'cars', bundle })
  const file = await plane.file(bundleOf(issuing, sibling))
  await made({ kind: 'replace_intermediates', file })
  for (const der of await Promise.all([
    list(root),
    list(issuing, { entries: listed }),
    list(sibling),
  ]))
    await taken(der)
})

async function removed(): Promise<void> {
  await plane.api('DELETE', '/trust-stores/cars').catch(() => undefined)
}

async function made(change: object): Promise<ChangeAnswer> {
  const answer = await plane.change(change)
  expect(answer).toMatchObject({ status: 200 })
  return answer
}

async function taken(der: Bytes): Promise<void> {
  const said = await offered(der)
  if (said !== 'taken') throw new Error(said)
}

/** What the gate says of a list. */
async function offered(der: Bytes, more: object = {}): Promise<string> {
  const file = await plane.file(der)
  const { refusal } = await plane.change({ kind: 'add_lists', lists: [{ file, ...more }] })
  return refusal ?? 'taken'
}

/** What the edge says of the device that is good, the one that is revoked, and the other CA's. */
const knocks = async (worker = 'edge') => [
  await plane.knock(worker, car, issuing),
  await plane.knock(worker, thief, issuing),
  await plane.knock(worker, meter, sibling),
]
const asBefore = ['in', 'revoked', 'in']

describe('a list that is not what it should be changes nothing', () => {
  test.each([
    ['C7: an error page in its place', toUtf8('<html>503 Service Unavailable</html>')],
    ['C7: cut off', octets(0x30, 0x82, 0x10, 0x00, 0x30)],
  ])('%s', async (_, octetsOffered) => {
    expect(await offered(octetsOffered)).toBe('malformed_crl')
    expect(await knocks()).toEqual(asBefore)
  })

  test.each<[string, Entity, CrlOverrides, string]>([
    ['C9: an older list, signed as it was', issuing, { number: 4 }, 'number_not_advanced'],
    ['C10: the number begins again at 1', issuing, { number: 1 }, 'number_not_advanced'],
    ['C11: one number, one instant, another list', issuing, {}, 'number_not_advanced'],
  ])('%s', async (_, issuer, overrides, refusal) => {
    expect(await offered(await list(issuer, overrides))).toBe(refusal)
    expect(await knocks()).toEqual(asBefore)
  })

  test('C16: an empty list by mistake', async () => {
    const many = Array.from({ length: 30 }, (_, at) => entry([0x41, at]))
    expect(await offered(await list(issuing, { number: 6, entries: [...listed, ...many] }))).toBe(
      'taken',
    )
    const empty = await list(issuing, { number: 7 })
    expect(await offered(empty)).toBe('shrunk')
    expect(await knocks()).toEqual(asBefore)
    expect(await offered(empty, { shrink: 'accept' })).toBe('taken')
    expect(await knocks()).toEqual(['in', 'in', 'in'])
  })

  test('C17: a forged list of the right name', async () => {
    const forger = await issueCa(root, { subject: 'Issuing', ...valid })
    const forged = await list(issuing, { number: 9, signedWith: forger.keys })
    expect(await offered(forged)).toBe('not_signed_by_issuer')
    expect(await knocks()).toEqual(asBefore)
  })
})

test('C6: a publisher stops: closed with a reason, or through a bounded grace, for its own issuer', async () => {
  expect(await knocks('graceful')).toEqual(asBefore)
  expect(
    await offered(await list(sibling, { number: 6, nextUpdate: shift(now, 20 * dayMs) })),
  ).toBe('taken')
  expect(await offered(await list(root, { number: 6, nextUpdate: shift(now, 20 * dayMs) }))).toBe(
    'taken',
  )
  const forwardMs = 2 * dayMs
  await plane.suffer('edge', { forwardMs })
  await plane.suffer('graceful', { forwardMs })
  expect(await knocks()).toEqual(['revocation_unknown', 'revoked', 'in'])
  expect(await knocks('graceful')).toEqual(asBefore)
  await plane.suffer('graceful', { forwardMs: 9 * dayMs })
  expect(await knocks('graceful')).toEqual(['revocation_unknown', 'revoked', 'in'])
})

describe('C8: what is missing is never an empty list', () => {
  test('no list of an issuer', async () => {
    const { id } = await listOf(issuing)
    await made({ kind: 'remove_lists', ids: [id] })
    expect(await knocks()).toEqual(['revocation_unknown', 'revocation_unknown', 'in'])
  })

  test('a file that nobody stored', async () => {
    const lists = [{ file: 'f'.repeat(64) }]
    const answer = await plane.change({ kind: 'add_lists', lists })
    expect(answer).toMatchObject({ status: 404 })
    expect(await knocks()).toEqual(asBefore)
  })

  test('a bucket that answers nothing to a worker that just started', async () => {
    await plane.suffer('cold', { bucket: 'broken' })
    expect(await plane.knock('cold', car, issuing)).toBe('trust_store_unavailable')
    await plane.suffer('cold', {})
    expect(await knocks('cold')).toEqual(asBefore)
  })
})

test('C10: the operator’s explicit word takes a series of numbers that begins again', async () => {
  const { id } = await listOf(issuing)
  await made({ kind: 'remove_lists', ids: [id] })
  expect(await offered(await list(issuing, { number: 1, entries: listed }))).toBe('taken')
  expect(await knocks()).toEqual(asBefore)
})

test('C11: of two lists of one instant the higher number counts, in whichever order they come', async () => {
  const higher = await list(issuing, { number: 7, entries: [...listed, entry([0x40, 1])] })
  expect(await offered(higher)).toBe('taken')
  expect(await offered(await list(issuing, { number: 6, entries: listed }))).toBe(
    'number_not_advanced',
  )
  expect(await knocks()).toEqual(['revoked', 'revoked', 'in'])
})

const delta = (base: number, overrides: CrlOverrides) =>
  list(issuing, {
    ...overrides,
    extensions: { base: extension('2.5.29.27', integer(base), 'critical') },
  })

describe('deltas', () => {
  const takesOff = [entry([0x40, 2], reason(8))]
  const puts = [entry([0x40, 1])]

  test('C12: one whose base is not held says nothing of anybody', async () => {
    expect(await offered(await delta(9, { number: 10, entries: takesOff }))).toBe('taken')
    expect(await knocks()).toEqual(asBefore)
  })

  test('C13: one that comes before its base is laid over it when that comes', async () => {
    expect(await offered(await delta(6, { number: 7, entries: puts }))).toBe('taken')
    expect(await knocks()).toEqual(asBefore)
    expect(await offered(await list(issuing, { number: 6, entries: listed }))).toBe('taken')
    expect(await knocks()).toEqual(['revoked', 'revoked', 'in'])
  })

  test('C13: no worker goes back to an earlier epoch, whatever order answers come in', async () => {
    const answers = new Set<string>()
    const asks = Array.from({ length: 8 }, () => plane.knock('edge', car, issuing))
    await made({ kind: 'revoke_serials', serials: [wordOn(issuing, [0x40, 1])] })
    for (const each of await Promise.all(asks)) answers.add(each)
    expect([...answers].every((each) => each === 'in' || each === 'revoked')).toBe(true)
    for (let again = 0; again < 3; again += 1) expect((await knocks())[0]).toBe('revoked')
  })
})

const point = (name: string): Bytes => explicit(0, context(6, toUtf8(name)))

test('C14: a list of another shard clears nobody of this one, and nobody else suffers', async () => {
  const scope = sequence(explicit(0, point('http://crl.example/2')))
  const idp = extension('2.5.29.28', scope, 'critical')
  const cdp = extension('2.5.29.31', sequence(sequence(explicit(0, point('http://crl.example/1')))))
  const { id } = await listOf(issuing)
  const sharded = await device(issuing, 3, { extensions: { cdp } })
  expect(await plane.knock('edge', sharded, issuing)).toBe('in')
  expect(await offered(await list(issuing, { number: 6, extensions: { idp } }))).toBe('taken')
  await made({ kind: 'remove_lists', ids: [id] })
  expect(await plane.knock('edge', sharded, issuing)).toBe('revocation_unknown')
  expect((await knocks())[2]).toBe('in')
})

test('C15: fifty thousand are revoked at once: listed by shard, decided as before', async () => {
  const entries = [...listed, ...massOf(50_000)]
  expect(await offered(await list(issuing, { number: 6, entries }))).toBe('taken')
  const { manifest } = await listOf(issuing)
  expect(manifest).toMatch(/^[0-9a-f]{64}$/)
  const last = await device(issuing, 0, { serial: massSerial(49_999) })
  expect(await plane.knock('edge', last, issuing)).toBe('revoked')
  expect(await knocks()).toEqual(asBefore)
}, 60_000)

test('C15: where a shard cannot be loaded the list before it decides, for a while, and then nobody is cleared', async () => {
  const entries = [...listed, ...massOf(40_000)]
  const last = await device(issuing, 0, { serial: massSerial(39_999) })
  expect(await plane.knock('edge', last, issuing)).toBe('in')
  await plane.suffer('edge', { bucket: 'large' })
  expect(await offered(await list(issuing, { number: 6, entries }))).toBe('taken')
  expect(await knocks()).toEqual(asBefore)
  expect(await plane.knock('edge', last, issuing)).toBe('in')
  // What is small in an epoch counts at once.
  await made({ kind: 'revoke_serials', serials: [wordOn(issuing, massSerial(39_999))] })
  expect(await plane.knock('edge', last, issuing)).toBe('revoked')
  await plane.suffer('edge', { bucket: 'large', forwardMs: 11 * 60_000 })
  expect(await knocks()).toEqual(['revocation_unknown', 'revocation_unknown', 'in'])
  await plane.suffer('edge', { forwardMs: 12 * 60_000 })
  expect(await knocks()).toEqual(asBefore)
}, 60_000)

test('C18: an intermediate that its root revokes: all below it are out, its sibling’s are in', async () => {
  expect(await offered(await list(root, { number: 6, entries: [entry([0x11])] }))).toBe('taken')
  expect(await knocks()).toEqual(['revoked', 'revoked', 'in'])
})

test('C19: an intermediate that ends takes its devices with it, by a reason of its own', async () => {
  const short = await issueCa(root, {
    subject: 'Short',
    serial: [0x13],
    ...valid,
    notAfter: shift(now, hourMs),
  })
  const tablet = await device(short, 1)
  expect(await offered(await list(short))).toBe('taken')
  expect(await plane.knock('edge', tablet, short)).toBe('in')
  await plane.suffer('edge', { forwardMs: 2 * hourMs })
  expect(await plane.knock('edge', tablet, short)).toBe('expired')
  expect(await knocks()).toEqual(asBefore)
})

test('C31: roots are rolled over: both are trusted, then the new one, and no worker goes back', async () => {
  const next = await createCa({ subject: 'Root 2', ...valid })
  const tram = await device(next, 4)
  expect(await plane.knock('edge', tram)).toBe('untrusted')
  await made({ kind: 'replace_bundle', file: await plane.file(bundleOf(root, next)) })
  expect(await offered(await list(next))).toBe('taken')
  expect([await plane.knock('edge', tram), ...(await knocks())]).toEqual(['in', ...asBefore])
  await made({ kind: 'replace_bundle', file: await plane.file(bundleOf(next)) })
  expect(await plane.knock('edge', tram)).toBe('in')
  expect(await plane.knock('edge', car, issuing)).toBe('untrusted')
})

describe('C32: an empty bundle and one that cannot be fetched', () => {
  test('a bundle without certificates is refused, and the one before stays', async () => {
    const file = await plane.file(toUtf8('# no certificates\n'))
    expect(await plane.change({ kind: 'replace_bundle', file })).toMatchObject({
      refusal: 'bundle_malformed',
    })
    expect(await knocks()).toEqual(asBefore)
  })

  test('the control plane does not answer: the last snapshot for a bounded time, then nobody', async () => {
    expect(await knocks('slow')).toEqual(asBefore)
    await plane.suffer('slow', { feed: 'broken', forwardMs: 60_000 })
    expect(await knocks('slow')).toEqual(asBefore)
    await plane.suffer('slow', { feed: 'broken', forwardMs: 11 * 60_000 })
    expect(await plane.knock('slow', car, issuing)).toBe('trust_store_unavailable')
    await plane.suffer('slow', { forwardMs: 11 * 60_000 })
    expect(await knocks('slow')).toEqual(asBefore)
  }, 30_000)
})

test('C38: half of the workers seal with a new key: a token of the others is verified anew, and no 5xx', async () => {
  const chain = [car.der, issuing.der]
  const first = await plane.fetch('edge', '/', chain)
  const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0]
  expect(cookie).toContain('=')
  await first.arrayBuffer()
  const second = await plane.fetch('rotated', '/', chain, { cookie })
  expect([second.status, second.headers.has('set-cookie')]).toEqual([200, true])
  await second.arrayBuffer()
  await made({ kind: 'revoke_serials', serials: [wordOn(issuing, [0x40, 1])] })
  for (const worker of ['edge', 'rotated']) {
    const third = await plane.fetch(worker, '/', chain, { cookie })
    expect(third.status).toBe(403)
    await third.arrayBuffer()
  }
})

test('C40: what one region was told is known to the next that asks, though the object dies in between', async () => {
  await made({ kind: 'revoke_serials', serials: [wordOn(issuing, [0x40, 1])] })
  await plane.restart()
  for (const worker of ['edge', 'graceful', 'rotated']) {
    expect((await knocks(worker))[0]).toBe('revoked')
  }
})

describe('C40: revoked by one way, asked at workers that let it in before', () => {
  const ways: readonly [string, () => Promise<unknown>][] = [
    [
      'a word on its serial',
      () => made({ kind: 'revoke_serials', serials: [wordOn(issuing, [0x40, 1])] }),
    ],
    [
      'a list',
      async () => taken(await list(issuing, { number: 6, entries: [...listed, entry([0x40, 1])] })),
    ],
  ]

  test.each(ways)('%s', async (_, revoke) => {
    const chain = [car.der, issuing.der]
    const workers = ['edge', 'graceful', 'slow']
    for (const worker of workers) expect(await knocks(worker)).toEqual(asBefore)
    const first = await plane.fetch('edge', '/', chain)
    const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0]
    await first.arrayBuffer()
    await revoke()
    // Past the bound: what it held until then it does not decide by any more.
    await plane.suffer('slow', { forwardMs: 6000 })
    for (const worker of workers) expect(await knocks(worker)).toEqual(['revoked', 'revoked', 'in'])
    const elsewhere = await plane.fetch('graceful', '/', chain, { cookie })
    expect(elsewhere.status).toBe(403)
    await elsewhere.arrayBuffer()
  })
})

/** The list in force of an issuer, as the document has it. */
async function listOf(
  issuer: Entity,
): Promise<{ readonly id: number; readonly manifest?: string }> {
  const name = Buffer.from(issuer.name).toString('base64')
  const document = (await plane.api('GET', '/trust-stores/cars/document')) as unknown as {
    readonly lists?: readonly {
      readonly id: number
      readonly issuer: string
      readonly manifest?: string
      readonly supersededBy?: number
    }[]
  }
  const found = document.lists?.find(
    (each) => each.issuer === name && each.supersededBy === undefined,
  )
  if (found === undefined) throw new Error('the issuer has no list')
  return found
}
