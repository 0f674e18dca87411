import { describe, expect, test } from 'vitest'
import { createCrl, crlOf, entry, reason, revokedAt } from '../crls.ts'
import { octets } from '../der/writer.ts'
import { createCa } from '../pki.ts'

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

test('an entry listed twice is found', async () => {
  const index = await indexOf([[0x2a], [0x2a]])
  expect(index.find(octets(0x2a))?.since).toBe(revokedAt)
})

test('an entry keeps the reason that it gives', async () => {
  const entries = [entry([1], reason(1)), entry([2]), entry([3], reason(10))]
  const { index } = crlOf(await createCrl(ca, { entries }))
  expect([1, 2, 3].map((serial) => index.find(octets(serial))?.reason)).toEqual([1, 0, 10])
})
