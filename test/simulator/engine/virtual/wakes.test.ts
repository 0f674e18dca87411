import { expect, test } from 'vitest'
import { instantFromMs } from '#shared/time.ts'
import { addWake, createWakes, firstOf, takeAt } from '#simulator/engine/virtual/wakes.ts'

function wakesOf(instants: readonly number[]) {
  const wakes = createWakes()
  for (const at of instants) addWake(wakes, instantFromMs(at))
  return wakes
}

test.each([
  { name: 'none', instants: [], taken: 5, woken: false, first: Infinity },
  { name: 'the only one', instants: [5], taken: 5, woken: true, first: Infinity },
  { name: 'one of two', instants: [7, 5], taken: 5, woken: true, first: 7 },
  { name: 'two of an instant', instants: [5, 9, 5], taken: 5, woken: true, first: 9 },
  { name: 'none of that instant', instants: [9, 7], taken: 5, woken: false, first: 7 },
])('alarms that are taken: $name', ({ instants, taken, woken, first }) => {
  const wakes = wakesOf(instants)
  expect(takeAt(wakes, instantFromMs(taken))).toBe(woken)
  expect(firstOf(wakes)).toBe(first)
})

test('an alarm that was taken is gone, and its place is set anew', () => {
  const wakes = wakesOf([5, 6])
  takeAt(wakes, instantFromMs(5))
  takeAt(wakes, instantFromMs(6))
  expect(firstOf(wakes)).toBe(Infinity)
  addWake(wakes, instantFromMs(8))
  expect(firstOf(wakes)).toBe(8)
  expect(takeAt(wakes, instantFromMs(6))).toBe(false)
})
