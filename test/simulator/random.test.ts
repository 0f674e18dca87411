import { expect, test } from 'vitest'
import {
  between,
  bytes,
  chance,
  exponential,
  hash32,
  pick,
  shuffle,
  stream,
  type Random,
} from '#simulator/random.ts'

const draws = (random: Random, count: number) => Array.from({ length: count }, () => random.next())
const mean = (numbers: readonly number[]) =>
  numbers.reduce((total, number) => total + number, 0) / numbers.length
const fixed = (number: number): Random => ({ next: () => number })
const largest = 1 - 2 ** -53

test('one scope gives the same draws each time, to the digit', () => {
  expect(draws(stream(42, 'device', 'car-0001'), 3)).toEqual([
    0.8024850860020086, 0.5698489870591295, 0.8549630558231494,
  ])
})

const others = [
  { name: 'another seed', other: stream(43, 'device', 'car-0001') },
  { name: 'another device', other: stream(42, 'device', 'car-0002') },
  { name: 'the same letters cut elsewhere', other: stream(42, 'devicec', 'ar-0001') },
  { name: 'a scope inside it', other: stream(42, 'device', 'car-0001', 0) },
]

test.each(others)('$name is another stream', ({ other }) => {
  expect(draws(other, 3)).not.toEqual(draws(stream(42, 'device', 'car-0001'), 3))
})

test('a number and its digits are different scopes', () => {
  expect(draws(stream(1, 7), 2)).not.toEqual(draws(stream(1, '7'), 2))
})

test('draws from one stream do not move another', () => {
  const [a, b] = [stream(1, 'a'), stream(1, 'b')]
  draws(a, 1000)
  expect(draws(b, 3)).toEqual(draws(stream(1, 'b'), 3))
})

test('draws are evenly spread in [0, 1), also over neighbouring scopes', () => {
  const long = draws(stream(7, 'long'), 20_000)
  const across = Array.from({ length: 20_000 }, (_, index) => stream(7, 'device', index).next())
  for (const numbers of [long, across]) {
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    expect(mean(numbers)).toBeCloseTo(0.5, 1)
    const tenth = numbers.filter((number) => number < 0.1).length / numbers.length
    expect(tenth).toBeCloseTo(0.1, 1)
  }
})

test.each([
  { ratio: 0, drawn: 0, happens: false },
  { ratio: 0.25, drawn: 0.2499, happens: true },
  { ratio: 0.25, drawn: 0.25, happens: false },
  { ratio: 1, drawn: largest, happens: true },
])('chance of $ratio with $drawn drawn: $happens', ({ ratio, drawn, happens }) => {
  expect(chance(fixed(drawn), ratio)).toBe(happens)
})

test('between reaches its lower end and stays under its upper', () => {
  expect(between(fixed(0), 3, 9)).toBe(3)
  expect(between(fixed(0.5), 3, 9)).toBe(6)
  expect(between(fixed(0.999), 3, 9)).toBeLessThan(9)
})

test('exponential is never negative, always finite, and has the mean it was given', () => {
  expect(exponential(fixed(0), 100)).toBeCloseTo(0)
  expect(exponential(fixed(largest), 100)).toBeLessThan(4000)
  const random = stream(3)
  expect(mean(Array.from({ length: 20_000 }, () => exponential(random, 100)))).toBeCloseTo(100, -1)
})

test('pick takes the first and the last, and says so when there is nothing', () => {
  expect(pick(fixed(0), ['a', 'b'])).toBe('a')
  expect(pick(fixed(largest), ['a', 'b'])).toBe('b')
  expect(() => pick(fixed(0), [])).toThrow(RangeError)
})

test('shuffle keeps every item and leaves the list alone', () => {
  const items = [1, 2, 3, 4, 5, 6, 7, 8]
  const shuffled = shuffle(stream(5), items)
  expect(shuffled.toSorted()).toEqual(items)
  expect(shuffled).not.toEqual(items)
})

test('bytes are as many as asked for, over the whole range', () => {
  expect(bytes(stream(1), 16)).toHaveLength(16)
  const many = bytes(stream(1), 20_000)
  expect([Math.min(...many), Math.max(...many)]).toEqual([0, 255])
})

test('hash32 is an unsigned 32-bit number that changes with every letter', () => {
  expect(hash32('meter-0001')).not.toBe(hash32('meter-0002'))
  expect(hash32('meter-0001')).toBeGreaterThanOrEqual(0)
  expect(Number.isInteger(hash32('meter-0001'))).toBe(true)
})
