import { describe, expect, test } from 'vitest'
import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { buildCrlIndex, hashAt } from '#shared/revocation/crl-index.ts'
import { serialHash } from '#shared/revocation/serial-hash.ts'
import { createCrl, crlOf, entry, reason, revokedAt } from '../crls.ts'
import { octets } from '../der/writer.ts'
import { createCa, extension } from '../pki.ts'

const ca = await createCa()

async function indexOf(serials: readonly (readonly number[])[]) {
  return crlOf(await createCrl(ca, { entries: serials.map((serial) => entry(serial)) })).index
}

/** Content octets of the INTEGER 3 * `number` + 1000: no two are alike, of two octets or three. */
function serialOf(number: number): readonly number[] {
  const value = 3 * number + 1000
  const content = [value >> 16, (value >> 8) & 0xff, value & 0xff]
  const shortest = content.slice(content.findIndex((octet) => octet !== 0))
  return (shortest[0] ?? 0) >= 0x80 ? [0, ...shortest] : shortest
}

/** A fixed order that is neither up nor down: 387 shares no factor with the counts below. */
const shuffled = (count: number) =>
  Array.from({ length: count }, (_, index) => serialOf((index * 387) % count))

describe('hits and misses', () => {
  test.each([{ count: 0 }, { count: 1 }, { count: 2 }, { count: 1000 }, { count: 20_000 }])(
    '$count entries',
    async ({ count }) => {
      const index = await indexOf(shuffled(count))
      expect(index.size).toBe(count)
      for (let number = 0; number < count; number += Math.max(1, count >> 8)) {
        const [first = 0, ...rest] = serialOf(number)
        const serial = octets(first, ...rest)
        expect(index.find(serial)).toEqual({ serial, since: revokedAt, reason: 0 })
        const miss = octets(first, ...rest.slice(0, -1), (rest.at(-1) ?? 0) ^ 0x01)
        // Of 3 * n + 1000 no two are neighbours.
        expect(index.find(miss)).toBeUndefined()
      }
      for (const outside of [octets(0), octets(1), octets(0x7f, 0xff, 0xff, 0xff)]) {
        expect(index.find(outside)).toBeUndefined()
      }
    },
  )
})

describe('a serial is its content octets', () => {
  test.each([
    { name: 'a sign octet', listed: [0x00, 0xd2, 0xab], asked: [0x00, 0xd2, 0xab], hit: true },
    {
      name: 'the negative number of the same magnitude',
      listed: [0x00, 0xd2, 0xab],
      asked: [0xd2, 0xab],
      hit: false,
    },
    { name: 'a prefix', listed: [0x12, 0x34], asked: [0x12], hit: false },
    { name: 'more octets', listed: [0x12], asked: [0x12, 0x34], hit: false },
    { name: 'zero', listed: [0x00], asked: [0x00], hit: true },
    { name: 'nothing asked', listed: [0x00], asked: [], hit: false },
  ])('$name', async ({ listed, asked, hit }) => {
    const index = await indexOf([[0x11], listed, [0x7f]])
    expect(index.find(octets(...asked)) !== undefined).toBe(hit)
  })
})

describe('one serial listed more than once: the first entry that revokes counts', () => {
  const [removed, stolen, other] = [reason(8), reason(1), reason(5)]
  test.each([
    { name: 'twice the same', reasons: [stolen, stolen], says: 1 },
    { name: 'two reasons', reasons: [stolen, other], says: 1 },
    { name: 'taken off, then listed', reasons: [removed, other], says: 5 },
    { name: 'listed, then taken off', reasons: [other, removed], says: 5 },
    { name: 'taken off twice', reasons: [removed, removed], says: 8 },
    {
      name: 'among enough to be sorted',
      reasons: [...Array.from({ length: 20 }, () => removed), stolen, other],
      says: 1,
    },
  ])('$name: $says', async ({ reasons, says }) => {
    const entries = reasons.flatMap((each) => [entry([0x2a], each), entry([0x2b], reason(3))])
    const { index } = crlOf(await createCrl(ca, { entries }))
    expect(index.size).toBe(entries.length)
    expect(index.find(octets(0x2a))?.reason).toBe(says)
    expect(index.find(octets(0x2b))?.reason).toBe(3)
    expect(index.find(octets(0x2c))).toBeUndefined()
  })
})

