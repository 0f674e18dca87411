import { expect, test } from 'vitest'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { rememberByOctets } from '#shared/octet-memo.ts'
import { octets } from './der/writer.ts'

const bounds = { countMax: 10, weightMax: 100 }

test('the same octets, wherever they stand, are computed once', () => {
  const asked: string[] = []
  const remembered = rememberByOctets((bytes: Bytes) => asked.push(toHex(bytes)), bounds)
  expect([remembered(octets(1, 2)), remembered(octets(0, 1, 2).subarray(1))]).toEqual([1, 1])
  expect(asked).toEqual(['0102'])
})

test('octets that are overwritten afterwards are others', () => {
  const remembered = rememberByOctets(toHex, bounds)
  const lent = octets(1, 2)
  remembered(lent)
  lent[0] = 9
  expect([remembered(lent), remembered(octets(1, 2))]).toEqual(['0902', '0102'])
})

test('whatever lies at one place is compared whole', () => {
  const remembered = rememberByOctets(toHex, { countMax: 70_000, weightMax: 1_000_000 })
  for (let number = 0; number < 30_000; number += 1) {
    const bytes = octets(number >> 8, number & 0xff, 7)
    expect(remembered(bytes)).toBe(toHex(bytes))
    expect(remembered(bytes)).toBe(toHex(bytes))
  }
})
