import { describe, expect, test } from 'vitest'
import { after, firstFound, type Soon } from '#shared/soon.ts'

describe('after', () => {
  test('what is at hand gives at once what is at hand', () => {
    expect(after(2, (value) => value + 1)).toBe(3)
  })

  test('what will be gives what will be', async () => {
    const coming = after(Promise.resolve(2), (value) => value + 1)
    expect(coming).toBeInstanceOf(Promise)
    expect(await coming).toBe(3)
  })

  test('what fails fails on', async () => {
    const failing = after(Promise.reject(new Error('no')), () => 3)
    await expect(failing).rejects.toThrow('no')
  })
})

function now(found: number | undefined): Soon<number | undefined> {
  return found
}

function later(found: number | undefined): Soon<number | undefined> {
  return Promise.resolve(found)
}

describe('firstFound', () => {
  test.each([
    { of: 'no way at all', ways: [], tried: 0, says: undefined },
    { of: 'ways in vain', ways: [now(undefined), later(undefined)], tried: 2, says: undefined },
    { of: 'the first of two', ways: [now(1), now(2)], tried: 1, says: 1 },
    { of: 'the first of two to come', ways: [later(1), later(2)], tried: 1, says: 1 },
    { of: 'one behind one in vain', ways: [later(undefined), now(2), now(3)], tried: 2, says: 2 },
    { of: 'one to come at the end', ways: [now(undefined), later(2)], tried: 2, says: 2 },
    { of: 'a value that is nothing much', ways: [later(0), now(2)], tried: 1, says: 0 },
  ])('$of', async ({ ways, tried, says }) => {
    let count = 0
    const found = firstFound(ways, (way, at) => {
      expect(at).toBe(count)
      count += 1
      return way
    })
    expect(await found).toBe(says)
    expect(count).toBe(tried)
  })
})
