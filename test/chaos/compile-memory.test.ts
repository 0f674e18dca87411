import { expect, test } from 'vitest'
import { takeList } from './compile-memory.ts'

/** What is bound to an entry of a list while it is compiled: its place in two orders, and where buckets start. */
const octetsAnEntry = 12

/** One shard in its two forms, and what the machinery around it takes. */
const octetsBeside = 4 * 1024 * 1024

test('C15: a list is compiled shard by shard: beside it a few octets an entry are held', async () => {
  const entries = 200_000
  const { list, alive, shards } = await takeList(entries)
  expect(list).toBeGreaterThan(entries * 34)
  expect(shards).toBe(13)
  expect(alive).toBeLessThan(entries * octetsAnEntry + octetsBeside)
}, 120_000)
