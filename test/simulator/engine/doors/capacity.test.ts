import { expect, test } from 'vitest'
import { clientProcessesFor, descriptorsOfProcess } from '#simulator/engine/doors/capacity.ts'

test.each([
  ['a few', 20, 20_000, 0],
  ['the last that fit in beside the front', 5333, 20_000, 0],
  ['the first that do not', 5334, 20_000, 1],
  ['the last of one process', 16_000, 20_000, 1],
  ['the first of two', 16_001, 20_000, 2],
  ['a hundred thousand', 100_000, 20_000, 7],
  ['no bound at all', 1_000_000, Number.MAX_SAFE_INTEGER, 0],
])('%s: %i devices, %i descriptors, %i processes', (_, devices, descriptors, processes) => {
  expect(clientProcessesFor(devices, descriptors)).toBe(processes)
})

test('what the system says of this process is a number that connections fit into', () => {
  expect(descriptorsOfProcess()).toBeGreaterThanOrEqual(256)
})
