import { describe, expect, test } from 'vitest'
import { createBoundedMap } from '#shared/bounded-map.ts'

const mapOf = (countMax: number, weightMax = 1000) =>
  createBoundedMap<number, string>({ countMax, weightMax })

/** Which of so many keys, set in a row, are there: each asked of a map of its own, for asking keeps. */
const leftOf = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, key) => key).filter((asked) => {
    const map = mapOf(4)
    for (let key = 0; key < count; key += 1) map.set(key, 'value', 1)
    return map.get(asked) !== undefined
  })

describe('a map that forgets', () => {
  test('what was set is found, and what was set last under a key', () => {
    const map = mapOf(10)
    map.set(1, 'one', 1)
    map.set(1, 'uno', 1)
    expect(map.get(1)).toBe('uno')
    expect(map.get(2)).toBeUndefined()
  })

  test('what was set anew is not found as it was before, however long ago', () => {
    const map = mapOf(4)
    map.set(1, 'one', 1)
    map.set(2, 'two', 1)
    map.set(3, 'three', 1)
    map.set(1, 'uno', 1)
    expect(map.get(1)).toBe('uno')
  })

  test.each([
    { count: 4, left: [0, 1, 2, 3], name: 'as many as the bound' },
    { count: 5, left: [2, 3, 4], name: 'one more: the older half goes' },
    { count: 100, left: [96, 97, 98, 99], name: 'many more' },
  ])('$name: $left of $count', ({ count, left }) => {
    expect(leftOf(count)).toEqual(left)
  })

  test('what is asked for again and again stays', () => {
    const map = mapOf(4)
    map.set(-1, 'in use', 1)
    for (let key = 0; key < 100; key += 1) {
      map.set(key, 'passing', 1)
      expect(map.get(-1)).toBe('in use')
    }
  })

  test.each([
    { weight: 50, kept: 'heavy' },
    { weight: 51, kept: undefined },
  ])('an entry of weight $weight in a half of 50: $kept', ({ weight, kept }) => {
    const map = mapOf(10, 100)
    map.set(1, 'heavy', weight)
    expect(map.get(1)).toBe(kept)
  })

  test('weights are bounded together', () => {
    const map = mapOf(1000, 100)
    for (let key = 0; key < 100; key += 1) map.set(key, 'value', 10)
    const left = Array.from({ length: 100 }, (_, key) => key).filter(
      (key) => map.get(key) !== undefined,
    )
    expect(left.length).toBeLessThanOrEqual(10)
  })
})