test('serials made to collide are found all the same', () => {
  // Of the eight octets the second four take back what the first four put into the hash.
  const serials = colliding(500)
  expect(new Set(serials.map((serial) => serialHash(serial, 0, serial.length))).size).toBe(1)
  const index = indexOfEntries(serials.map((serial) => entry([...serial])))
  for (const serial of serials) expect(index.find(serial)?.serial).toEqual(serial)
  expect(index.find(octets(0x40, 0, 0, 0, 0, 0, 0, 0))).toBeUndefined()
  const unlisted = colliding(501).at(-1) ?? octets()
  expect(index.find(unlisted)).toBeUndefined()
})

test.each([8, 9, 10])(
  '%i that collide, in whatever order, each with a word of its own',
  (count) => {
    const serials = colliding(count)
    for (const order of [
      serials,
      serials.toReversed(),
      [...serials.slice(3), ...serials.slice(0, 3)],
    ]) {
      const codes = new Map(order.map((serial, place) => [serial, [1, 3, 4, 5][place % 4] ?? 0]))
      const index = indexOfEntries(
        order.flatMap((serial) => {
          const code = codes.get(serial) ?? 0
          return [reason(8), reason(code), reason(9)].map((each) => entry([...serial], each))
        }),
      )
      for (const [serial, code] of codes) expect(index.find(serial)?.reason).toBe(code)
    }
  },
)

/** An index over entries that stand one behind the other, and nothing else. */
function indexOfEntries(entries: readonly Bytes[]) {
  const der = concatBytes(...entries)
  let at = 0
  const offsets = Uint32Array.from(entries, ({ length }) => (at += length) - length)
  const hashes = Uint32Array.from(offsets, (offset) => hashAt(der, offset))
  return buildCrlIndex(der, { offsets, hashes })
}

test.each([127, 128, 255, 256, 300])('an entry of some %i octets and more', async (size) => {
  const long = extension('1.2.3', new Uint8Array(size))
  const entries = [entry([1], long), entry([2], reason(1)), entry([3], long, reason(4))]
  const { index } = crlOf(await createCrl(ca, { entries }))
  expect([1, 2, 3, 4].map((serial) => index.find(octets(serial))?.reason)).toEqual([
    0,
    1,
    4,
    undefined,
  ])
})

/** The state of the hash behind the first word. */
function mixed(word: number): number {
  const product = Math.imul(8 ^ word, 0x9e3779b1)
  return product ^ (product >>> 15)
}

/** Serials of eight octets with one hash: for each first word the second that leads to the same sum. */
function colliding(count: number): readonly Bytes[] {
  return Array.from({ length: count }, (_, index) => {
    const first = 0x41000000 + index * 7919
    const serial = new DataView(new ArrayBuffer(8))
    serial.setUint32(0, first)
    serial.setUint32(4, mixed(first) ^ 0x12345678)
    return new Uint8Array(serial.buffer)
  })
}

test('entries are all told', async () => {
  const listed = shuffled(100)
  const told = [...(await indexOf(listed)).entries()].map(({ serial }) => serial.join())
  expect(told.toSorted()).toEqual(listed.map((serial) => serial.join()).toSorted())
})

test('an entry keeps the reason that it gives', async () => {
  const entries = [entry([1], reason(1)), entry([2]), entry([3], reason(10))]
  const { index } = crlOf(await createCrl(ca, { entries }))
  expect([1, 2, 3].map((serial) => index.find(octets(serial))?.reason)).toEqual([1, 0, 10])
})
