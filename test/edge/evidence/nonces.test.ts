import { expect, test } from 'vitest'
import { createNonceMemory } from '#edge/evidence/nonces.ts'
import { instantFromMs } from '#shared/time.ts'

const at = instantFromMs

test('a nonce is taken once, until it has ended', async () => {
  const nonces = createNonceMemory(10)
  expect(await nonces.claim('a', at(100), at(0))).toBe('first')
  expect(await nonces.claim('a', at(100), at(0))).toBe('seen')
  expect(await nonces.claim('a', at(100), at(100))).toBe('seen')
  expect(await nonces.claim('a', at(200), at(101))).toBe('first')
})

test('a full store takes none until one has ended', async () => {
  const nonces = createNonceMemory(2)
  expect(await nonces.claim('a', at(100), at(0))).toBe('first')
  expect(await nonces.claim('b', at(150), at(0))).toBe('first')
  expect(await nonces.claim('c', at(150), at(0))).toBe('full')
  expect(await nonces.claim('b', at(150), at(0))).toBe('seen')
  expect(await nonces.claim('c', at(150), at(101))).toBe('first')
})
