import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSightings } from '#simulator/commands/onboard/sightings.ts'

const hashOf = (number: number) => createHash('sha256').update(`${number}`).digest()

test('a second sighting tells the first one, unless it has the same owner', () => {
  const sightings = createSightings()
  expect(sightings.see(hashOf(1), 7)).toBeUndefined()
  expect(sightings.see(hashOf(2), 7)).toBeUndefined()
  expect(sightings.see(hashOf(1), 7)).toBeUndefined()
  expect(sightings.see(hashOf(2), 8)).toBe(2)
  expect(sightings.see(hashOf(1), 8)).toBe(1)
})

test('a hundred thousand, and each is found again where it was', () => {
  const sightings = createSightings()
  const count = 100_000
  const numbers = Array.from({ length: count }, (_, at) => at + 1)
  expect(numbers.filter((number) => sightings.see(hashOf(number), number) !== undefined)).toEqual(
    [],
  )
  for (const number of [1, 2, 511, 512, 513, 65_536, count]) {
    expect(sightings.see(hashOf(number), 0)).toBe(number)
  }
})
