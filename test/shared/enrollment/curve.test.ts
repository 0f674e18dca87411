import { expect, test } from 'vitest'
import { isOnCurve } from '#shared/enrollment/keys/curve.ts'
import { readKey } from '#shared/enrollment/keys/read-key.ts'
import { newKeys } from '../keys.ts'

test.each(['P-256', 'P-384', 'P-521'] as const)('SP 800-186: a key of %s', async (curve) => {
  const { octets } = readKey((await newKeys(curve)).spki)
  expect(isOnCurve(octets, curve)).toBe(true)
  for (const at of [1, (octets.length - 1) / 2, octets.length - 1]) {
    const beside = octets.slice()
    beside[at] = (beside[at] ?? 0) ^ 1
    expect(isOnCurve(beside, curve), `octet ${at}`).toBe(false)
  }
})

test('coordinates beyond the field are none, though they are congruent to one', async () => {
  const { octets } = readKey((await newKeys('P-521')).spki)
  const beyond = octets.slice()
  // 2^521 - 1 added to x: the same number modulo p, in the same 66 octets.
  beyond[1] = (beyond[1] ?? 0) | 2
  expect(isOnCurve(beyond, 'P-521')).toBe(false)
})
